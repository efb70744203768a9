"""What a contest allows and what a submission declares, as their TOML files say it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from codelength.api.errors import UsageError
from codelength.api.spec import parse_duration, parse_size

T = TypeVar("T")


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that a submission may take. None sets no bound."""

    bytes: int | str | None = None
    """Of blob, model and decoder together, for each part."""
    seconds: float | str | None = None
    """Of encoding a part, and of decoding it, from the start of the process."""
    memory: int | str | None = None
    """Bytes of the process that encodes, and of the one that decodes."""

    def limits(self) -> "Limits":
        """Return the same as numbers. Raises UsageError."""
        return Limits(
            bytes=None if self.bytes is None else parse_size(self.bytes),
            seconds=None if self.seconds is None else parse_duration(self.seconds),
            memory=None if self.memory is None else parse_size(self.memory),
        )


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a submission may take, as numbers."""

    bytes: int | None = None
    seconds: float | None = None
    memory: int | None = None

    def narrowed(self, declared: "Limits") -> "Limits":
        """Return what a submission may take: what it declares, and what the contest allows else.

        Raises:
            UsageError: It declares more than the contest allows.
        """
        for name in self.__struct_fields__:
            allowed, own = getattr(self, name), getattr(declared, name)
            if allowed is not None and own is not None and own > allowed:
                told = f"the submission declares {own:,.10g} for {name}"
                raise UsageError(f"{told}, the contest allows {allowed:,.10g}")
        names = self.__struct_fields__
        pairs = {n: (getattr(declared, n), getattr(self, n)) for n in names}
        return Limits(**{n: b if a is None else a for n, (a, b) in pairs.items()})


class Contest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contest: the data, and what coding them may take."""

    name: str
    open: str
    """The file or folder that everybody has."""
    hidden: str | None = None
    """The one that only the organiser has."""
    limits: Bounds = Bounds()
    threads: int = 1
    """Threads that libraries may use."""


class Submission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A codec that takes part, and what it is said to take."""

    name: str
    codec: str
    """Its spec."""
    contest: str = "contest.toml"
    files: list[str] = []
    """Its own code and data, in the folder of the submission. Nothing else of it is there."""
    declared: Bounds = Bounds()


def read_contest(path: Path) -> Contest:
    """Read the file of a contest. Raises UsageError."""
    return _read(path, Contest, "contest")


def read_submission(path: Path) -> Submission:
    """Read the file of a submission. Raises UsageError."""
    return _read(path, Submission, "submission")


def _read(path: Path, kind: type[T], what: str) -> T:
    decode: Callable[..., T] = msgspec.toml.decode
    try:
        return decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageError(f"{path} is no {what}: {error}") from error


class Part(msgspec.Struct, frozen=True):
    """The open or the hidden part of a contest's data."""

    name: str
    place: Path
    """A file or a folder."""
    files: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all files together."""
        return sum(path.stat().st_size for path in self.files)

    @property
    def digest(self) -> str:
        """SHA-256 over the files, each behind its length."""
        return digest_files(self.files)


def open_part(name: str, place: Path) -> Part:
    """Find the files of a part, in the order of their names. Raises UsageError."""
    place = place.resolve()
    inside = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else []
    files = tuple(inside or ([place] if place.is_file() else []))
    if not files:
        raise UsageError(f"the {name} part {place} is no file and no folder with files")
    return Part(name, place, files)


def digest_files(files: "tuple[Path, ...]") -> str:
    """SHA-256 over some files, each behind its length in eight bytes."""
    digest: Any = hashlib.sha256()
    for path in files:
        digest.update(path.stat().st_size.to_bytes(8, "big"))
        with path.open("rb") as file:
            while piece := file.read(1 << 22):
                digest.update(piece)
    return str(digest.hexdigest())

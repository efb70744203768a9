"""Anyone's data at an address: `url:https://…`, `url:s3://bucket/*.txt`, `url:zip://*::https://…`."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, ClassVar, Self

import msgspec

from codelength import Corpus, Sample, Unavailable, UsageError
from codelength.api.corpus import Progress
from codelength.api.errors import CorpusError
from codelength_reading import read_sample
from codelength_standard.places import sha256, store

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LIST = "files.json"
PIECE = 1 << 20


class File(msgspec.Struct, frozen=True):
    """A file that was fetched."""

    name: str
    size: int
    sha256: str


class Fetched(msgspec.Struct, frozen=True):
    """What lies in a folder: from where, since when."""

    location: str
    on: str
    files: list[File]


@dataclass(frozen=True)
class Remote(Corpus):
    """The files at an address that fsspec knows, as they were when they were fetched.

    A run takes no network: 'codelength corpus fetch' brings the files, and their digests are kept.
    """

    name: ClassVar[str] = "url"
    title: ClassVar[str] = (
        "files at an address: url:https://…, url:s3://bucket/*.txt, url:zip://*::FILE.zip"
    )
    licence: ClassVar[str] = "yours"
    source: ClassVar[str] = "the address"
    location: str = ""

    @classmethod
    def from_settings(cls, settings: str) -> Self:
        """Take all that follows `url:`, which may have commas and equal signs."""
        return cls(settings.removeprefix("location="))

    @property
    def spec(self) -> str:
        return f"url:{self.location}"

    @property
    def folder(self) -> Path:
        """Where the files are kept."""
        return store() / "url" / hashlib.sha256(self.location.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        return f"fetched on {self._fetched().on}" if self._is_here else ""

    @property
    def _is_here(self) -> bool:
        return (self.folder / LIST).is_file()

    def _fetched(self) -> Fetched:
        try:
            return msgspec.json.decode((self.folder / LIST).read_bytes(), type=Fetched)
        except (OSError, ValueError) as error:
            raise CorpusError(f"{self.folder / LIST} cannot be read: {error}") from error

    def places(self) -> list[Path]:
        return [self.folder]

    def check_available(self) -> None:
        if not self.location:
            raise UsageError("url needs an address: url:https://… or another that fsspec knows")
        if not self._is_here:
            raise Unavailable(
                f"{self.spec} is not here: 'codelength corpus fetch {self.spec}' brings it"
            )

    def samples(self) -> Iterator[Sample]:
        self.check_available()
        for file in self._fetched().files:
            yield read_sample(self.folder / file.name, file.name)

    def verify(self) -> Iterator[tuple[str, str | None]]:
        self.check_available()
        for file in self._fetched().files:
            path = self.folder / file.name
            whole = path.is_file() and sha256(path) == file.sha256
            yield file.name, None if whole else "is not as it was fetched; fetch it again"

    def fetch(self, progress: Progress) -> None:
        """Bring the files. Raises UsageError, Unavailable or CorpusError."""
        if not self.location:
            self.check_available()
        if find_spec("fsspec") is None:
            raise Unavailable("url: needs fsspec: python -m pip install 'codelength[remote]'")
        from fsspec.core import url_to_fs

        try:
            system, path = url_to_fs(self.location)
            is_pattern = bool(set("*?[") & set(path))
            paths = sorted(system.glob(path) if is_pattern else system.find(path))
            if not paths and not is_pattern:
                system.info(path)  # raises what is wrong
            paths = [each for each in paths if system.isfile(each)]
        except ImportError as error:
            raise Unavailable(f"{self.location}: {error}") from error
        except Exception as error:  # whatever a file system of fsspec raises
            raise Unavailable(f"{self.location} cannot be listed: {_line(error)}") from error
        if not paths:
            raise CorpusError(f"{self.location} has no files")
        new = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            base = PurePosixPath(_parent(paths))
            files = [self._bring(system, each, base, new, progress) for each in paths]
            fetched = Fetched(self.location, datetime.now(UTC).date().isoformat(), files)
            (new / LIST).write_bytes(msgspec.json.encode(fetched))
            shutil.rmtree(self.folder, ignore_errors=True)
            new.rename(self.folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _bring(
        self,
        system: "AbstractFileSystem",
        path: str,
        base: PurePosixPath,
        folder: Path,
        progress: Progress,
    ) -> File:
        name = PurePosixPath(path).relative_to(base).as_posix()
        if name == LIST or ".." in PurePosixPath(name).parts:
            raise CorpusError(f"{self.location} has a file {name!r}, which cannot be kept")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, done = hashlib.sha256(), 0
        try:
            total = system.size(path) or 0
            with system.open(path, "rb") as source, target.open("wb") as file:
                for piece in _pieces(source):
                    file.write(piece)
                    digest.update(piece)
                    done += len(piece)
                    progress(f"fetching {name}", done, max(total, done))
        except Exception as error:  # whatever a file system of fsspec raises
            raise Unavailable(f"{path} cannot be fetched: {_line(error)}") from error
        return File(name, done, digest.hexdigest())


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece


def _parent(paths: list[str]) -> str:
    """The longest folder that holds all of them."""
    first, last = PurePosixPath(paths[0]), PurePosixPath(paths[-1])
    return next(str(p) for p in first.parents if p in last.parents)


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__

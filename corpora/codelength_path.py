"""Anyone's own data: `path:FILE` or `path:FOLDER`, as the bytes that they are or decoded."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import NamedTuple, Self

from codelength import Corpus, Sample, UsageError, hookimpl
from codelength.api.corpus import Reading
from codelength.api.errors import CorpusError
from codelength_reading import is_media, lossy_decoder, read_bytes, read_decoded

BYTES, DECODED = "bytes", "decoded"
PATTERN = set("*?[")
RESULTS = "results.jsonl"
"""A folder that holds it is a folder of results."""
HIDDEN, OF_RESULTS = "hidden", "a folder of results"
NO_FILE, AGAIN = "a pipe, a socket or a device", "a link to a folder that is read already"
LEFT_OUT = {HIDDEN, OF_RESULTS, NO_FILE, AGAIN}
"""What is not measured, and need not be."""


class Entry(NamedTuple):
    """A file, or something that is not measured."""

    path: Path
    name: str
    """How samples and records call it."""
    reason: str = ""
    """Why it is not measured."""


@dataclass(frozen=True)
class Location(Corpus):
    """A file, every file of a folder and those in it, or what a pattern matches; by their names.

    Not measured, and named in the ledger: hidden ones, folders of results, pipes and devices, what
    cannot be read, and a folder that links lead to again.

    `view` is bytes, each file as it is, or decoded, where pictures are pixels and recordings are
    PCM. Without it both are measured if there is anything to decode.
    """

    name = "path"
    title = "your own data: path:FILE, path:FOLDER or path:*.txt; view=bytes or view=decoded"
    licence = "yours"
    of_files = True
    location: str = ""
    view: str | None = None

    @classmethod
    def from_settings(cls, settings: str) -> Self:
        """Parse what follows `path:`. A location may have commas."""
        match = re.fullmatch(r"(.*?)(?:,?view=([a-z]+))?", settings, re.DOTALL)
        location, view = (match[1], match[2]) if match else (settings, None)
        location = location.removeprefix("location=")
        if not _exists(location):  # it may be spelt as `spec` spells it
            location = re.sub(
                r"\\x([89a-f][0-9a-f])", lambda x: chr(0xDC00 + int(x[1], 16)), location
            )
        if view not in (None, BYTES, DECODED):
            raise UsageError(f"path has no view {view!r}; it takes view=bytes or view=decoded")
        return cls(location, view)

    @property
    def spec(self) -> str:
        """Bytes that are no UTF-8 are written as `\\xe9`."""
        return f"path:{_printable(self.location)}" + (f",view={self.view}" if self.view else "")

    def views(self) -> Sequence[Corpus]:
        """Both views of the data, the decoded one first, if there is anything to decode."""
        try:
            media = self.view is None and any(_is_media(entry) for entry in self._entries())
        except CorpusError:  # the corpus says so when it is read
            media = False
        if not media:
            return [self]
        return [Location(self.location, DECODED), Location(self.location, BYTES)]

    @property
    def label(self) -> str:
        """Of the last reading; decoded files are read for it if they were not yet."""
        parts, readings = ["local"], self.__dict__.get("_ledger", ())
        if self.view == DECODED:
            readings = readings or self.readings()
        files = [one for one in readings if one.taken_as]
        if self.view == DECODED:
            decoded = sum(one.is_decoded for one in files)
            parts.append(f"{decoded} of {len(files)} files read as media")
        if lost := sum(not one.taken_as and one.reason not in LEFT_OUT for one in readings):
            parts.append(f"{lost} {'file' if lost == 1 else 'files'} could not be read")
        if any(one.is_lossy for one in files):
            parts.append(f"lossy images decoded by {lossy_decoder()}")
        return "; ".join(parts)

    def check_available(self) -> None:
        if not self.location:
            raise UsageError("path needs a place to read from: path:FILE or path:FOLDER")
        if self._files:
            return
        try:
            mode = self._root.stat().st_mode
        except (OSError, ValueError) as error:  # a name may be none that a file can have
            missing = isinstance(error, FileNotFoundError)
            reason = "" if missing else f" ({getattr(error, 'strerror', error)})"
            raise UsageError(
                f"no file or folder {self.location!r}{reason}; path:… takes one that exists"
            ) from error
        if not S_ISREG(mode) and not self._root.is_dir():
            raise UsageError(f"{self.location!r} is a pipe or a device; path:… takes files")

    def samples(self) -> Iterator[Sample]:
        """Raises CorpusError if not one file can be read; the message names the first."""
        ledger: list[Reading] = []
        for sample, reading in self._read():
            ledger.append(reading)
            if sample:
                yield sample
        self.__dict__["_ledger"] = ledger

    def places(self) -> list[Path]:
        return [self._root]

    def readings(self) -> list[Reading]:
        """What became of each file when the samples were last read to the end, or now.

        Files that are not measured are among them, so that their sizes sum to those of the folder.
        """
        ledger = self.__dict__.get("_ledger")
        return ledger if ledger is not None else [reading for _, reading in self._read()]

    def _read(self) -> Iterator[tuple[Sample | None, Reading]]:
        read = read_decoded if self.view == DECODED else read_bytes
        empty, problem = True, None
        for path, name, reason in self._entries():
            if not reason:
                try:
                    yield read(path, name)
                    empty = False
                    continue
                except CorpusError as error:
                    problem = problem or error
                    reason = str(error)
            yield None, _not_measured(path, name, reason)
        if empty:
            problem = problem or CorpusError(
                f"{self.location} holds no files; hidden ones do not count"
            )
            raise problem

    def _entries(self) -> Iterator[Entry]:
        """Every file in order, and what is not measured, with the reason."""
        self.check_available()
        root = self._root
        if self._files:
            start = next(i for i, part in enumerate(root.parts) if set(part) & PATTERN)
            base = Path(*root.parts[:start])
            names = ((path, path.relative_to(base).as_posix()) for path in self._files)
            return iter([Entry(path, _name(name), _why_not(path)) for path, name in names])
        return _walk(root) if root.is_dir() else iter([Entry(root, _name(root.name))])

    @property
    def _files(self) -> list[Path]:
        """The files that a pattern matches, in order; none if the location is no pattern."""
        if _exists(self.location) or not set(self.location) & PATTERN:
            return []
        found = map(Path, glob(str(self._root), recursive=True))  # noqa: PTH207 - it may be absolute
        return sorted((path for path in found if not path.is_dir()), key=os.fsencode)

    @property
    def _root(self) -> Path:
        try:
            return Path(self.location).expanduser()
        except RuntimeError as error:  # ~nobody-of-that-name
            raise UsageError(f"{self.location!r} names a user who is not there") from error


def _exists(location: str) -> bool:
    try:
        return Path(location).exists()
    except (OSError, ValueError):  # no file can have that name
        return False


def _name(path: str) -> str:
    """Return what samples and records call a file: another name for every other path.

    A name that has `\\xe9` in letters has its backslash written out too.
    """
    return _printable(re.sub(r"\\(?=x(?:[89a-f][0-9a-f]|5c))", r"\\x5c", path))


def _printable(name: str) -> str:
    """`name`, with bytes that are no UTF-8 written as `\\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _walk(root: Path) -> Iterator[Entry]:
    """Each entry of a folder and of those in it, in the order of their names."""
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        path = waiting.pop()
        reason = "" if path is root else _why_not(path)
        if not reason and path.is_dir():
            status = path.stat()
            if (status.st_dev, status.st_ino) in seen:
                reason = AGAIN
            else:
                seen.add((status.st_dev, status.st_ino))
                try:
                    inside = sorted(path.iterdir(), key=lambda entry: os.fsencode(entry.name))
                    waiting += reversed(inside)
                    continue
                except OSError as error:
                    reason = error.strerror or str(error)
        yield Entry(path, _name(path.relative_to(root).as_posix()), reason)


def _why_not(path: Path) -> str:
    """Return why an entry of a folder is not measured; empty if it is."""
    if path.name.startswith("."):
        return HIDDEN
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a link that leads nowhere" if path.is_symlink() else error.strerror or str(error)
    if S_ISDIR(mode):
        return OF_RESULTS if (path / RESULTS).exists() else ""
    return "" if S_ISREG(mode) else NO_FILE


def _not_measured(path: Path, name: str, reason: str) -> Reading:
    size = _size(path)
    return Reading(name=name, on_disk=size, measured=0, taken_as="", left_out=size, reason=reason)


def _size(path: Path) -> int:
    """Return the size of a file, or of all files in a folder; links have none."""
    if path.is_symlink():
        return 0
    inside = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    size = 0
    for file in (path, *inside):
        with suppress(OSError):
            status = file.lstat()
            size += status.st_size if S_ISREG(status.st_mode) else 0
    return size


def _is_media(entry: Entry) -> bool:
    try:
        return not entry.reason and is_media(entry.path)
    except CorpusError:
        return False


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Location()]

"""Anyone's own data: `path:FILE` or `path:FOLDER`, as the bytes that they are or decoded."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Self

from codelength import Corpus, Sample, UsageError, hookimpl
from codelength.api.corpus import Reading, mapped
from codelength.api.errors import CorpusError
from codelength_reading import is_media, lossy_decoder, read_bytes, read_decoded

BYTES, DECODED = "bytes", "decoded"
RESULTS = "results.jsonl"
"""A folder that holds it is a folder of results."""


@dataclass(frozen=True)
class Location(Corpus):
    """A file, or every file of a folder and those in it, in the order of their names.

    Hidden ones and folders of results are skipped, a folder that links lead to again is read once.

    `view` is bytes, each file as it is, or decoded, where pictures are pixels and recordings are
    PCM. Without it both are measured if there is anything to decode.
    """

    name = "path"
    title = "your own data: path:FILE or path:FOLDER; view=bytes or view=decoded takes one view"
    licence = "yours"
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
            media = self.view is None and any(
                is_media(memoryview(mapped(file))) for file, _ in self.files()
            )
        except CorpusError:  # the corpus says so when it is read
            media = False
        if not media:
            return [self]
        return [Location(self.location, DECODED), Location(self.location, BYTES)]

    @property
    def label(self) -> str:
        readings = self.readings() if self.view == DECODED else []
        decoded = sum(one.is_decoded for one in readings)
        parts = ["local"]
        if self.view == DECODED:
            parts.append(f"{decoded} of {len(readings)} files read as media")
        if any(one.is_lossy for one in readings):
            parts.append(f"lossy images decoded by {lossy_decoder()}")
        return "; ".join(parts)

    def check_available(self) -> None:
        if not self.location:
            raise UsageError("path needs a place to read from: path:FILE or path:FOLDER")
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
        """Raises CorpusError; the message names the file."""
        for sample, _ in self._read():
            yield sample

    def readings(self) -> list[Reading]:
        return [reading for _, reading in self._read()]

    def _read(self) -> Iterator[tuple[Sample, Reading]]:
        read, empty = (read_decoded if self.view == DECODED else read_bytes), True
        for file, name in self.files():
            empty = False
            yield read(file, name)
        if empty:
            raise CorpusError(f"{self.location} holds no files; hidden ones do not count")

    def files(self) -> Iterator[tuple[Path, str]]:
        """Each file with the name of its sample, in order."""
        self.check_available()
        root = self._root
        if not root.is_dir():
            yield root, _printable(root.name)
            return
        for file in _walk(root, set()):
            yield file, _printable(file.relative_to(root).as_posix())

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


def _printable(name: str) -> str:
    """`name`, with bytes that are no UTF-8 written as `\\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        entries = sorted(folder.iterdir(), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise CorpusError(f"{folder} cannot be read: {error.strerror or error}") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not (entry / RESULTS).exists():
                yield from _walk(entry, seen)
        elif entry.is_file():
            yield entry
        elif not entry.exists():
            raise CorpusError(f"{entry} cannot be read: the link leads nowhere")


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Location()]

"""Brings archives and files from their public addresses, and checks them on the way."""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from codelength.api.corpus import Progress
from codelength.api.errors import CorpusError, Unavailable
from codelength_standard.places import Member


@dataclass(frozen=True)
class Download:
    """A file at a public address.

    `digest` is `sha256:…` or `md5:…` where the publisher or several independent projects state one;
    where it is None, each file in it is known by its own.
    """

    url: str
    size: int | None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The name of the file, such as `silesia.zip`."""
        return self.url.rpartition("/")[2]

    def fetch(self, folder: Path, progress: Progress) -> Path:
        """Download the file to `folder`, and return its path. Raises Unavailable, CorpusError."""
        import pooch

        pooch.get_logger().setLevel("ERROR")  # this command tells by itself
        try:
            path = pooch.retrieve(
                self.url,
                known_hash=self.digest,
                fname=self.name,
                path=folder,
                downloader=pooch.HTTPDownloader(
                    _Bar(self.name, progress), chunk_size=1 << 16, timeout=60
                ),
            )
        except ValueError as error:  # pooch's word for a wrong digest
            raise CorpusError(f"{self.url} is not the file that was published: {error}") from error
        except OSError as error:  # requests' errors are among them
            reason = str(error).splitlines()[0] or type(error).__name__
            raise Unavailable(
                f"{self.url} cannot be downloaded: {reason}; try again, or give --data DIR"
            ) from error
        return Path(path)


class _Bar:
    """What pooch takes for a progress bar.

    It counts the last piece as a full one, and then all bytes once more.
    """

    def __init__(self, name: str, progress: Progress) -> None:
        self.name, self.progress = name, progress
        self.total = self.done = 0

    def update(self, count: int) -> None:
        done = min(self.done + count, self.total) if self.total else self.done + count
        if done > self.done:
            self.done = done
            self.progress(f"downloading {self.name}", done, self.total)

    def reset(self) -> None:
        """Do nothing: `update` has counted every byte."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


PIECE = 1 << 20
"""Bytes that are unpacked at once. Of a file whose size is known, no more than that are."""


def unpack(archive: Path, target: Callable[[str], Path | None], known: dict[Path, Member]) -> int:
    """Extract each file of a ZIP or TAR to the path that `target` gives for its name.

    Files for which it gives None are left out. Returns how many were written. A file in `known`
    must have the bytes stated there. Raises CorpusError.
    """
    written = 0
    try:
        for name, file in _contents(archive):
            path = target(name)
            if path is not None:
                with closing(file):
                    _write(file, path, known.get(path))
                written += 1
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise CorpusError(f"{archive} cannot be unpacked: {error}; remove it, try again") from error
    return written


def _contents(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    yield entry.filename, packed.open(entry)
        return
    with tarfile.open(archive) as packed:
        for member in packed:
            if member.isfile() and (file := packed.extractfile(member)):
                yield member.name, file


def _write(source: IO[bytes], path: Path, member: Member | None) -> None:
    """Write a file, and give it its name only when it is complete and verified."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    left = member.size + 1 if member else None
    with part.open("wb") as out:
        while piece := source.read(PIECE if left is None else min(PIECE, left)):
            out.write(piece)
            left = None if left is None else left - len(piece)
    fault = member.fault(part) if member else None
    if fault:
        part.unlink()
        raise CorpusError(f"{fault}; nothing was kept: the published file may have changed")
    part.replace(path)

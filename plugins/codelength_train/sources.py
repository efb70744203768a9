"""Where bytes to train on come from: a tar archive, a folder, a file, or corpora."""

import lzma
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from codelength import UsageError
from codelength.plugins import Plugins

ARCHIVE = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz|tzst)$", re.IGNORECASE)

Files = list[tuple[str, bytes]]
"""Names with contents, in the order of the names."""


def of_path(path: Path) -> Files:
    """Return the files of a tar archive (compressed or not) or below a folder, or one file.

    Raises UsageError.
    """
    try:
        if path.is_dir():
            return sorted(_below(path))
        if tarfile.is_tarfile(path):
            return sorted(_in_archive(path))
        if ARCHIVE.search(path.name):
            raise UsageError(f"--data {path} cannot be read: it is no tar archive, or damaged")
        return [(path.name, path.read_bytes())]
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"--data {path} cannot be read: {why}") from error


def _below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _in_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as files:
        for member in files:
            file = files.extractfile(member) if member.isfile() else None
            if file:
                yield member.name, file.read()
        while files.fileobj and files.fileobj.read(1 << 20):
            pass  # the checksum of what is compressed stands at its end


def of_corpora(specs: Iterable[str], plugins: Plugins) -> Files:
    """Return every sample of some corpora, as the corpus gives it: pixels, PCM, text.

    Raises UsageError, Unavailable or CorpusError.
    """
    files = []
    for spec in specs:
        corpus = plugins.corpus(spec).item
        corpus.check_available()
        files += [(f"{spec}/{sample.name}", bytes(sample.data)) for sample in corpus.samples()]
    return files

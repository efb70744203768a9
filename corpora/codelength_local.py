"""Text that every Python brings along: the same for one version of it, not across versions."""

import sys
from collections.abc import Iterator
from pathlib import Path

from codelength import TEXT, Corpus, Sample, Unavailable, hookimpl
from codelength.api.corpus import read_file

PYTHON = "Python " + ".".join(map(str, sys.version_info[:3]))
LIBRARY_BYTES = 4_000_000


class Local(Corpus):
    """A corpus that differs from machine to machine, and says so."""

    kind = "text"
    licence = "PSF-2.0"
    source = "https://www.python.org"
    published = "1991"

    @property
    def label(self) -> str:
        return f"local: {PYTHON}"


class Pydoc(Local):
    name = "pydoc"
    title = f"the topics of Python's help(), one sample each ({PYTHON})"

    def samples(self) -> Iterator[Sample]:
        from pydoc_data.topics import topics

        for topic in sorted(topics):
            yield Sample(topic, topics[topic].encode(), TEXT)


class Library(Local):
    name = "pylib"
    title = f"the top-level modules of Python's library, up to 4 MB ({PYTHON})"

    def samples(self) -> Iterator[Sample]:
        left = LIBRARY_BYTES
        for path in _modules():
            data = read_file(path)
            left -= len(data)
            if left < 0:
                return
            yield Sample(path.name, data, TEXT)

    def check_available(self) -> None:
        if not _modules():
            raise Unavailable(f"pylib needs the library's source, which {PYTHON} here lacks")


def _modules() -> list[Path]:
    import sysconfig

    return sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Pydoc(), Library()]

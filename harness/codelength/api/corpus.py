"""The contract of a corpus: an ordered set of samples, the same bytes on every machine."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from codelength.api.media import FileBytes, Kind, Sample
from codelength.api.spec import written

AT_ONCE = 1 << 22
"""A file of so many bytes is read at once."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how far it is, and how far it goes (in bytes)."""


@dataclass(frozen=True)
class Corpus(ABC):
    """An ordered set of samples.

    Subclasses are frozen dataclasses: the fields are the settings, building one reads nothing.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind] = "raw"
    """The board it counts for; its samples say what they are themselves."""
    title: ClassVar[str] = ""
    licence: ClassVar[str] = "unknown"
    source: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    published: ClassVar[str] = ""
    """ISO date, or year: from when on a model may have been trained on its bytes, or on a good
    part of them."""
    digest: ClassVar[str | None] = None
    """What `corpus_digest` gives for the whole corpus, where it is known beforehand."""
    embedded: ClassVar[bool] = False
    """Part of the default run: its bytes come with the plugin."""
    entropy: ClassVar[float | None] = None
    """Bits per byte of the source that it was drawn from, where that is known."""
    of_files: ClassVar[bool] = False
    """Its spec is `NAME:PATH`: on the command line, a path that exists is enough."""
    of_models: ClassVar[bool] = False
    """Its spec is `NAME:CODEC`, and its samples are what `model_samples` of that codec gives. It
    is how `--price compressed` finds out how small a model gets."""

    remark: ClassVar[str] = ""
    """What must be known beside every figure of it."""

    @abstractmethod
    def samples(self) -> Iterator[Sample]:
        """The samples in order, the same each time. Raises CorpusError or OSError."""

    @property
    def spec(self) -> str:
        """The settings as the command line takes them."""
        return written(self)

    @property
    def label(self) -> str:
        """What a reader must know before comparing its figures with another machine's.

        `""`, `"local"`, or `"partial: 6 of 12 files"` with the files named.
        """
        return ""

    def views(self) -> Sequence["Corpus"]:
        """The corpora that are measured where this one is named: itself, or several views of it."""
        return [self]

    def readings(self) -> Sequence["Reading"]:
        """What became of each file, for corpora that are read from anyone's files."""
        return []

    def places(self) -> Sequence[Path]:
        """The files or folders of this machine that hold its bytes; decoders do not see them."""
        return []

    def check_available(self) -> None:  # noqa: B027 - most corpora have nothing to check
        """Raises Unavailable, with the command that brings the data, if they are not here."""

    def fetch(self, progress: Progress) -> None:  # noqa: B027 - most have nothing to fetch
        """Brings the data here. Nothing to do by default."""

    def verify(self) -> Iterator[tuple[str, str | None]]:
        """Each member's name and what is wrong with it, or None. By default, the corpus digest."""
        found = corpus_digest(self.samples())
        wrong = self.digest is not None and found != self.digest
        yield self.name, f"digest {found}, expected {self.digest}" if wrong else None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What became of one file: an entry of the ledger of a corpus that is read from files."""

    name: str
    on_disk: int
    """Bytes of the file."""
    measured: int
    """Bytes of the sample that codecs are given."""
    taken_as: str
    """`16-bit RGB PNG`, `text`, `bytes`; empty for what is not part of the corpus."""
    left_out: int = 0
    """Bytes of the file that the sample does not stand for: headers, titles, padding."""
    reader: str = ""
    """The library that decoded it, with its version; empty for the harness's own reader."""
    reason: str = ""
    """Why a picture or a recording is measured as the file's bytes, or a file is not measured."""
    is_decoded: bool = False
    is_lossy: bool = False
    """What was decoded depends on the decoder's version."""


class Digest:
    """The SHA-256 over ordered samples: what each is called, what it stands for, its bytes."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def add(self, sample: Sample) -> None:
        """Counts `sample` in."""
        for _ in self.pieces(sample):
            pass

    def pieces(self, sample: Sample) -> Iterator[bytes]:
        """The bytes of `sample`, piece by piece; each is counted in as it is taken."""
        self._sha.update(f"{sample.name}\0{sample.media}\0{len(sample.data)}\0".encode())
        for start in range(0, len(sample.data), AT_ONCE):
            piece = bytes(sample.data[start : start + AT_ONCE])
            self._sha.update(piece)
            yield piece

    def hexdigest(self) -> str:
        """64 hexadecimal digits."""
        return self._sha.hexdigest()


def corpus_digest(samples: Iterable[Sample]) -> str:
    """The digest that two machines compare to know that they hold the same samples."""
    digest = Digest()
    for sample in samples:
        digest.add(sample)
    return digest.hexdigest()


def read_file(path: Path) -> bytes | FileBytes:
    """Read a file; one of more than AT_ONCE bytes is read when its bytes are asked for.

    Raises CorpusError, naming the file.
    """
    file = FileBytes(path)
    return file if len(file) > AT_ONCE else bytes(file)

"""The parts of scores on disk, so that a score that was interrupted goes on where it was."""

from pathlib import Path

from codelength.results.cell import Check, Environment, Struct
from codelength.results.schema1 import SCORES as FILE
from codelength_studies.journal import Key, StudyJournal


class Part(Struct, frozen=True, rename={"distribution": "law"}):
    """Some pieces of a corpus under one distribution."""

    distribution: str
    """The digest of codec, settings, libraries, weights and code."""
    data: str
    """The digest of the pieces, each with its length."""
    bytes: int
    bits: float
    cpu_seconds: float

    @property
    def key(self) -> Key:
        """What the part is about."""
        return Key(self.distribution, self.data)


class ScoredChunk(Part, frozen=True, tag="chunk"):
    """Consecutive pieces that were scored."""


class CheckedSample(Part, frozen=True, tag="check"):
    """Pieces that were scored, and also coded, decoded in another process and compared."""

    blobs: int
    coded_bytes: int
    unstrided_bits: float | None = None
    exact_bits: float | None = None

    def to_check(self) -> Check:
        """Return the same as a part of a cell."""
        return Check(
            data=self.data,
            blobs=self.blobs,
            bytes=self.bytes,
            bits=self.bits,
            coded_bytes=self.coded_bytes,
            cpu_seconds=self.cpu_seconds,
            unstrided_bits=self.unstrided_bits,
            exact_bits=self.exact_bits,
        )


class _OldScore(Struct, frozen=True, tag="score"):
    """A whole score, as schema 1 kept it in this file; `codelength.results.load` reads it."""


ScoreJournal = StudyJournal[ScoredChunk | CheckedSample]


def open_journal(folder: Path, fresh: bool = False) -> ScoreJournal:
    """Open the journal of the scores in a results folder. Raises StoreError."""
    return ScoreJournal(folder, FILE, [ScoredChunk, CheckedSample], [_OldScore, Environment], fresh)

"""Curves on disk: what each chunk cost at each place; all else is derived from it."""

from typing import Literal

from codelength.results.cell import CorpusSlice, Struct
from codelength_studies.journal import Key, data_digest, distribution_digest

FILE = "curves.jsonl"

Control = Literal["data", "shuffled bytes", "random weights"]


class Question(Struct, frozen=True, rename={"slice": "cut"}):
    """What was measured of what."""

    codec: str
    versions: dict[str, str]
    slice: CorpusSlice
    control: Control
    length: int
    """Bytes of a chunk."""
    chunks: int
    """How many were asked for."""
    seed: int
    """Of the controls."""


class Curve(Struct, frozen=True, rename={"question": "asked"}):
    """One codec on the chunks of one corpus, as they are or as a control."""

    question: Question
    chunks: int
    """How many there were."""
    edges: list[int]
    """Positions, from 0 on."""
    bits: list[list[float]] | None
    """(chunks, edges − 1): mean ideal bits a byte between two edges; None where they are not
    known."""
    alone: list[float] | None
    """(chunks,): mean ideal bits a byte without context; None without a predictor."""
    prefixes: list[int]
    """Lengths of the prefixes that were coded, increasing."""
    coded: list[list[int]] | None
    """(chunks, prefixes): bytes of their blobs; None where nothing was coded."""

    @property
    def key(self) -> Key:
        """What the curve is about."""
        return key_of(self.question)


def key_of(question: Question) -> Key:
    """Return what a curve that answers the question is about."""
    return Key(
        distribution_digest(question.codec, question.versions),
        data_digest(
            question.slice.digest,
            question.control,
            question.length,
            question.chunks,
            question.seed,
        ),
    )

"""Curves on disk: what each chunk cost at each place, so that all else can be derived."""

from pathlib import Path
from typing import Literal

import msgspec

from codelength.results.cell import CorpusSlice, Struct
from codelength.results.journal import records

FILE = "curves.jsonl"

Control = Literal["data", "shuffled bytes", "random weights"]


class Asked(Struct, frozen=True):
    """What was measured of what."""

    codec: str
    versions: dict[str, str]
    slice: CorpusSlice
    control: Control
    length: int
    chunks: int
    seed: int


class Curve(Struct, frozen=True):
    """One codec on the chunks of one corpus, as they are or as a control."""

    asked: Asked
    chunks: int
    """How many there were."""
    edges: list[int]
    """Of positions, from 0 on."""
    bits: list[list[float]] | None
    """(chunks, edges − 1): mean ideal bits a byte between two edges; None without a predictor."""
    alone: list[float] | None
    """(chunks,): mean bits a byte under the law that knows no context; None likewise."""
    prefixes: list[int]
    """Lengths of the prefixes that were coded, increasing."""
    coded: list[list[int]] | None
    """(chunks, prefixes): bytes of their blobs; None where nothing was coded."""


_read = msgspec.json.Decoder(Curve).decode


def load(folder: Path) -> dict[str, Curve]:
    """By `key`. Raises StoreError."""
    return {key(curve.asked): curve for _, curve in records(folder / FILE, _read)}


def key(asked: Asked) -> str:
    """Equal for equal questions."""
    return msgspec.json.encode(asked, order="sorted").decode()

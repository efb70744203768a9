"""A model of words and bytes for tests: fixed frequencies that depend on the last symbol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import mix_sources as sources
import numpy as np

from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray

WORDS = [b" the", b" of", b" and", b" a", b" to", b" in", b"ing", b"er", b"ed", b"th", b" w", b"ou"]
PIECES = [bytes([byte]) for byte in range(256)] + WORDS


def tokens(data: bytes) -> list[int]:
    """The longest words first."""
    symbols, at = [], 0
    while at < len(data):
        fitting = [n for n, word in enumerate(WORDS) if data.startswith(word, at)]
        best = max(fitting, key=lambda n: len(WORDS[n]), default=None)
        symbols.append(data[at] if best is None else 256 + best)
        at += len(PIECES[symbols[-1]])
    return symbols


def table() -> np.ndarray:
    """Counts of pairs in prose, (symbols, symbols)."""
    counts = np.ones((len(PIECES), len(PIECES)), np.int32)
    symbols = tokens(sources.prose(30_000))
    np.add.at(counts, (symbols[:-1], symbols[1:]), 50)
    return counts


TABLE = table()


class WordStepper(Stepper):
    def __init__(self, streams: int) -> None:
        self.last = np.zeros(streams, np.int64)

    def frequencies(self) -> IntArray:
        return TABLE[self.last]

    def advance(self, symbols: IntArray) -> None:
        self.last = symbols.astype(np.int64)

    def keep(self, streams: int) -> None:
        self.last = self.last[:streams]


@dataclass(frozen=True)
class WordPredictor(Predictor):
    """Predicts a symbol from the one before."""

    name: ClassVar[str] = "words"
    alphabet: ClassVar[int] = len(PIECES)
    batch: ClassVar[int] = 3

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return WordStepper(len(lengths))

    def tokenize(self, data: bytes) -> IntArray:
        return np.array(tokens(data), np.int64)

    def detokenize(self, symbols: IntArray) -> bytes:
        return b"".join(PIECES[symbol] for symbol in symbols)

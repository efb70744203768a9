"""The contract of a predictor: a model that gives integer frequencies for the next symbol.

A predictor offers two views of one law: all positions of known sequences (for coding), and one
step at a time (for decoding). They must agree to the last integer, because a single different
frequency destroys everything decoded after it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from codelength.coding.range_coder import Decoders, IntArray

BLOCK = 256
"""Positions that the default parallel view hands out at a time."""


class Stepper(ABC):
    """Several sequences advanced in step, one symbol each at a time."""

    @abstractmethod
    def frequencies(self) -> IntArray:
        """(streams, alphabet): positive, each row summing to less than 2^24. The array may be
        overwritten by the next call."""

    @abstractmethod
    def advance(self, symbols: IntArray) -> None:
        """Appends one symbol to each stream: (streams,)."""

    @abstractmethod
    def keep(self, streams: int) -> None:
        """Goes on with the first `streams` only; the others have ended."""

    def decode(self, decoders: Decoders, symbols: IntArray) -> None:
        """Fills `symbols` (steps, streams) with what the streams hold next. Override where all of
        it can be compiled: see `codelength.coding.range_coder.next_symbol`. Raises CorruptBlob."""
        for row in symbols:
            row[:] = decoders.decode(self.frequencies())
            self.advance(row)


@dataclass(frozen=True)
class Predictor(ABC):
    """A model of sequences over an alphabet. The default alphabet is bytes.

    Subclasses are frozen dataclasses: the fields are the settings, building one does no work.
    """

    name: ClassVar[str]
    needs: ClassVar[Mapping[str, str]] = {}
    """Modules that it imports → the pip requirement behind each."""
    alphabet: ClassVar[int] = 256
    batch: ClassVar[int] = 64
    """Streams that had best go in step; it changes speed and memory, never the bytes."""

    @abstractmethod
    def stepper(self, lengths: Sequence[int]) -> Stepper:
        """Begins sequences of so many symbols, the longest first.

        A decoder is told the lengths before it decodes, so the frequencies may depend on them; most
        models take no more than `len(lengths)`, the number of streams.
        """

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        """The frequencies at every position of every sequence: pairs of an index into `batch` and
        a block (positions, alphabet), the blocks of one sequence in order. The default steps;
        override where a model sees all positions at once."""
        order = sorted(range(len(batch)), key=lambda i: -len(batch[i]))
        lengths = [len(batch[i]) for i in order]
        stepper, alive = self.stepper(lengths), len(batch)
        for start in range(0, max(lengths, default=0), BLOCK):
            rows: list[list[IntArray]] = [[] for _ in range(alive)]
            for at in range(start, min(start + BLOCK, lengths[0])):
                while lengths[alive - 1] <= at:
                    alive -= 1
                stepper.keep(alive)
                now = stepper.frequencies().copy()
                for stream in range(alive):
                    rows[stream].append(now[stream])
                stepper.advance(np.array([batch[i][at] for i in order[:alive]]))
            for stream, block in enumerate(rows):
                if block:
                    yield order[stream], np.stack(block)

    def tokenize(self, data: bytes) -> IntArray:
        """Symbols for any bytes whatever."""
        return np.frombuffer(data, np.uint8)

    def detokenize(self, symbols: IntArray) -> bytes:
        """The exact inverse of `tokenize`."""
        return symbols.astype(np.uint8).tobytes()

    @property
    def model_bytes(self) -> Mapping[str, int]:
        """Bytes that the receiver must hold: weights, tokenizer."""
        return {}

    def scrambled(self, seed: int) -> "Predictor | None":
        """The same model with its weights in random order: what is left of it is what architecture
        and arithmetic do by themselves. None, the default, where there are no weights."""
        return None

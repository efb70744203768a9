"""The law of `order2`: a byte's frequency is one, so that nothing is impossible, plus its counts
after the last two bytes, after the last one and anywhere, weighted 1024 : 32 : 1, so that a long
context rules as soon as it has been seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from codelength.coder import IntArray
from codelength.predictor import Predictor, Stepper

BLOCK = 1024
"""Positions that the parallel view hands out at a time."""


@dataclass(frozen=True)
class Order2(Predictor):
    """The predictor; counts of a context are halved when they sum to `limit` (at most 15,000,
    so that frequencies stay below 2^24)."""

    name: ClassVar[str] = "order2"
    limit: int

    def stepper(self, streams: int) -> Stepper:
        return Order2Stepper([Counts(self.limit) for _ in range(streams)])

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, symbols in enumerate(batch):
            counts = Counts(self.limit)
            for start in range(0, len(symbols), BLOCK):
                yield stream, counts.follow(symbols[start : start + BLOCK])


class Order2Stepper(Stepper):
    """Streams that know nothing of each other."""

    def __init__(self, streams: list["Counts"]) -> None:
        self._streams = streams
        self._frequencies = np.empty((len(streams), 256), np.int32)

    def frequencies(self) -> IntArray:
        for counts, row in zip(self._streams, self._frequencies, strict=True):
            counts.predict(row)
        return self._frequencies

    def advance(self, symbols: IntArray) -> None:
        for counts, symbol in zip(self._streams, symbols.tolist(), strict=True):
            counts.count(symbol)

    def keep(self, streams: int) -> None:
        self._streams = self._streams[:streams]
        self._frequencies = self._frequencies[:streams]


class Counts:
    """The counts of one stream. A context gets its row when it is first met, so that a short
    stream stays small."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts = np.zeros((3, 256), np.int32)
        self._totals = np.zeros(3, np.int32)
        self._room = 0  # rows that are surely free
        self._rows = np.full((1 << 16) + (1 << 8), -1, np.int32)
        self._rows[[0, 1 << 16]] = 0, 1
        # rows of the current contexts of order 2, 1, 0; the last byte; how many rows are used
        self._state = np.array([0, 1, 2, 0, 3], np.int64)

    def follow(self, symbols: IntArray) -> NDArray[np.int32]:
        """Counts `symbols` in; the frequencies before each: (len(symbols), 256)."""
        self._make_room(len(symbols))
        frequencies = np.empty((len(symbols), 256), np.int32)
        _follow(
            symbols, frequencies, self._counts, self._totals, self._rows, self._state, self._limit
        )
        return frequencies

    def predict(self, out: NDArray[np.int32]) -> None:
        """Writes the frequencies of the next byte to `out` (256,)."""
        _predict(out, self._counts, self._state)

    def count(self, symbol: int) -> None:
        """Counts one byte in."""
        self._make_room(1)
        _count(symbol, self._counts, self._totals, self._rows, self._state, self._limit)

    def _make_room(self, symbols: int) -> None:
        self._room -= 2 * symbols
        if self._room < 0:
            used = int(self._state[4])
            least = used + 2 * symbols
            if least > len(self._counts):
                more = 2 * least - len(self._counts)
                self._counts = np.concatenate([self._counts, np.zeros((more, 256), np.int32)])
                self._totals = np.concatenate([self._totals, np.zeros(more, np.int32)])
            self._room = len(self._counts) - least


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _predict(out: Any, counts: Any, state: Any) -> None:
    order2, order1, order0 = counts[state[0]], counts[state[1]], counts[state[2]]
    for byte in range(256):
        out[byte] = 1 + 1024 * order2[byte] + 32 * order1[byte] + order0[byte]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count(symbol: int, counts: Any, totals: Any, rows: Any, state: Any, limit: int) -> None:
    for order in range(3):
        row = state[order]
        counts[row, symbol] += 1
        totals[row] += 1
        if totals[row] >= limit:
            total = 0
            for byte in range(256):
                counts[row, byte] >>= 1
                total += counts[row, byte]
            totals[row] = total
    contexts = (state[3] << 8 | symbol, (1 << 16) + symbol)
    for order in range(2):
        if rows[contexts[order]] < 0:
            rows[contexts[order]] = state[4]
            state[4] += 1
        state[order] = rows[contexts[order]]
    state[3] = symbol


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _follow(
    symbols: Any, out: Any, counts: Any, totals: Any, rows: Any, state: Any, limit: int
) -> None:
    for at in range(len(symbols)):
        _predict(out[at], counts, state)
        _count(symbols[at], counts, totals, rows, state, limit)

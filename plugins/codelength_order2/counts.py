"""The distributions of `order2`.

A byte's frequency is one, so that none is impossible, plus its counts after the last two bytes,
after the last one and anywhere. Their weights are 1024 : 32 : 1, so that a long context dominates
once it has been seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import Decoders, IntArray, next_symbol

BLOCK = 1024
"""Positions at a time, over all streams."""

CONTEXTS = (1 << 16) + (1 << 8)
"""Pairs of bytes, then single bytes."""


@dataclass(frozen=True)
class Order2(Predictor):
    """The predictor.

    Counts of a context are halved when they sum to `limit` (at most 15,000, so that frequencies
    stay below 2^24).
    """

    name: ClassVar[str] = "order2"
    batch: ClassVar[int] = 4
    limit: int

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return Counts(len(lengths), self.limit)

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, symbols in enumerate(batch):
            counts = Counts(1, self.limit)
            for start in range(0, len(symbols), BLOCK):
                yield stream, counts.follow(symbols[start : start + BLOCK])


class Counts(Stepper):
    """The counts of independent streams.

    A context gets its row at its first use, so short streams take little memory.
    """

    def __init__(self, streams: int, limit: int) -> None:
        self._limit = limit
        # the current rows of order 2, 1 and 0, then the last byte
        self._state = np.zeros((streams, 4), np.int64)
        self._state[:, :3] = np.arange(3 * streams).reshape(streams, 3)
        self._rows = np.full((streams, CONTEXTS), -1, np.int32)
        self._rows[:, 0], self._rows[:, 1 << 16] = self._state[:, 0], self._state[:, 1]
        self._used = np.array([3 * streams], np.int64)
        self._counts = np.zeros((3 * streams, 256), np.int32)
        self._totals = np.zeros(3 * streams, np.int32)
        self._free = 0  # rows that are known to be free

    def follow(self, symbols: IntArray) -> IntArray:
        """Count the symbols of one stream; return the frequencies before each: (positions, 256)."""
        self._make_room(2 * len(symbols))
        frequencies = np.empty((len(symbols), 256), np.int32)
        _follow(
            symbols, frequencies, self._counts, self._totals, self._rows, self._state, self._used,
            self._limit,
        )  # fmt: skip
        return frequencies

    def frequencies(self) -> IntArray:
        frequencies = np.empty((len(self._state), 256), np.int32)
        _predict(frequencies, self._counts, self._state)
        return frequencies

    def advance(self, symbols: IntArray) -> None:
        self._make_room(2 * len(symbols))
        _count(
            symbols, self._counts, self._totals, self._rows, self._state, self._used, self._limit
        )

    def decode(self, decoders: Decoders, symbols: IntArray) -> None:
        steps = max(1, BLOCK // symbols.shape[1])
        for start in range(0, len(symbols), steps):
            block = symbols[start : start + steps]
            self._make_room(2 * block.size)
            result = _decode(
                block, decoders.arrays, self._counts, self._totals, self._rows, self._state,
                self._used, self._limit,
            )  # fmt: skip
            decoders.check(result)

    def keep(self, streams: int) -> None:
        self._state = self._state[:streams]

    def _make_room(self, rows: int) -> None:
        self._free -= rows
        if self._free < 0:
            least = int(self._used[0]) + rows
            if least > len(self._counts):
                more = 2 * least - len(self._counts)
                self._counts = np.concatenate([self._counts, np.zeros((more, 256), np.int32)])
                self._totals = np.concatenate([self._totals, np.zeros(more, np.int32)])
            self._free = len(self._counts) - least


# The loops take these arrays one by one, since a tuple of them made encoding 10% slower. All are
# changed in place:
# counts (rows, 256) int32 and totals (rows,) int32; rows (streams, CONTEXTS) int32: the row of each
# context; state (streams, 4) int64: the current rows of order 2, 1 and 0, and the last byte;
# used (1,) int64: how many rows have been given out.
Int32s: TypeAlias = NDArray[np.int32]
Int64s: TypeAlias = NDArray[np.int64]
Coders: TypeAlias = tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64]]


@compiled
def _predict(out: Int32s, counts: Int32s, state: Int64s) -> None:
    for stream in range(len(out)):
        now, row = state[stream], out[stream]
        order2, order1, order0 = counts[now[0]], counts[now[1]], counts[now[2]]
        for byte in range(256):
            row[byte] = 1 + 1024 * order2[byte] + 32 * order1[byte] + order0[byte]


@compiled
def _count(
    symbols: IntArray,
    counts: Int32s,
    totals: Int32s,
    rows: Int32s,
    state: Int64s,
    used: Int64s,
    limit: int,
) -> None:
    """Count one byte of each stream."""
    for stream in range(len(symbols)):
        symbol, now = symbols[stream], state[stream]
        for order in range(3):
            row = now[order]
            counts[row, symbol] += 1
            totals[row] += 1
            if totals[row] >= limit:
                total = 0
                for byte in range(256):
                    counts[row, byte] >>= 1
                    total += counts[row, byte]
                totals[row] = total
        contexts = (now[3] << 8 | symbol, (1 << 16) + symbol)
        for order in range(2):
            if rows[stream, contexts[order]] < 0:
                rows[stream, contexts[order]] = used[0]
                used[0] += 1
            now[order] = rows[stream, contexts[order]]
        now[3] = symbol


@compiled
def _follow(
    symbols: IntArray,
    out: Int32s,
    counts: Int32s,
    totals: Int32s,
    rows: Int32s,
    state: Int64s,
    used: Int64s,
    limit: int,
) -> None:
    for at in range(len(symbols)):
        _predict(out[at : at + 1], counts, state)
        _count(symbols[at : at + 1], counts, totals, rows, state, used, limit)


@compiled
def _decode(
    symbols: IntArray, decoders: Coders,
    counts: Int32s, totals: Int32s, rows: Int32s, state: Int64s, used: Int64s, limit: int,
) -> int:  # fmt: skip
    coders, words, states = decoders
    frequencies = np.empty((symbols.shape[1], 256), np.int32)
    for now in symbols:
        _predict(frequencies, counts, state)
        for stream in range(len(now)):
            symbol = next_symbol(frequencies[stream], coders[stream], words, states)
            if symbol < 0:
                return int(symbol)
            now[stream] = symbol
        _count(now, counts, totals, rows, state, used, limit)
    return 0

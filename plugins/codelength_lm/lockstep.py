"""Decoding of many streams in step with a compiled range decoder.

It decodes what `codelength.coder.Encoder` wrote, with the arithmetic of constriction's range coder
(32-bit words, 64-bit state) and of its `Categorical(perfect=False)`: symbol i of n begins at
trunc(c · s) + i, in float32, where c sums the frequencies before i and s = (2^24 − n) / Σ. One call
decodes one symbol of every stream, which takes a tenth of the time of one call for each.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.coder import PRECISION, STATE, WORD, Decoder, IntArray
from codelength.errors import CorruptBlob
from codelength.predictor import Predictor
from codelength_lm.compiled import compiled

STREAMS = 256
"""Streams that go in step with each other; it changes the speed, never the symbols."""

REMEMBER = 1 << 22
"""Frequencies kept until the symbols are confirmed."""


def decode(
    predictor: Predictor, streams: Sequence[bytes], lengths: Sequence[int]
) -> list[IntArray]:
    """The symbols of each stream, whose number is known. Raises CorruptBlob."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    sequences: list[IntArray] = [np.empty(0, np.int64)] * len(streams)
    for start in range(0, len(order), STREAMS):
        group = order[start : start + STREAMS]
        decoded = _in_step(predictor, [streams[i] for i in group], [lengths[i] for i in group])
        for i, symbols in zip(group, decoded, strict=True):
            sequences[i] = symbols
    return sequences


def _in_step(
    predictor: Predictor, streams: Sequence[bytes], lengths: Sequence[int]
) -> list[IntArray]:
    """The symbols of each stream, where `lengths` do not increase."""
    coders, checks = _Coders(streams), [Decoder(stream) for stream in streams]
    stepper = predictor.stepper(len(streams))
    block = max(1, REMEMBER // (len(streams) * predictor.alphabet))
    symbols: list[list[IntArray]] = [[np.empty(0, np.int64)] for _ in streams]
    for start in range(0, lengths[0], block):
        stop = min(start + block, lengths[0])
        alive = sum(length > start for length in lengths)
        seen = np.empty((stop - start, alive, predictor.alphabet), np.int32)
        now = np.zeros((stop - start, alive), np.int64)
        for step in range(stop - start):
            while lengths[alive - 1] <= start + step:
                alive -= 1
            stepper.keep(alive)
            seen[step, :alive] = stepper.frequencies()
            coders.decode(seen[step, :alive], now[step])
            stepper.advance(now[step, :alive])
        for stream in range(now.shape[1]):
            taken = min(stop, lengths[stream]) - start
            symbols[stream].append(now[:taken, stream].copy())
            checks[stream].confirm(now[:taken, stream], seen[:taken, stream])
    for check in checks:
        check.finish()
    return [np.concatenate(blocks) for blocks in symbols]


class _Coders:
    """The state of one range decoder for each stream."""

    def __init__(self, streams: Sequence[bytes]) -> None:
        words = [np.frombuffer(stream + bytes(-len(stream) % 4), ">u4") for stream in streams]
        self._words = np.zeros((len(streams), max(map(len, words)) + 4), np.uint32)
        for row, own in zip(self._words, words, strict=True):
            row[: len(own)] = own
        state = np.zeros((len(streams), 3), np.uint64)
        state[:, 1] = ~np.uint64(0)
        state[:, 2] = self._words[:, 0].astype(np.uint64) << np.uint64(WORD) | self._words[:, 1]
        self._state, self._next = state, np.full(len(streams), 2)

    def decode(self, frequencies: NDArray[np.int32], symbols: NDArray[np.int64]) -> None:
        """The next symbol of each of the first streams, under `frequencies` (streams, alphabet),
        into `symbols`. Raises CorruptBlob."""
        if not _decode(frequencies, self._words, self._state, self._next, symbols):
            raise CorruptBlob("a coded stream that no encoder has written")


@compiled
def _decode(frequencies: Any, words: Any, state: Any, following: Any, symbols: Any) -> bool:
    """Whether each stream is inside an interval; a row of `state` is low, range and point."""
    streams, alphabet = frequencies.shape
    free = np.float32((1 << PRECISION) - alphabet)
    for stream in range(streams):
        row = frequencies[stream]
        total = np.int32(0)
        for symbol in range(alphabet):
            total = np.int32(total + row[symbol])
        scale = free / np.float32(total)
        low, width, point = state[stream]
        unit = width >> np.uint64(PRECISION)
        place = np.int64((point - low) // unit)
        if place >= 1 << PRECISION:
            return False
        symbol, before, left = 0, np.int32(0), np.int64(0)
        right = np.int64(1 << PRECISION)
        while symbol < alphabet - 1:
            before = np.int32(before + row[symbol])
            right = np.int64(np.float32(before) * scale) + symbol + 1
            if place < right:
                break
            left, right = right, np.int64(1 << PRECISION)
            symbol += 1
        low = low + unit * np.uint64(left)
        width = unit * np.uint64(right - left)
        if width < np.uint64(1 << (STATE - WORD)):
            low, width = low << np.uint64(WORD), width << np.uint64(WORD)
            at = following[stream]
            word = words[stream, at] if at < words.shape[1] else np.uint32(0)
            point = point << np.uint64(WORD) | np.uint64(word)
            following[stream] = at + 1
        state[stream, 0], state[stream, 1], state[stream, 2] = low, width, point
        symbols[stream] = symbol
    return True

"""A sample, block after block: coded under the model, then learned by it.

The sample is cut into lanes of equal length, which go in step, and a block is some steps of all of
them. Positions are coded step by step, in one stream: so the decoder, which has to know the bytes
of a step before it gets to the next, meets them in the same order, and has the products of as many
rows as there are lanes to do at a time.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.coding.range_coder import Decoders, Encoder
from codelength_exact.recurrent_shape import Shape
from codelength_online.learning import Learning
from codelength_online.model import Model, begin

LANES, LANE = 16, 1 << 10
"""Lanes at most, and bytes of a lane at least."""

BLOCK, EARLY_BLOCK, EARLY = 160, 64, 1 << 16
"""Bytes that are coded between two updates; fewer for less data than EARLY, for which it matters
more to have learned a little soon than to follow gradients through more steps."""

LARGEST = Shape(96, 96, 192, 1, orders=(1, 2, 3, 4, 5, 6), rows=1 << 17, columns=32)
LEAST = 1 << 10
"""Rows of each table: a quarter of the bytes or a little more, no fewer than LEAST."""

CHEAPEST = 1 << 19
"""Bytes that a byte of stream can hold at most: none is surer than 1 − 255 / 2^24."""


class _Coding:
    """A model that knows nothing yet, for `size` bytes."""

    def __init__(self, size: int) -> None:
        rows = min(LARGEST.rows, max(LEAST, 1 << (size // 4).bit_length()))
        shape = replace(LARGEST, rows=rows)
        block = EARLY_BLOCK if size < EARLY else BLOCK
        self.lanes = min(LANES, max(1, size // LANE))
        self.model = Model(shape, begin(shape), self.lanes, block // self.lanes)
        self._learning = Learning(self.model)

    def learn(self) -> None:
        """To be called when a full block is known."""
        self._learning.step()
        self.model.next_block()


def laws(data: bytes) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    """The bytes of each block, in turn, and their frequencies (bytes, 256) under what has been
    learned before it. These are overwritten by the next."""
    coding = _Coding(len(data))
    model, rows = coding.model, coding.model.rows
    symbols = np.frombuffer(data, np.uint8)[in_turn(len(data), coding.lanes)]
    for start in range(0, len(symbols), rows):
        block = symbols[start : start + rows]
        model.take(0, block)
        yield block, model.run(0, len(block))
        if len(block) == rows:
            coding.learn()


def encode(data: bytes) -> bytes:
    """The stream of `data`."""
    encoder = Encoder()
    for symbols, frequencies in laws(data):
        encoder.encode(symbols, frequencies)
    return encoder.finish()


def decode(stream: bytes, size: int) -> bytes:
    """The `size` bytes behind a stream. Raises CorruptBlob."""
    if size > CHEAPEST * (len(stream) + 8):
        raise CorruptBlob(f"{size} bytes in a coded stream of {len(stream)}")
    coding = _Coding(size)
    model, lanes, rows = coding.model, coding.lanes, coding.model.rows
    decoders = Decoders([stream], np.zeros(lanes, np.int64))
    symbols = np.empty(size, np.uint8)
    for start in range(0, size, lanes):
        at = start % rows
        stop = at + min(lanes, size - start)
        found = decoders.decode(model.run(at, stop))
        symbols[start : start + lanes] = found
        model.take(at, found)
        if stop == rows:
            coding.learn()
    decoders.finish()
    data = np.empty(size, np.uint8)
    data[in_turn(size, lanes)] = symbols
    return data.tobytes()


def in_turn(size: int, lanes: int) -> NDArray[np.int64]:
    """Where in the data what is coded next stands: the first byte of each lane, then the second of
    each. The first lanes have a byte more than the others if the size demands it."""
    whole, rest = divmod(size, lanes)
    starts = np.arange(lanes) * whole + np.minimum(np.arange(lanes), rest)
    return (np.arange(whole + 1)[:, None] + starts).reshape(-1)[:size]

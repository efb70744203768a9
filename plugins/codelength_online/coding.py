"""A sample, block after block: coded under the model, then learned by it.

The sample is cut into lanes of equal length, which go in step, and a block is some steps of all of
them. Positions are coded step by step, in one stream: so the decoder, which has to know the bytes
of a step before it gets to the next, meets them in the same order, and has the products of as many
rows as there are lanes to do at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.coding.code_length import bits_of
from codelength.coding.coder import Coder, stream_ledger
from codelength.coding.range_coder import Decoders, Encoder
from codelength.coding.varint import read_varint, varint
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
        self.lanes = lanes_of(size)
        self.model = Model(shape, begin(shape), self.lanes, block // self.lanes)
        self._learning = Learning(self.model)

    def learn(self) -> None:
        """To be called when a full block is known."""
        self._learning.step()
        self.model.next_block()


class OnlineCoder(Coder):
    """Codes each sample by a model of its own that knows nothing at first.

    A blob is the number of bytes and then the stream.
    """

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        return [varint(len(data)) + encode(data) for data in datas]

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        heads = [read_varint(blob) for blob in blobs]
        return [decode(blob[at:], size) for blob, (size, at) in zip(blobs, heads, strict=True)]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return stream_ledger(len(blob), [blob[read_varint(blob)[1] :]])

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[NDArray[np.float64]]:
        for data in datas:
            bits = [bits_of(rows, symbols) for symbols, rows in frequencies(data)]
            lengths = np.empty(len(data))
            lengths[coding_order(len(data), lanes_of(len(data)))] = np.concatenate([[], *bits])
            yield lengths


def frequencies(data: bytes) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    """Yield the bytes of each block in the order of coding, and their frequencies.

    The frequencies (bytes, 256) come from what has been learned before the block. They are
    overwritten by the next block.
    """
    coding = _Coding(len(data))
    model, rows = coding.model, coding.model.rows
    symbols = np.frombuffer(data, np.uint8)[coding_order(len(data), coding.lanes)]
    for start in range(0, len(symbols), rows):
        block = symbols[start : start + rows]
        model.take(0, block)
        yield block, model.run(0, len(block))
        if len(block) == rows:
            coding.learn()


def encode(data: bytes) -> bytes:
    """Returns the stream of `data`."""
    encoder = Encoder()
    for symbols, rows in frequencies(data):
        encoder.encode(symbols, rows)
    return encoder.finish()


def lanes_of(size: int) -> int:
    """Returns how many lanes a sample of `size` bytes is cut into."""
    return min(LANES, max(1, size // LANE))


def decode(stream: bytes, size: int) -> bytes:
    """Returns the `size` bytes behind a stream. Raises CorruptBlob."""
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
    data[coding_order(size, lanes)] = symbols
    return data.tobytes()


def coding_order(size: int, lanes: int) -> NDArray[np.int64]:
    """Returns the positions of bytes in the order of coding.

    The first byte of each lane, then the second of each. The first lanes have a byte more than the
    others if the size demands it.
    """
    whole, rest = divmod(size, lanes)
    starts = np.arange(lanes) * whole + np.minimum(np.arange(lanes), rest)
    return (np.arange(whole + 1)[:, None] + starts).reshape(-1)[:size]

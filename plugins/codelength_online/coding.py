"""A sample, block after block: coded under the model, then learned by it.

The sample is cut into streams of equal length, which go in step. A block is some steps of all of
them. The coded data are one sequence: the first byte of each stream, then the second of each. So
the decoder knows all bytes of a step before the next one, and one product computes a step of all
streams.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.coding.code_length import bits_of
from codelength.coding.coder import Coder, stream_ledger
from codelength.coding.range_coder import Decoders, Encoder
from codelength.coding.varint import read_varint, to_varint
from codelength_exact.recurrent_shape import Shape
from codelength_online.learning import Learning
from codelength_online.model import Model, begin

STREAMS, STREAM_SIZE = 16, 1 << 10
"""The most streams, and the least bytes of a stream."""

BLOCK, EARLY_BLOCK, EARLY = 160, 64, 1 << 16
"""Bytes that are coded between two updates. Less data than EARLY has smaller blocks: it gains more
from learning soon than from gradients through more steps."""

LARGEST = Shape(96, 96, 192, 1, orders=(1, 2, 3, 4, 5, 6), rows=1 << 17, columns=32)
LEAST = 1 << 10
"""The least rows of each table. There are as many as a quarter of the bytes or a little more."""

CHEAPEST = 1 << 19
"""The most bytes that a coded byte can hold: no probability is above 1 − 255 / 2^24."""


class _Coding:
    """A model that knows nothing yet, for `size` bytes."""

    def __init__(self, size: int) -> None:
        rows = min(LARGEST.rows, max(LEAST, 1 << (size // 4).bit_length()))
        shape = replace(LARGEST, rows=rows)
        block = EARLY_BLOCK if size < EARLY else BLOCK
        self.streams = streams_of(size)
        self.model = Model(shape, begin(shape), self.streams, block // self.streams)
        self._learning = Learning(self.model)

    def learn(self) -> None:
        """Learn a full block, when all its bytes are known."""
        self._learning.step()
        self.model.next_block()


class OnlineCoder(Coder):
    """Codes each sample by a model of its own that knows nothing at first.

    A blob is the number of bytes and then the stream.
    """

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        return [to_varint(len(data)) + encode(data) for data in datas]

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        heads = [read_varint(blob) for blob in blobs]
        return [decode(blob[at:], size) for blob, (size, at) in zip(blobs, heads, strict=True)]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return stream_ledger(len(blob), [blob[read_varint(blob)[1] :]])

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[NDArray[np.float64]]:
        for data in datas:
            bits = [bits_of(rows, symbols) for symbols, rows in frequencies(data)]
            lengths = np.empty(len(data))
            lengths[coding_order(len(data), streams_of(len(data)))] = np.concatenate([[], *bits])
            yield lengths


def frequencies(data: bytes) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    """Yield the bytes of each block in the order of coding, and their frequencies.

    The frequencies (bytes, 256) come from what has been learned before the block. They are
    overwritten by the next block.
    """
    coding = _Coding(len(data))
    model, rows = coding.model, coding.model.rows
    symbols = np.frombuffer(data, np.uint8)[coding_order(len(data), coding.streams)]
    for start in range(0, len(symbols), rows):
        block = symbols[start : start + rows]
        model.take(0, block)
        yield block, model.run(0, len(block))
        if len(block) == rows:
            coding.learn()


def encode(data: bytes) -> bytes:
    """Return the coded bytes of `data`."""
    encoder = Encoder()
    for symbols, rows in frequencies(data):
        encoder.encode(symbols, rows)
    return encoder.finish()


def streams_of(size: int) -> int:
    """Return how many streams a sample of `size` bytes is cut into."""
    return min(STREAMS, max(1, size // STREAM_SIZE))


def decode(stream: bytes, size: int) -> bytes:
    """Return the `size` bytes that were coded. Raises CorruptBlob."""
    if size > CHEAPEST * (len(stream) + 8):
        raise CorruptBlob(f"{size} bytes in a coded stream of {len(stream)}")
    coding = _Coding(size)
    model, streams, rows = coding.model, coding.streams, coding.model.rows
    decoders = Decoders([stream], np.zeros(streams, np.int64))
    symbols = bytearray()  # grows, because a damaged size may be anything
    for start in range(0, size, streams):
        at = start % rows
        stop = at + min(streams, size - start)
        decoded = decoders.decode(model.run(at, stop))
        symbols += decoded.astype(np.uint8).tobytes()
        model.take(at, decoded)
        if stop == rows:
            coding.learn()
    decoders.finish()
    data = np.empty(size, np.uint8)
    data[coding_order(size, streams)] = np.frombuffer(symbols, np.uint8)
    return data.tobytes()


def coding_order(size: int, streams: int) -> NDArray[np.int64]:
    """Return the positions of the bytes in the order of coding: (size,).

    The first byte of each stream comes first, then the second of each. If the size is no multiple
    of the number of streams, the first streams have a byte more.
    """
    whole, rest = divmod(size, streams)
    starts = np.arange(streams) * whole + np.minimum(np.arange(streams), rest)
    return (np.arange(whole + 1)[:, None] + starts).reshape(-1)[:size]

"""A model that sees seven bits of each byte, as in published experiments.

The eighth bits are coded beside it, so nothing is lost.

They are coded by adaptive counts: the frequency of a bit is one, so that nothing is impossible,
plus 256 for each time it was seen in its context since the counts there were last halved. The
context is small: the eighth bits of the last two bytes, and the upper three of the seven bits of
this byte and the last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.coding.code_length import Bits, bits_of
from codelength.coding.coder import Coder
from codelength.coding.compiled import compiled
from codelength.coding.range_coder import Decoders, Encoder, next_symbol
from codelength.coding.varint import join_parts, split_parts

Bytes = NDArray[np.uint8]
Counts = NDArray[np.int32]

LIMIT = 255
"""Counts of a context are halved when they sum to more."""

BLOCK = 1 << 16
"""Bits at a time."""


@dataclass(frozen=True)
class SevenBits(Coder):
    """Shows `coder` the lower seven bits of each byte.

    A blob is the coded eighth bits behind their size, which is zero where no byte has one, and then
    the blob of the lower seven.
    """

    coder: Coder

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        pairs = [split_bits(data) for data in datas]
        blobs = self.coder.encode([low for low, _ in pairs])
        return [join_parts((high, blob)) for (_, high), blob in zip(pairs, blobs, strict=True)]

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        pairs = [split_parts(blob, 2) for blob in blobs]
        lows = self.coder.decode([blob for _, blob in pairs])
        return [join_bits(low, high) for low, (high, _) in zip(lows, pairs, strict=True)]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        rest = split_parts(blob, 2)[1]
        return {"eighth bit": len(blob) - len(rest), **self.coder.ledger(rest)}

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[Bits]:
        lows = [bytes(byte & 127 for byte in data) for data in datas]
        for data, bits in zip(datas, self.coder.code_lengths(lows), strict=True):
            eighth = [bits_of(rows, high) for high, rows in _eighth_bits(data)]
            yield bits + np.concatenate(eighth) if eighth else bits


def split_bits(data: bytes) -> tuple[bytes, bytes]:
    """Returns the lower seven bits of each byte, and the coded eighth ones.

    Nothing where all of them are zero.
    """
    if data.isascii():
        return data, b""
    encoder = Encoder()
    for high, rows in _eighth_bits(data):
        encoder.encode(high, rows)
    return (np.frombuffer(data, np.uint8) & 127).tobytes(), encoder.finish()


def join_bits(low: bytes, section: bytes) -> bytes:
    """Puts together what `split_bits` took apart. Raises CorruptBlob."""
    if not low.isascii():
        raise CorruptBlob("a byte of more than the seven bits that were shown")
    if not section:
        return low
    lower, high = np.frombuffer(low, np.uint8), np.zeros(len(low), np.uint8)
    decoders = Decoders([section])
    decoders.check(_decode(lower, high, np.zeros((256, 2), np.int32), *decoders.arrays[1:]))
    decoders.finish()
    if not high.any():
        raise CorruptBlob("a section of eighth bits that are zero throughout")
    return (lower | high << 7).tobytes()


def _eighth_bits(data: bytes) -> Iterator[tuple[Bytes, Counts]]:
    """Yield the eighth bits of `data`, and the frequencies of zero and one before each.

    The bits come in blocks `(positions,)`, the frequencies as `(positions, 2)`. There are none if
    all bits are zero.
    """
    if data.isascii():
        return
    whole = np.frombuffer(data, np.uint8)
    low, high = (part.astype(np.uint8) for part in (whole & 127, whole >> 7))
    counts = np.zeros((256, 2), np.int32)
    for start in range(0, len(data), BLOCK):
        rows = np.empty((min(BLOCK, len(data) - start), 2), np.int32)
        _follow(low, high, start, counts, rows)
        yield high[start : start + BLOCK], rows


@compiled
def _context(low: Bytes, high: Bytes, at: int) -> np.int64:
    context = np.int64(low[at]) >> 4
    if at > 0:
        context |= (np.int64(low[at - 1]) >> 4) << 3 | np.int64(high[at - 1]) << 6
    if at > 1:
        context |= np.int64(high[at - 2]) << 7
    return context


@compiled
def _predict(seen: Counts, row: Counts) -> None:
    row[0], row[1] = 1 + 256 * seen[0], 1 + 256 * seen[1]


@compiled
def _count(seen: Counts, bit: int) -> None:
    seen[bit] += 1
    if seen[0] + seen[1] > LIMIT:
        seen[0], seen[1] = seen[0] >> 1, seen[1] >> 1


@compiled
def _follow(low: Bytes, high: Bytes, start: int, counts: Counts, rows: Counts) -> None:
    """Fills `rows` (positions, 2) with the frequencies from position `start` on."""
    for at in range(start, start + len(rows)):
        seen = counts[_context(low, high, at)]
        _predict(seen, rows[at - start])
        _count(seen, high[at])


@compiled
def _decode(
    low: Bytes,
    high: Bytes,
    counts: Counts,
    words: NDArray[np.uint32],
    state: NDArray[np.uint64],
) -> int:
    """Fills `high`; a negative number as `next_symbol` gives it if the stream is damaged."""
    row = np.empty(2, np.int32)
    for at in range(len(low)):
        seen = counts[_context(low, high, at)]
        _predict(seen, row)
        bit = next_symbol(row, 0, words, state)
        if bit < 0:
            return bit
        high[at] = bit
        _count(seen, bit)
    return 0

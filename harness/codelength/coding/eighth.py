"""The eighth bits of bytes, coded for who knows the other seven.

Adaptive binary coding: a bit's frequency is one, so that nothing is impossible, plus 256 for each
time it was seen in its context since the counts there were last halved. The context is small: the
eighth bits of the last two bytes, and the upper three of the seven bits of this byte and the last.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.coding.compiled import compiled
from codelength.coding.range_coder import Decoders, Encoder, next_symbol

LIMIT = 255
"""Counts of a context are halved when they sum to more."""

BLOCK = 1 << 16
"""Bits at a time."""


def apart(data: bytes) -> tuple[bytes, bytes]:
    """The lower seven bits of each byte, and the coded eighth ones: nothing where all are zero."""
    if data.isascii():
        return data, b""
    whole = np.frombuffer(data, np.uint8)
    low, high = whole & 127, whole >> 7
    encoder, counts = Encoder(), _counts()
    for start in range(0, len(data), BLOCK):
        laws = np.empty((min(BLOCK, len(data) - start), 2), np.int32)
        _follow(low, high, start, counts, laws)
        encoder.encode(high[start : start + BLOCK], laws)
    return low.tobytes(), encoder.finish()


def together(low: bytes, section: bytes) -> bytes:
    """The inverse of `apart`. Raises CorruptBlob."""
    if not low.isascii():
        raise CorruptBlob("a byte of more than the seven bits that were shown")
    if not section:
        return low
    lower, high = np.frombuffer(low, np.uint8), np.zeros(len(low), np.uint8)
    decoders = Decoders([section])
    decoders.check(_decode(lower, high, _counts(), *decoders.arrays[1:]))
    decoders.finish()
    if not high.any():
        raise CorruptBlob("a section of eighth bits that are zero throughout")
    return (lower | high << 7).tobytes()


def _counts() -> NDArray[np.int32]:
    return np.zeros((256, 2), np.int32)


@compiled
def _context(low: Any, high: Any, at: int) -> Any:
    context = np.int64(low[at]) >> 4
    if at > 0:
        context |= (np.int64(low[at - 1]) >> 4) << 3 | np.int64(high[at - 1]) << 6
    if at > 1:
        context |= np.int64(high[at - 2]) << 7
    return context


@compiled
def _predict(seen: Any, law: Any) -> None:
    law[0], law[1] = 1 + 256 * seen[0], 1 + 256 * seen[1]


@compiled
def _count(seen: Any, bit: int) -> None:
    seen[bit] += 1
    if seen[0] + seen[1] > LIMIT:
        seen[0], seen[1] = seen[0] >> 1, seen[1] >> 1


@compiled
def _follow(low: Any, high: Any, start: int, counts: Any, laws: Any) -> None:
    for at in range(start, start + len(laws)):
        seen = counts[_context(low, high, at)]
        _predict(seen, laws[at - start])
        _count(seen, high[at])


@compiled
def _decode(low: Any, high: Any, counts: Any, words: Any, state: Any) -> Any:
    law = np.empty(2, np.int32)
    for at in range(len(low)):
        seen = counts[_context(low, high, at)]
        _predict(seen, law)
        bit = next_symbol(law, 0, words, state)
        if bit < 0:
            return bit
        high[at] = bit
        _count(seen, bit)
    return 0

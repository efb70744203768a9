"""Which pictures have a model, and the head of their blobs. Nothing heavy is imported."""

from typing import NamedTuple

from codelength import CorruptBlob, Image
from codelength.coding.varint import read_varint

WIDEST, AREA = 1 << 14, 1 << 26
"""Pixels of a row, and numbers of a picture, at most: a column takes some kilobytes of memory."""

CHANNELS = 4


class Shape(NamedTuple):
    """What the head of a blob says."""

    width: int
    height: int
    channels: int
    depth: int
    """Bytes of a number: 1 or 2."""
    most: int
    """The largest number."""
    shift: int
    """Bits that differences lose before the sums."""


def has_model(media: Image) -> bool:
    """Return whether pictures of this shape are coded as such."""
    return (
        media.depth in (8, 16)
        and 1 <= media.channels <= CHANNELS
        and 1 <= media.width <= WIDEST
        and media.height >= 1
        and media.width * media.height * media.channels <= AREA
    )


def read_shape(blob: bytes, at: int = 0) -> tuple[Shape, int]:
    """Return what the head of a blob says, and where its stream begins. Raises CorruptBlob."""
    fields = list[int]()
    for _ in Shape._fields:
        value, at = read_varint(blob, at)
        fields.append(value)
    shape = Shape(*fields)
    known = has_model(Image(shape.width, shape.height, shape.channels, 8 * shape.depth))
    if not known or shape.most >= 1 << 8 * shape.depth or shape.shift > 15:
        raise CorruptBlob(f"a picture that claims {shape}")
    return shape, at

"""Blobs of pictures: their shape, and one stream for all planes.

The planes are coded one after the other, green first. A blob is, as varints, the width, the height,
the channels, the bytes of a number, the largest number and the bits that differences lose; and then
the stream.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.api.media import Image
from codelength.coding.varint import to_varint
from codelength_mix.bits import AT, END, HI, POINT
from codelength_mix.coding import CHEAPEST, stream_ending
from codelength_mix.numbers import BYTES
from codelength_mix.pictures import BOTTOM, LEFT, TOP, code_rows, plane, plane_mixer
from codelength_mix.shapes import Shape, read_shape

BLOCK = 1 << 16
"""Pixels that are coded at a time, so that room for a block's stream is enough."""

TYPICAL = 8
"""Differences are shifted until this is about their mean."""

NOTHING = np.empty(0, np.uint8)
NO_LENGTHS = np.empty((0, 0, 0), np.float64)


class PictureCoding:
    """A picture while it is coded."""

    def __init__(self, shape: Shape, lengths: NDArray[np.float64] = NO_LENGTHS) -> None:
        self.shape = shape
        around = (shape.channels, shape.height + TOP + BOTTOM, shape.width + 2 * LEFT)
        self.planes = np.full(around, (shape.most + 1) // 2, np.int32)
        self.inner = self.planes[:, TOP : TOP + shape.height, LEFT : LEFT + shape.width]
        self.coder = np.zeros(4, np.int64)
        self.coder[HI] = END
        self._errors = np.zeros(around, np.int32)
        self._lengths = lengths

    def code(self, source: NDArray[np.uint8] | None) -> Iterator[bytes]:
        """Encode all, or decode `source`; yield the parts of the stream. Raises CorruptBlob."""
        shape, rows = self.shape, max(1, BLOCK // self.shape.width)
        room = NOTHING if source is not None else np.empty(BYTES * rows * shape.width, np.uint8)
        for number, own in enumerate(self.planes):
            state, mixer = plane(number, shape.width, own.size, shape.most), plane_mixer(self.coder)
            for top in range(0, shape.height, rows):
                bottom = min(top + rows, shape.height)
                fine = code_rows(
                    mixer, state, self.planes, self._errors, number, top, bottom, shape.most,
                    shape.shift, source is not None, NOTHING if source is None else source, room,
                    self._lengths,
                )  # fmt: skip
                if not fine:
                    raise CorruptBlob("a stream of a picture that ends too early")
                if source is None:
                    yield room[: self.coder[AT]].tobytes()
                    self.coder[AT] = 0
            for each in (own, self._errors[number]):
                each[TOP + shape.height :] = each[TOP + shape.height - 1]


def encode_picture(
    data: bytes, media: Image, measure: bool = False
) -> tuple[bytes, NDArray[np.float64]]:
    """Return the blob of a picture, and the bits of each of its bytes if `measure`."""
    pixels = np.frombuffer(data, "<u2" if media.depth == 16 else np.uint8)
    pixels = pixels.reshape(media.height, media.width, media.channels)
    most, depth = int(pixels.max()), media.depth // 8
    shape = Shape(media.width, media.height, media.channels, depth, most, _shift_of(pixels))
    lengths = np.zeros((shape.channels, shape.height, shape.width)) if measure else NO_LENGTHS
    coding = PictureCoding(shape, lengths)
    coding.inner[_order(shape.channels)] = pixels.transpose(2, 0, 1)
    stream = b"".join(coding.code(None)) + stream_ending(coding.coder)
    bits = np.empty(0)
    if measure:
        bits = lengths[_order(shape.channels)].transpose(1, 2, 0).reshape(-1)
        bits = np.repeat(bits / depth, depth)
    return b"".join(map(to_varint, shape)) + stream, bits


def decode_picture(blob: bytes) -> bytes:
    """Return the data behind a blob. Raises CorruptBlob."""
    shape, at = read_shape(blob)
    stream = blob[at:]
    numbers = shape.width * shape.height * shape.channels
    if numbers > CHEAPEST * (8 * len(stream) + 64):
        raise CorruptBlob(f"{numbers} numbers of a picture in a stream of {len(stream)} bytes")
    coding = PictureCoding(shape)
    coding.coder[POINT] = int.from_bytes(stream[:7].ljust(7, b"\0"), "big")
    for _ in coding.code(np.frombuffer(bytearray(stream), np.uint8)):
        pass
    if stream[: coding.coder[AT]] + stream_ending(coding.coder) != stream:
        raise CorruptBlob(f"{len(stream)} bytes that are no stream of a picture")
    pixels = coding.inner[_order(shape.channels)].transpose(1, 2, 0)
    return pixels.astype("<u2" if shape.depth == 2 else np.uint8).tobytes()


def _order(channels: int) -> list[int]:
    """Return the place of each channel among the planes."""
    return [1, 0, 2, 3][:channels] if channels > 2 else [0, 1][:channels]


def _shift_of(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> int:
    """Return by how many bits the differences of neighbours go over what is typical."""
    if pixels.itemsize == 1 or pixels.shape[1] < 2:
        return 0
    mean = int(np.abs(np.diff(pixels.astype(np.int64), axis=1)).mean())
    return max(0, (mean // TYPICAL).bit_length() - 1)

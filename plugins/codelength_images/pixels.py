"""Any bytes as images, and back: all that the three codecs have in common.

Data that an Image hint fits is coded as that image, all other data as 8-bit gray, as near to a
square as its length allows. What is too large for one image becomes several, in the order of the
data. All that decoding needs is in the blob:

    varint   2 × bytes that were appended to fill the last image, + 1 if there are several images
    varint   how many, only if several
    images   each but the last behind its length; the files know their geometry

A picture that is too wide becomes bands of rows, and each band tiles beside each other. Then the
second number is 1, and a third one says how many tiles a band has:

    varint   1
    varint   1
    varint   tiles of a band, 2 or more
    varint   tiles in all
    images

Nothing is a blob of no bytes.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from math import ceil, isqrt, sqrt
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from codelength import RAW, Array, Codec, CorruptBlob, Image, Media
from codelength.coding.varint import join_parts, read_varint, split_parts, to_varint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
    """Rows × columns × channels."""

INTEGERS = ("|u1", "|i1", "<u2", "<i2")
AREA = 1 << 26
"""Samples in one image at most: codecs take some tens of bytes of memory for each."""


class ImageCodec(Codec):
    """An image codec. Subclasses write and read the files of a format."""

    needs: ClassVar[Mapping[str, str]] = {"imagecodecs": "codelength[image]"}
    longest: ClassVar[int]
    """Pixels along one side at most."""

    @abstractmethod
    def write(self, pixels: "Pixels") -> bytes:
        """Return a file of 1 to 4 channels. `read` gives the same pixels of the same depth."""

    @abstractmethod
    def read(self, file: bytes) -> "Pixels":
        """Return the pixels. Calls check_area before it takes memory for them."""

    @abstractmethod
    def overhead(self, file: bytes) -> int:
        """Return the bytes of `file` that belong to its container."""

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        if not data:
            return b""
        media = _as_image(media)
        if wide := _tiles(data, media, self.longest):
            across, tiles = wide
            head = to_varint(1) + to_varint(1) + to_varint(across) + to_varint(len(tiles))
            return head + join_parts(self.write(tile) for tile in tiles)
        images, pad = _images(data, media, self.longest)
        several = len(images) > 1
        head = to_varint(2 * pad + several) + (to_varint(len(images)) if several else b"")
        return head + join_parts(self.write(image) for image in images)

    def drops(self, media: Media) -> bool:
        return isinstance(media, Image) and not _is_known(media)

    def decode(self, blob: bytes) -> bytes:
        if not blob:
            return b""
        pad, across, files = _files(blob)
        images = [self.read(file) for file in files]
        if across > 1:
            images = _beside(images, across)
        data = b"".join(map(_bytes, images))
        size = len(data) - pad
        if size <= 0 or any(data[size:]):
            raise CorruptBlob(f"{len(data)} bytes of pixels that do not end in {pad} bytes of zero")
        return data[:size]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        files = _files(blob)[2] if blob else []
        payload = sum(len(file) - self.overhead(file) for file in files)
        return {"framing": len(blob) - payload, "payload": payload}


def _as_image(media: Media) -> Media:
    """A table of small integers is a picture of one channel; any other hint stays."""
    if isinstance(media, Array) and len(media.shape) == 2 and media.dtype in INTEGERS:
        return Image(media.shape[1], media.shape[0], 1, 8 * media.item_size)
    return media


def near_square(size: int) -> tuple[int, int]:
    """Return rows and columns for `size` ≥ 1 pixels.

    At most four times as wide as high, with the least padding, and among those the nearest to a
    square. 2048 → (32, 64).
    """
    shapes = ((rows, -(-size // rows)) for rows in range(ceil(sqrt(size) / 2), isqrt(size) + 1))
    return min(shapes, key=lambda shape: (shape[0] * shape[1], -shape[0]))


def check_area(width: int, height: int) -> None:
    """Before memory is taken for what a broken file claims; 16-bit WebP has two pixels for one."""
    if width * height > 2 * AREA:
        raise CorruptBlob(f"an image that claims {width} × {height} pixels")


def _images(data: bytes, media: Media, longest: int) -> "tuple[list[Pixels], int]":
    """Return the images of `data`, which is not empty, and the padding of the last one."""
    import numpy as np

    if isinstance(media, Image) and _fits(data, media) and media.width <= longest:
        pixels = _pixels(data, media)
        rows = min(longest * 8 // media.depth, AREA // (media.width * media.channels))
        return [pixels[top : top + rows] for top in range(0, media.height, rows)], 0
    images: list[Pixels] = []
    pad = 0
    for start in range(0, len(data), AREA):
        piece = data[start : start + AREA]
        rows, columns = near_square(len(piece))
        pad = rows * columns - len(piece)
        images.append(np.frombuffer(piece + bytes(pad), np.uint8).reshape(rows, columns, 1))
    return images, pad


def _tiles(data: bytes, media: Media, longest: int) -> "tuple[int, list[Pixels]] | None":
    """A picture that is wider than `longest`.

    How many tiles are beside each other, and the tiles, band by band. None for anything else.
    """
    if not isinstance(media, Image) or not _fits(data, media) or media.width <= longest:
        return None
    pixels, across = _pixels(data, media), -(-media.width // longest)
    width = -(-media.width // across)
    rows = max(1, min(longest * 8 // media.depth, AREA // (width * media.channels)))
    return across, [
        pixels[top : top + rows, left : left + width]
        for top in range(0, media.height, rows)
        for left in range(0, media.width, width)
    ]


def _pixels(data: bytes, media: Image) -> "Pixels":
    import numpy as np

    samples = np.frombuffer(data, np.uint8 if media.depth == 8 else "<u2")
    return samples.reshape(media.height, media.width, media.channels)


def _fits(data: bytes, media: Image) -> bool:
    return _is_known(media) and media.height * media.frame_size == len(data)


def _is_known(media: Image) -> bool:
    return media.depth in (8, 16) and 1 <= media.channels <= 4 and media.width >= 1


def _files(blob: bytes) -> tuple[int, int, list[bytes]]:
    """Parse a blob: the padding, the number of tiles in a band, and the files."""
    head, at = read_varint(blob)
    pad, several = divmod(head, 2)
    count = across = 1
    if several:
        count, at = read_varint(blob, at)
        if count == 1 and not pad:
            across, at = read_varint(blob, at)
            count, at = read_varint(blob, at)
            if across < 2 or not count or count % across:
                raise CorruptBlob(f"{count} tiles, {across} of them beside each other")
    if not several <= count - 1 < len(blob):
        raise CorruptBlob(f"{count} images in a blob of {len(blob)} bytes")
    return pad, across, split_parts(blob[at:], count)


def _beside(tiles: "Sequence[Pixels]", across: int) -> "list[Pixels]":
    """Join tiles to bands. Raises CorruptBlob."""
    bands = [tiles[at : at + across] for at in range(0, len(tiles), across)]
    try:
        return [_concatenate(band) for band in bands]
    except ValueError as error:
        raise CorruptBlob("tiles beside each other that do not fit") from error


def _bytes(pixels: "Pixels") -> bytes:
    return pixels.astype(f"<u{pixels.itemsize}", copy=False).tobytes()


def _concatenate(band: "Sequence[Pixels]") -> "Pixels":
    import numpy as np

    joined = np.concatenate(band, axis=1)
    if joined.itemsize == 1:
        return joined.astype(np.uint8, copy=False)
    return joined.astype(np.uint16, copy=False)

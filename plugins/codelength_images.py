"""PNG, WebP and JPEG XL as codecs for pixels and for any other bytes, by imagecodecs.

Data that an Image hint fits is coded as that image, all other data as 8-bit gray, as near to a
square as its length allows. What is too large for one image becomes several, in the order of the
data. All that decoding needs is in the blob:

    varint   2 × bytes that were appended to fill the last image, + 1 if there are several images
    varint   how many, only if several
    images   each but the last behind its length; the files know their geometry

Nothing is a blob of no bytes.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, isqrt, sqrt
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from codelength import RAW, Codec, CorruptBlob, Image, Media, UsageError, hookimpl
from codelength.framing import join_parts, read_varint, split_parts, varint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
    """Rows × columns × channels."""

AREA = 1 << 26
"""Samples in one image at most: codecs take some tens of bytes of memory for each."""


class ImageCodec(Codec):
    """What the three have in common: all but the files themselves."""

    needs: ClassVar[Mapping[str, str]] = {"imagecodecs": "codelength[image]"}
    longest: ClassVar[int]
    """Pixels along one side at most."""

    @abstractmethod
    def write(self, pixels: "Pixels") -> bytes:
        """A file of 1 to 4 channels, from which `read` makes the same pixels, of the same depth."""

    @abstractmethod
    def read(self, file: bytes) -> "Pixels":
        """The pixels again. Raises CorruptBlob for files of more than AREA samples."""

    @abstractmethod
    def overhead(self, file: bytes) -> int:
        """Bytes of `file` that belong to its container."""

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        if not data:
            return b""
        images, pad = _images(data, media, self.longest)
        several = len(images) > 1
        head = varint(2 * pad + several) + (varint(len(images)) if several else b"")
        return head + join_parts(self.write(image) for image in images)

    def decode(self, blob: bytes) -> bytes:
        if not blob:
            return b""
        pad, files = _files(blob)
        data = b"".join(_bytes(self.read(file)) for file in files)
        size = len(data) - pad
        if size <= 0 or any(data[size:]):
            raise CorruptBlob(f"{len(data)} bytes of pixels that do not end in {pad} bytes of zero")
        return data[:size]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        files = _files(blob)[1] if blob else []
        payload = sum(len(file) - self.overhead(file) for file in files)
        return {"framing": len(blob) - payload, "payload": payload}


@dataclass(frozen=True)
class Png(ImageCodec):
    """Deflate at level 9 behind `filter`: none, or adaptive, where libpng chooses one for each row.
    Unset, both are tried, and zlib's strategy for filtered data too; the smallest file is kept.
    """

    name: ClassVar[str] = "png"
    longest: ClassVar[int] = 1_000_000
    filter: Literal["none", "adaptive"] | None = None

    def __post_init__(self) -> None:
        if self.filter not in (None, "none", "adaptive"):
            raise UsageError(f"png takes filter none or adaptive, not {self.filter}")

    def write(self, pixels: "Pixels") -> bytes:
        from imagecodecs import PNG, png_encode

        tries = {
            "none": [(PNG.FILTER.NONE, PNG.STRATEGY.DEFAULT)],
            "adaptive": [
                (PNG.FILTER.ALL, PNG.STRATEGY.DEFAULT),
                (PNG.FILTER.ALL, PNG.STRATEGY.FILTERED),
            ],
        }
        return min(
            (
                bytes(png_encode(pixels, 9, filter=filter, strategy=strategy))
                for name, settings in tries.items()
                for filter, strategy in settings
                if self.filter in (None, name)
            ),
            key=len,
        )

    def read(self, file: bytes) -> "Pixels":
        from imagecodecs import png_decode

        if file[12:16] != b"IHDR" or not file.endswith(b"IEND\xaeB`\x82"):
            raise CorruptBlob(f"{len(file)} bytes that are no whole PNG file")
        _check_area(*_unpack(file[16:24], 4, "big"))
        return _three_axes(png_decode(file))

    def overhead(self, file: bytes) -> int:
        at, payload = 8, 0
        while at < len(file):
            size = int.from_bytes(file[at : at + 4], "big")
            payload += size if file[at + 4 : at + 8] == b"IDAT" else 0
            at += 12 + size
        return len(file) - payload

    @property
    def versions(self) -> Mapping[str, str]:
        import imagecodecs

        return {"imagecodecs": imagecodecs.__version__, **_named(imagecodecs.png_version())}


@dataclass(frozen=True)
class WebP(ImageCodec):
    """Lossless WebP at `level` of `cwebp -z`, 0 to 9; 9 takes fifteen times as long as 8.

    WebP knows 8-bit colour only, so gray becomes three equal channels, and 16-bit images the
    upper bytes of all samples above the lower. A byte before each file names channels and depth.
    """

    name: ClassVar[str] = "webp"
    longest: ClassVar[int] = 16_382  # the format takes one more, imagecodecs does not
    level: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.level <= 9:
            raise UsageError(f"webp takes level 0 to 9, not {self.level}")

    def write(self, pixels: "Pixels") -> bytes:
        import numpy as np
        from imagecodecs import webp_encode

        channels, depth = pixels.shape[2], 8 * pixels.itemsize
        if depth == 16:
            pixels = np.concatenate((pixels >> 8, pixels & 0xFF)).astype(np.uint8)
        if channels < 3:
            pixels = np.take(pixels, [0, 0, 0, 1][: channels + 2], axis=2)
        method, effort = LEVELS[self.level]
        file = webp_encode(pixels, effort, lossless=True, method=method)
        return bytes([depth + channels]) + bytes(file)

    def read(self, file: bytes) -> "Pixels":
        import numpy as np
        from imagecodecs import webp_decode

        depth, channels = file[0] & ~7, file[0] & 7
        file = file[1:]
        if depth not in (8, 16) or not 1 <= channels <= 4 or file[12:16] != b"VP8L":
            raise CorruptBlob(f"{len(file)} bytes that are no lossless WebP file")
        if len(file) != 8 + int.from_bytes(file[4:8], "little"):
            raise CorruptBlob(f"{len(file)} bytes that are no whole WebP file")
        sides = int.from_bytes(file[21:25], "little")
        _check_area((sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1)
        pixels = webp_decode(file, hasalpha=channels in (2, 4))
        if channels < 3:
            pixels = pixels[..., [0, 3][:channels]]
        if depth == 16:
            upper, lower = np.split(pixels.astype(np.uint16), 2)
            pixels = upper << 8 | lower
        return pixels

    def overhead(self, file: bytes) -> int:
        return 1 + 12 + 8  # ours, and the headers of the file and its one chunk

    @property
    def versions(self) -> Mapping[str, str]:
        import imagecodecs

        return {"imagecodecs": imagecodecs.__version__, **_named(imagecodecs.webp_version())}


LEVELS = [
    *((0, 0), (1, 20), (2, 25), (3, 30), (3, 50)),
    *((4, 50), (4, 75), (4, 90), (5, 90), (6, 100)),
]
"""Method and effort of libwebp's lossless presets (WebPConfigLosslessPreset)."""


@dataclass(frozen=True)
class JpegXl(ImageCodec):
    """Lossless JPEG XL at `effort` 1 to 10; more is not always smaller. The file is a bare
    codestream, but for 16-bit samples, for which the standard wants a container of 49 bytes.

    libjxl's heuristics calculate with floats, so sizes may differ a little from CPU to CPU; the
    pixels never do.
    """

    name: ClassVar[str] = "jxl"
    longest: ClassVar[int] = 1 << 18
    effort: int = 7

    def __post_init__(self) -> None:
        if not 1 <= self.effort <= 10:
            raise UsageError(f"jxl takes effort 1 to 10, not {self.effort}")

    def write(self, pixels: "Pixels") -> bytes:
        from imagecodecs import jpegxl_encode

        file = jpegxl_encode(
            pixels, lossless=True, effort=self.effort, usecontainer=False, numthreads=1
        )
        return bytes(file)

    def read(self, file: bytes) -> "Pixels":
        from imagecodecs import jpegxl_decode

        _check_area(*_jxl_sides(file[self.overhead(file) :]))
        return _three_axes(jpegxl_decode(file, numthreads=1))

    def overhead(self, file: bytes) -> int:
        return 0 if file.startswith(b"\xff\x0a") else file.find(b"jxlc") + 4

    @property
    def versions(self) -> Mapping[str, str]:
        import imagecodecs

        return {"imagecodecs": imagecodecs.__version__, **_named(imagecodecs.jpegxl_version())}


def near_square(size: int) -> tuple[int, int]:
    """Rows and columns for `size` ≥ 1 pixels: at most four times as wide as high, with the least
    padding, and among those the nearest to a square. 2048 → (32, 64)."""
    shapes = ((rows, -(-size // rows)) for rows in range(ceil(sqrt(size) / 2), isqrt(size) + 1))
    return min(shapes, key=lambda shape: (shape[0] * shape[1], -shape[0]))


def _images(data: bytes, media: Media, longest: int) -> "tuple[list[Pixels], int]":
    """The images that stand for `data`, which is not empty, and how much the last one is padded."""
    import numpy as np

    if _fits(data, media, longest):
        assert isinstance(media, Image)
        samples = np.frombuffer(data, np.uint8 if media.depth == 8 else "<u2")
        pixels = samples.reshape(media.height, media.width, media.channels)
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


def _fits(data: bytes, media: Media, longest: int) -> bool:
    return (
        isinstance(media, Image)
        and media.depth in (8, 16)
        and 1 <= media.channels <= 4
        and 1 <= media.width <= longest
        and media.height * media.grain == len(data)
    )


def _files(blob: bytes) -> tuple[int, list[bytes]]:
    """The padding that a blob names, and its files."""
    head, at = read_varint(blob)
    pad, several = divmod(head, 2)
    count = 1
    if several:
        count, at = read_varint(blob, at)
    if not several <= count - 1 < len(blob):
        raise CorruptBlob(f"{count} images in a blob of {len(blob)} bytes")
    return pad, split_parts(blob[at:], count)


def _three_axes(pixels: "NDArray[Any]") -> "Pixels":
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _bytes(pixels: "Pixels") -> bytes:
    return pixels.astype(f"<u{pixels.itemsize}", copy=False).tobytes()


def _unpack(numbers: bytes, size: int, order: Literal["big", "little"]) -> list[int]:
    return [int.from_bytes(numbers[at : at + size], order) for at in range(0, len(numbers), size)]


def _check_area(width: int, height: int) -> None:
    """Before memory is taken for what a broken file claims; 16-bit WebP has two pixels for one."""
    if width * height > 2 * AREA:
        raise CorruptBlob(f"an image that claims {width} × {height} pixels")


def _jxl_sides(stream: bytes) -> tuple[int, int]:
    """Width and height from a codestream's SizeHeader (ISO/IEC 18181-1)."""
    if not stream.startswith(b"\xff\x0a"):
        raise CorruptBlob("no JPEG XL codestream where one should start")
    bits, at = int.from_bytes(stream[2:14], "little"), 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return bits >> at - count & (1 << count) - 1

    def side(eighths: int) -> int:
        return 8 * (take(5) + 1) if eighths else take((9, 13, 18, 30)[take(2)]) + 1

    eighths = take(1)
    height = side(eighths)
    ratio = take(3)
    if not ratio:
        return side(eighths), height
    across, down = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return height * across // down, height


def _named(version: str) -> dict[str, str]:
    """`libpng 1.6.55` → `{"libpng": "1.6.55"}`"""
    library, _, number = version.partition(" ")
    return {library: number}


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Png(), WebP(8), JpegXl(7), JpegXl(9)

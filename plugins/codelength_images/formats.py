"""The three formats, by imagecodecs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from codelength import CorruptBlob, Setting, UsageError
from codelength_images.pixels import ImageCodec, check_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codelength_images.pixels import Pixels


@dataclass(frozen=True)
class Png(ImageCodec):
    """PNG at its smallest: pixels as they are, other bytes as a near-square of gray.

    `filter` is none, or adaptive, where libpng chooses one for each row. Unset, both are tried,
    and zlib's strategy for filtered data too, and the smallest file is kept.
    """

    name: ClassVar[str] = "png"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._png",)
    longest: ClassVar[int] = 1_000_000
    filter: Literal["none", "adaptive"] | None = None

    def __post_init__(self) -> None:
        if self.filter not in (None, "none", "adaptive"):
            raise UsageError(f"png takes filter none or adaptive, not {self.filter}")

    def write(self, pixels: "Pixels") -> bytes:
        from imagecodecs import PNG, png_encode

        room = room_for(pixels)
        tries = {
            "none": [(PNG.FILTER.NONE, PNG.STRATEGY.DEFAULT)],
            "adaptive": [
                (PNG.FILTER.ALL, PNG.STRATEGY.DEFAULT),
                (PNG.FILTER.ALL, PNG.STRATEGY.FILTERED),
            ],
        }
        return min(
            (
                bytes(png_encode(pixels, 9, filter=filter, strategy=strategy, out=room))
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
        check_area(int.from_bytes(file[16:20], "big"), int.from_bytes(file[20:24], "big"))
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

        return {"imagecodecs": imagecodecs.__version__, **named_version(imagecodecs.png_version())}


@dataclass(frozen=True)
class WebP(ImageCodec):
    """Lossless WebP: pixels as they are, other bytes as a near-square of gray.

    `level` is that of `cwebp -z`, 0 to 9; 9 takes fifteen times as long as 8. WebP knows 8-bit
    colour only, so gray becomes three equal channels, and 16-bit images the upper bytes of all
    samples above the lower. A byte before each file names channels and depth.
    """

    name: ClassVar[str] = "webp"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._webp",)
    longest: ClassVar[int] = 16_382  # the format takes one more, imagecodecs does not
    level: Annotated[int, Setting(0, 9, "as `cwebp -z`: more is smaller and slower")] = 8

    def write(self, pixels: "Pixels") -> bytes:
        import numpy as np
        from imagecodecs import webp_encode

        channels, depth = pixels.shape[2], 8 * pixels.itemsize
        if depth == 16:
            pixels = np.concatenate((pixels >> 8, pixels & 0xFF)).astype(np.uint8)
        if channels < 3:
            pixels = pixels[..., [0, 0, 0, 1][: channels + 2]].copy()
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
        check_area((sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1)
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

        return {"imagecodecs": imagecodecs.__version__, **named_version(imagecodecs.webp_version())}


LEVELS = [
    *((0, 0), (1, 20), (2, 25), (3, 30), (3, 50)),
    *((4, 50), (4, 75), (4, 90), (5, 90), (6, 100)),
]
"""Method and effort of libwebp's lossless presets (WebPConfigLosslessPreset)."""


@dataclass(frozen=True)
class JpegXl(ImageCodec):
    """Lossless JPEG XL: pixels as they are, other bytes as a near-square of gray.

    `effort` is 1 to 10; more is not always smaller. The file is a bare codestream, but for 16-bit
    samples, for which the standard wants a container of 49 bytes. libjxl's heuristics calculate
    with floats, so sizes may differ a little from CPU to CPU; the pixels never do.
    """

    name: ClassVar[str] = "jxl"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._jpegxl",)
    longest: ClassVar[int] = 1 << 18
    effort: Annotated[int, Setting(1, 10, "more is slower, and mostly smaller")] = 7

    def write(self, pixels: "Pixels") -> bytes:
        from imagecodecs import jpegxl_encode

        file = jpegxl_encode(
            pixels, lossless=True, effort=self.effort, usecontainer=False, numthreads=1
        )
        return bytes(file)

    def read(self, file: bytes) -> "Pixels":
        from imagecodecs import jpegxl_decode

        check_area(*_jxl_sides(file[self.overhead(file) :]))
        return _three_axes(jpegxl_decode(file, numthreads=1))

    def overhead(self, file: bytes) -> int:
        return 0 if file.startswith(b"\xff\x0a") else file.find(b"jxlc") + 4

    @property
    def versions(self) -> Mapping[str, str]:
        import imagecodecs

        return {
            "imagecodecs": imagecodecs.__version__,
            **named_version(imagecodecs.jpegxl_version()),
        }


def room_for(pixels: "Pixels") -> int:
    """Return the bytes that a PNG of these pixels takes at most.

    Rows of a few pixels of noise grow by more than imagecodecs makes room for by itself.
    """
    return 2 * pixels.nbytes + 16 * len(pixels) + (1 << 16)


def _three_axes(pixels: "NDArray[Any]") -> "Pixels":
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _jxl_sides(stream: bytes) -> tuple[int, int]:
    """Return width and height from a codestream's SizeHeader (ISO/IEC 18181-1)."""
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


def named_version(version: str) -> dict[str, str]:
    """Return `{"libpng": "1.6.55"}` for `libpng 1.6.55`."""
    library, _, number = version.partition(" ")
    return {library: number}

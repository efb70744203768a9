"""Other lossless image formats by imagecodecs: JPEG-LS, JPEG 2000, HTJ2K, JPEG XR, AVIF, QOI.

What a format does not know is made to fit: samples of 16 bits become the upper bytes of all
samples above the lower, channels become gray planes above each other or are repeated. Before each
file stand its channels and depth in one byte, and rows and columns as varints.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from codelength import CorruptBlob, Setting
from codelength.coding.checksum import CHECKSUM, add_checksum, take_checksum
from codelength.coding.varint import read_varint, to_varint
from codelength_images.formats import named_version, room_for
from codelength_images.pixels import ImageCodec, check_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codelength_images.pixels import Pixels


class StandardImage(ImageCodec):
    """A format for some numbers of channels and some depths."""

    by_default: ClassVar[bool] = False
    longest: ClassVar[int] = 1 << 14
    channels: ClassVar[tuple[int, ...]] = (1, 3, 4)
    """How many the format knows."""
    deep: ClassVar[bool] = True
    """It knows samples of 16 bits."""
    frail: ClassVar[bool] = False
    """The decoder is given intact files only: a CRC-32 stands before each."""
    function: ClassVar[str]
    """What `_encode`, `_decode` and `_version` of imagecodecs begin with."""
    reading: ClassVar[Mapping[str, Any]] = {}
    """How its files are decoded."""

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "images")

    @abstractmethod
    def writing(self, pixels: "NDArray[Any]") -> Mapping[str, Any]:
        """Return how pixels are encoded without loss; one channel has no axis."""

    def write(self, pixels: "Pixels") -> bytes:
        rows, columns, channels = pixels.shape
        head = bytes([8 * pixels.itemsize + channels]) + to_varint(rows) + to_varint(columns)
        fitted = self._fitted(pixels)
        file = bytes(self._library("encode")(fitted, **self.writing(fitted)))
        return head + (add_checksum(file) if self.frail else file)

    def read(self, file: bytes) -> "Pixels":
        import numpy as np

        depth, channels = file[0] & ~7, file[0] & 7
        rows, at = read_varint(file, 1)
        columns, at = read_varint(file, at)
        if depth not in (8, 16) or not 1 <= channels <= 4:
            raise CorruptBlob(f"an image of {channels} channels of {depth} bits")
        check_area(columns, rows)
        empty: Any = np.empty((rows, columns, channels), f"u{depth // 8}")
        out = np.empty_like(self._fitted(empty))
        content = take_checksum(file[at:], f"{self.name} file") if self.frail else file[at:]
        self._library("decode")(content, out=out, **self.reading)
        return self._unfitted(out, channels, depth)

    def overhead(self, file: bytes) -> int:
        return read_varint(file, read_varint(file, 1)[1])[1] + CHECKSUM * self.frail

    @property
    def versions(self) -> Mapping[str, str]:
        import imagecodecs

        library = named_version(self._library("version")())
        return {"imagecodecs": imagecodecs.__version__, **library}

    def _library(self, what: str) -> Callable[..., Any]:
        import imagecodecs

        function: Callable[..., Any] = getattr(imagecodecs, f"{self.function}_{what}")
        return function

    def _fitted(self, pixels: "Pixels") -> "NDArray[Any]":
        import numpy as np

        fitted: NDArray[Any] = pixels
        if pixels.itemsize == 2 and not self.deep:
            fitted = np.concatenate((pixels >> 8, pixels & 0xFF)).astype(np.uint8)
        count = fitted.shape[2]
        if count in self.channels:
            pass
        elif 1 in self.channels:
            fitted = np.concatenate([fitted[..., [channel]] for channel in range(count)])
        else:
            fitted = fitted[..., [0, 0, 0, 1][: count + 2]]
        return np.ascontiguousarray(fitted[..., 0] if fitted.shape[2] == 1 else fitted)

    def _unfitted(self, fitted: "NDArray[Any]", channels: int, depth: int) -> "Pixels":
        import numpy as np

        pixels = fitted[..., None] if fitted.ndim == 2 else fitted
        if channels in self.channels:
            pass
        elif 1 in self.channels:
            pixels = np.concatenate(np.split(pixels, channels), axis=2)
        else:
            pixels = pixels[..., [0, 3][:channels]]
        if depth == 16 and not self.deep:
            upper, lower = np.split(pixels.astype(np.uint16), 2)
            pixels = upper << 8 | lower
        return pixels


@dataclass(frozen=True)
class JpegLs(StandardImage):
    """JPEG-LS by CharLS: prediction from three neighbours and Golomb codes; quick and small."""

    name: ClassVar[str] = "jpegls"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._jpegls",)
    frail: ClassVar[bool] = True
    function: ClassVar[str] = "jpegls"

    def writing(self, pixels: "NDArray[Any]") -> Mapping[str, Any]:
        return {"level": 0, "out": room_for(pixels)}


@dataclass(frozen=True)
class Jpeg2000(StandardImage):
    """JPEG 2000 by OpenJPEG, with the reversible wavelet and colour transform."""

    name: ClassVar[str] = "jpeg2000"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._jpeg2k",)
    function: ClassVar[str] = "jpeg2k"
    reading: ClassVar[Mapping[str, Any]] = {"numthreads": 1}

    def writing(self, pixels: "NDArray[Any]") -> Mapping[str, Any]:
        colour = pixels.ndim == 3
        return {"reversible": True, "codecformat": "j2k", "mct": colour, "numthreads": 1}


@dataclass(frozen=True)
class Htj2k(StandardImage):
    """High-throughput JPEG 2000 by OpenJPH: a block coder that is some ten times as fast."""

    name: ClassVar[str] = "htj2k"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._htj2k",)
    frail: ClassVar[bool] = True
    function: ClassVar[str] = "htj2k"

    def writing(self, pixels: "NDArray[Any]") -> Mapping[str, Any]:
        return {"reversible": True}


@dataclass(frozen=True)
class JpegXr(StandardImage):
    """JPEG XR by jxrlib, lossless."""

    name: ClassVar[str] = "jpegxr"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._jpegxr",)
    frail: ClassVar[bool] = True
    function: ClassVar[str] = "jpegxr"

    def writing(self, pixels: "NDArray[Any]") -> Mapping[str, Any]:
        return {"level": 1.0}


@dataclass(frozen=True)
class Avif(StandardImage):
    """AVIF by libaom, lossless: what a video codec makes of one picture."""

    name: ClassVar[str] = "avif"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._avif",)
    function: ClassVar[str] = "avif"
    reading: ClassVar[Mapping[str, Any]] = {"numthreads": 1}
    deep: ClassVar[bool] = False
    speed: Annotated[int, Setting(0, 10, "less is smaller and slower")] = 6

    def writing(self, pixels: "NDArray[Any]") -> Mapping[str, Any]:
        return {"level": 100, "speed": self.speed, "numthreads": 1}


@dataclass(frozen=True)
class Qoi(StandardImage):
    """QOI, the Quite OK Image format: very quick, for colour of 8 bits."""

    name: ClassVar[str] = "qoi"
    library: ClassVar[tuple[str, ...]] = ("imagecodecs._qoi",)
    frail: ClassVar[bool] = True
    function: ClassVar[str] = "qoi"
    channels: ClassVar[tuple[int, ...]] = (3, 4)
    deep: ClassVar[bool] = False

    def writing(self, pixels: "NDArray[Any]") -> Mapping[str, Any]:
        return {}

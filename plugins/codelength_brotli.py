"""Brotli, by Google's own package.

Windows end at 2^24 bytes here. The format's large-window extension, to 2^30, is out of reach of
Python: neither this package (google/brotli#1541) nor brotlicffi or imagecodecs can switch it on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from codelength import RAW, Codec, Media, UsageError, hookimpl


@dataclass(frozen=True)
class Brotli(Codec):
    """Brotli, with matches as far as 2^window bytes back.

    One stream in the generic mode. It has no header to speak of and no checksum, so all of it is
    payload.
    """

    name: ClassVar[str] = "brotli"
    needs: ClassVar[Mapping[str, str]] = {"brotli": "codelength[classical]"}
    library: ClassVar[tuple[str, ...]] = ("_brotli",)
    quality: int = 11
    window: int = 24

    def __post_init__(self) -> None:
        if not 0 <= self.quality <= 11:
            raise UsageError(f"brotli takes quality 0 to 11, not {self.quality}")
        if not 10 <= self.window <= 24:
            raise UsageError(f"brotli takes window 10 to 24, not {self.window}")

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import brotli

        blob: bytes = brotli.compress(data, quality=self.quality, lgwin=self.window)
        return blob

    def decode(self, blob: bytes) -> bytes:
        import brotli

        data: bytes = brotli.decompress(blob)
        return data

    @property
    def versions(self) -> Mapping[str, str]:
        import brotli

        return {"brotli": brotli.__version__}


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Brotli(5), Brotli(11)

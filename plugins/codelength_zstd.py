"""Zstandard, from fast to its largest windows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from codelength import RAW, Codec, CorruptBlob, Media, Setting, hookimpl

STEEPEST = 1 << 15
"""Four bytes can stand for a block of 2^17, so no frame unfolds to more times itself."""


@dataclass(frozen=True)
class Zstd(Codec):
    """Zstandard; `long` adds matches as far as 2^long bytes back.

    One frame with the content's size in it, which the fast one-shot decoder needs, and without a
    checksum, as is the library's default: the harness compares every byte, and at 2048-byte chunks
    the four bytes would cost a third of a percent.
    """

    name: ClassVar[str] = "zstd"
    needs: ClassVar[Mapping[str, str]] = {"zstandard": "codelength[classical]"}
    library: ClassVar[tuple[str, ...]] = ("zstandard.backend_c",)
    level: Annotated[int, Setting(-131072, 22, "more is smaller and slower; below 0 is fast")] = 3
    long: Annotated[int | None, Setting(10, 31, "matches as far back as 2^long bytes")] = None

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "fast") if self.level <= 9 else super().groups

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import zstandard

        longer = {} if self.long is None else {"window_log": self.long, "enable_ldm": True}
        parameters = zstandard.ZstdCompressionParameters.from_level(
            self.level, source_size=len(data), **longer
        )
        return zstandard.ZstdCompressor(compression_params=parameters).compress(data)

    def decode(self, blob: bytes) -> bytes:
        import zstandard

        size = zstandard.get_frame_parameters(blob).content_size
        if size > STEEPEST * len(blob):
            raise CorruptBlob(f"a zstd frame of {len(blob)} bytes that claims to hold {size}")
        if not size and blob != self.encode(b""):  # the library would not read on
            raise CorruptBlob("a zstd frame of nothing, with something in it")
        decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        return decompressor.decompress(blob, allow_extra_data=False)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """Framing is the frame's header and the three bytes before each block."""
        import zstandard

        at = zstandard.frame_header_size(blob)
        payload, last = 0, False
        while not last:
            header = int.from_bytes(blob[at : at + 3], "little")
            last = bool(header & 1)
            repeats_one_byte = header >> 1 & 3 == 1
            size = 1 if repeats_one_byte else header >> 3
            payload += size
            at += 3 + size
        return {"framing": len(blob) - payload, "payload": payload}

    @property
    def versions(self) -> Mapping[str, str]:
        import zstandard

        library = ".".join(map(str, zstandard.ZSTD_VERSION))
        return {"zstandard": zstandard.__version__, "libzstd": library}


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Zstd(3), Zstd(19), Zstd(22, long=27)

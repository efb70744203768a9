"""Zstandard, from fast to its largest windows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING, Annotated, ClassVar, cast

from codelength import RAW, Codec, CorruptBlob, Media, Setting, hookimpl
from codelength.api.codec import Sink, Source
from codelength.api.media import LARGE

if TYPE_CHECKING:
    from zstandard import ZstdCompressor

STEEPEST = 1 << 15
"""Four bytes can stand for a block of 2^17, so no frame unfolds to more times itself."""


@dataclass(frozen=True)
class Zstd(Codec):
    """Zstandard; `long` adds matches as far as 2^long bytes back.

    One frame with the content's size in it, which the fast one-shot decoder needs, and without a
    checksum, as is the library's default: the harness compares every byte, and at 2048-byte chunks
    the four bytes would cost a third of a percent.

    More than LARGE bytes are coded as a stream, as the zstd tool codes files: the library divides
    them into blocks in another way, and frames are up to half a percent larger.
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
        if len(data) <= LARGE:
            return self._compressor(len(data)).compress(data)
        sink = BytesIO()
        self.encode_stream(BytesIO(data), sink, len(data))
        return sink.getvalue()

    def _compressor(self, size: int) -> "ZstdCompressor":
        import zstandard

        longer = {} if self.long is None else {"window_log": self.long, "enable_ldm": True}
        parameters = zstandard.ZstdCompressionParameters.from_level(
            self.level, source_size=size, **longer
        )
        return zstandard.ZstdCompressor(compression_params=parameters)

    def decode(self, blob: bytes) -> bytes:
        import zstandard

        size = zstandard.get_frame_parameters(blob).content_size
        if size > STEEPEST * len(blob):
            raise CorruptBlob(f"a zstd frame of {len(blob)} bytes that claims to hold {size}")
        if not size and blob != self.encode(b""):  # the library would not read on
            raise CorruptBlob("a zstd frame of nothing, with something in it")
        decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        return decompressor.decompress(blob, allow_extra_data=False)

    @property
    def streams(self) -> bool:
        return True

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        if size <= LARGE:
            super().encode_stream(source, sink, size)
        else:
            files = cast("IO[bytes]", source), cast("IO[bytes]", sink)
            self._compressor(size).copy_stream(*files, size=size)

    def decode_stream(self, source: Source, sink: Sink) -> None:
        import zstandard

        frame = _Frame(source)
        decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        files = cast("IO[bytes]", frame), cast("IO[bytes]", sink)
        _, size = decompressor.copy_stream(*files)
        whole = frame.head and zstandard.get_frame_parameters(frame.head).content_size == size
        if not whole or (not size and frame.head != self.encode(b"")):
            raise CorruptBlob(f"a zstd frame that breaks off or goes on after {size} bytes")

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """Framing is the frame's header and the three bytes before each block."""
        import zstandard

        at = zstandard.frame_header_size(blob[:18])
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


class _Frame:
    """A source that keeps what it begins with."""

    def __init__(self, source: Source) -> None:
        self._source, self.head = source, b""

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.head = self.head or data[:18]
        return data


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Zstd(3), Zstd(19), Zstd(22, long=27)

"""LZ4 in its frame format: about as fast as copying, at one end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, Any, ClassVar

from codelength import RAW, Codec, CorruptBlob, Media, Setting, hookimpl
from codelength.api.codec import Sink, Source
from codelength.api.media import LARGE

BLOCK = 1 << 22
"""Bytes of a block."""
STEEPEST = 255
"""A byte adds at most this much to a match's length, so no frame unfolds to more times itself."""


@dataclass(frozen=True)
class Lz4(Codec):
    """LZ4 in its frame format.

    One frame: linked blocks of 4 MiB, the content's size, no checksum of the content. Levels below
    0 trade size for speed, 0 to 2 are the usual fast ones, 3 to 12 search longer.
    """

    name: ClassVar[str] = "lz4"
    needs: ClassVar[Mapping[str, str]] = {"lz4": "codelength[classical]"}
    library: ClassVar[tuple[str, ...]] = ("lz4.frame._frame",)
    level: Annotated[int, Setting(-65537, 12, "more is smaller and slower; from 3 on, much")] = 0

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "fast")

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import lz4.frame

        if len(data) <= LARGE:
            blob: bytes = lz4.frame.compress(data, store_size=True, **self._options)
            return blob
        sink = BytesIO()
        self.encode_stream(BytesIO(data), sink, len(data))
        return sink.getvalue()

    def decode(self, blob: bytes) -> bytes:
        import lz4.frame

        size = lz4.frame.get_frame_info(blob)["content_size"]
        if size > STEEPEST * len(blob):
            raise CorruptBlob(f"an lz4 frame of {len(blob)} bytes that claims to hold {size}")
        data, read = lz4.frame.decompress(blob, return_bytes_read=True)
        if read != len(blob):
            raise CorruptBlob(f"{len(blob) - read} bytes behind the end of an lz4 frame")
        return bytes(data)

    @property
    def _options(self) -> dict[str, Any]:
        import lz4.frame

        return {
            "compression_level": self.level,
            "block_size": lz4.frame.BLOCKSIZE_MAX4MB,
            "block_linked": True,
            "content_checksum": False,
            "block_checksum": False,
        }

    @property
    def streams(self) -> bool:
        return True

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        import lz4.frame

        if size <= LARGE:  # the library finds a few matches less across the blocks of a stream
            return super().encode_stream(source, sink, size)
        compressor = lz4.frame.LZ4FrameCompressor(auto_flush=True, **self._options)
        sink.write(compressor.begin(size))
        while block := source.read(BLOCK):
            sink.write(compressor.compress(block))
        sink.write(compressor.flush())
        return None

    def decode_stream(self, source: Source, sink: Sink) -> None:
        import lz4.frame

        decompressor = lz4.frame.LZ4FrameDecompressor()
        piece = b""
        while not decompressor.eof and (
            not decompressor.needs_input or (piece := source.read(BLOCK // 4))
        ):
            sink.write(decompressor.decompress(piece, BLOCK))
            piece = b""
        if not decompressor.eof or decompressor.unused_data or source.read(1):
            raise CorruptBlob("an lz4 frame that breaks off, or something behind its end")

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """Framing is the frame's header, the four bytes before each block, and the end mark."""
        has_size = blob[4] & 0x08
        at, payload = 15 if has_size else 7, 0
        while header := int.from_bytes(blob[at : at + 4], "little"):
            size = header & 0x7FFF_FFFF  # the bit above says that the block is stored as it is
            payload += size
            at += 4 + size
        return {"framing": len(blob) - payload, "payload": payload}

    @property
    def versions(self) -> Mapping[str, str]:
        import lz4

        return {"lz4": lz4.__version__, "liblz4": lz4.library_version_string()}


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Lz4(0), Lz4(12)

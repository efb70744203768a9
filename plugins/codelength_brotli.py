"""Brotli, by Google's own package.

Windows end at 2^24 bytes here. The format's large-window extension, to 2^30, is out of reach of
Python: neither this package (google/brotli#1541) nor brotlicffi or imagecodecs can switch it on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from codelength import RAW, Codec, CorruptBlob, Media, Setting, hookimpl
from codelength.api.codec import Sink, Source

PIECE, LONGEST = 1 << 24, 1 << 22
"""Bytes of a stream that are read at once to encode, the largest window, and that are written at
once. With pieces that end within a window, the lowest qualities make another stream."""


@dataclass(frozen=True)
class Brotli(Codec):
    """Brotli, with matches as far as 2^window bytes back.

    One stream in the generic mode. It has no header to speak of and no checksum, so all of it is
    payload.
    """

    name: ClassVar[str] = "brotli"
    needs: ClassVar[Mapping[str, str]] = {"brotli": "codelength[classical]"}
    library: ClassVar[tuple[str, ...]] = ("_brotli",)
    quality: Annotated[int, Setting(0, 11, "more is smaller and slower")] = 11
    window: Annotated[int, Setting(10, 24, "matches as far back as 2^window bytes")] = 24

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import brotli

        blob: bytes = brotli.compress(data, quality=self.quality, lgwin=self.window)
        return blob

    def decode(self, blob: bytes) -> bytes:
        import brotli

        data: bytes = brotli.decompress(blob)
        return data

    @property
    def streams(self) -> bool:
        return True

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        import brotli

        compressor = brotli.Compressor(quality=self.quality, lgwin=self.window)
        while piece := source.read(PIECE):
            sink.write(compressor.process(piece))
        sink.write(compressor.finish())

    def decode_stream(self, source: Source, sink: Sink) -> None:
        import brotli

        decompressor = brotli.Decompressor()
        piece = source.read(LONGEST // 4)
        made = b""
        while piece or made or not decompressor.can_accept_more_data():
            made = decompressor.process(piece, output_buffer_limit=LONGEST)
            sink.write(made)
            piece = source.read(LONGEST // 4) if decompressor.can_accept_more_data() else b""
        if not decompressor.is_finished():
            raise CorruptBlob("a brotli stream that breaks off")

    @property
    def versions(self) -> Mapping[str, str]:
        import brotli

        return {"brotli": brotli.__version__}


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Brotli(5), Brotli(11)

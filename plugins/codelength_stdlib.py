"""What Python comes with: a plain copy, gzip, zlib, bzip2 and xz.

Streams are whole ones in their usual formats, so other tools read the blobs; `ledger` says what
the formats cost. The decoders refuse a stream that breaks off or has something behind its end.
"""

import bz2
import lzma
import platform
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, ClassVar, Protocol

from codelength import RAW, Codec, CorruptBlob, Media, Setting, UsageError, hookimpl
from codelength.api.codec import Sink, Source
from codelength.coding.varint import read_varint

WINDOWS = [1 << bits for bits in (18, 20, 21, 22, 22, 23, 23, 24, 25, 26)]
"""The dictionary that each xz preset stands for, in bytes."""

PIECE = 1 << 16
"""Bytes of a stream that are read at once."""
LONGEST = 1 << 22
"""Bytes that a decoder of streams gives at once."""

SLOWER = Setting(0, 9, "more is smaller and slower")


class StandardCodec(Codec):
    """A codec that depends on the interpreter and what it was linked with, and on nothing else.

    Python tells the version of its zlib only; bzip2 and liblzma go with the interpreter's build.
    """

    @property
    def versions(self) -> Mapping[str, str]:
        return {"python": f"{platform.python_version()} {platform.python_build()[0]}"}


@dataclass(frozen=True)
class Store(StandardCodec):
    """A copy of the data: the row that says what doing nothing costs."""

    name: ClassVar[str] = "store"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return bytes(memoryview(data))  # bytes(data) would hand back the same object

    def decode(self, blob: bytes) -> bytes:
        return bytes(memoryview(blob))

    @property
    def streams(self) -> bool:
        return True

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        self.decode_stream(source, sink)

    def decode_stream(self, source: Source, sink: Sink) -> None:
        while piece := source.read(PIECE):
            sink.write(piece)


class Deflate(StandardCodec):
    """Deflate as zlib codes it, in one of its wrappings."""

    wrapping: ClassVar[int]
    """What zlib calls wbits: a window of 2^15 bytes, plus 16 for gzip's header and trailer."""
    around: ClassVar[int]
    """Bytes of header and trailer."""
    library: ClassVar[tuple[str, ...]] = ("zlib",)
    level: Annotated[int, SLOWER]

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "fast")

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return zlib.compress(data, self.level, self.wrapping)  # no name, and a time of 0

    def decode(self, blob: bytes) -> bytes:
        return _whole(zlib.decompressobj(self.wrapping), blob, self.name)

    @property
    def streams(self) -> bool:
        """Whether blocks are the same in a stream; those of level 0 are not."""
        return self.level > 0

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        if not self.streams:
            return super().encode_stream(source, sink, size)
        return _encode(zlib.compressobj(self.level, wbits=self.wrapping), source, sink)

    def decode_stream(self, source: Source, sink: Sink) -> None:
        reader = zlib.decompressobj(self.wrapping)
        rest = b""
        while not reader.eof and (piece := rest or source.read(PIECE)):
            sink.write(reader.decompress(piece, LONGEST))
            rest = reader.unconsumed_tail
        sink.write(reader.flush())
        _check_end(reader, source, self.name)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return {"framing": self.around, "payload": len(blob) - self.around}

    @property
    def versions(self) -> Mapping[str, str]:
        return {"zlib": zlib.ZLIB_RUNTIME_VERSION}


@dataclass(frozen=True)
class Gzip(Deflate):
    """Deflate, as `gzip -n` writes it."""

    name: ClassVar[str] = "gzip"
    wrapping: ClassVar[int] = 15 + 16
    around: ClassVar[int] = 10 + 8
    level: Annotated[int, SLOWER] = 9


@dataclass(frozen=True)
class Zlib(Deflate):
    """Deflate in the slimmer of its two wrappings: 6 bytes instead of gzip's 18."""

    name: ClassVar[str] = "zlib"
    wrapping: ClassVar[int] = 15
    around: ClassVar[int] = 2 + 4
    level: Annotated[int, SLOWER] = 9


@dataclass(frozen=True)
class Bz2(StandardCodec):
    """Burrows-Wheeler transform in blocks of `level` × 100 kB."""

    name: ClassVar[str] = "bz2"
    library: ClassVar[tuple[str, ...]] = ("_bz2",)
    level: Annotated[int, Setting(1, 9, "blocks of so many 100 kB")] = 9

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return bz2.compress(data, self.level)

    def decode(self, blob: bytes) -> bytes:
        return _whole(bz2.BZ2Decompressor(), blob, self.name)

    @property
    def streams(self) -> bool:
        return True

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        _encode(bz2.BZ2Compressor(self.level), source, sink)

    def decode_stream(self, source: Source, sink: Sink) -> None:
        _decode(bz2.BZ2Decompressor(), source, sink, self.name)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """The trailer's 80 bits end on no byte's edge; the byte they share is the payload's."""
        around = 4 + 10
        return {"framing": around, "payload": len(blob) - around}


@dataclass(frozen=True)
class Xz(StandardCodec):
    """LZMA2 in an .xz file; `preset` is that of the xz tool: 0 to 9, and `e` for extreme."""

    name: ClassVar[str] = "xz"
    library: ClassVar[tuple[str, ...]] = ("_lzma",)
    preset: Annotated[str, Setting(meaning="0 to 9, and e behind it for extreme")] = "9e"

    def __post_init__(self) -> None:
        digit, extreme = self.preset[:1], self.preset[1:]
        if len(digit) != 1 or digit not in "0123456789" or extreme not in ("", "e"):
            raise UsageError(f"xz takes preset 0 to 9 or 0e to 9e, not {self.preset}")

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return lzma.compress(data, lzma.FORMAT_XZ, filters=[self._filter(len(data))])

    def decode(self, blob: bytes) -> bytes:
        return _whole(lzma.LZMADecompressor(lzma.FORMAT_XZ), blob, self.name)

    @property
    def streams(self) -> bool:
        return True

    def encode_stream(self, source: Source, sink: Sink, size: int) -> None:
        _encode(lzma.LZMACompressor(filters=[self._filter(size)]), source, sink)

    def decode_stream(self, source: Source, sink: Sink) -> None:
        _decode(lzma.LZMADecompressor(lzma.FORMAT_XZ), source, sink, self.name)

    def _filter(self, size: int) -> dict[str, int]:
        level, extreme = int(self.preset[0]), self.preset.endswith("e")
        return {
            "id": lzma.FILTER_LZMA2,
            "preset": level | (lzma.PRESET_EXTREME if extreme else 0),
            # No more than the data can use. Setting up the 64 MiB of preset 9 takes 50 ms, which
            # for 2 kB is a hundred times the coding, and only tells in the byte that declares it.
            "dict_size": max(4096, min(WINDOWS[level], size)),
        }

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """The index at the end tells the size of the one block.

        Its header, its padding and its checksum are framing, as are the file's header, index and
        footer.
        """
        footer = 12
        index = 4 * (int.from_bytes(blob[-8:-4], "little") + 1)
        block = len(blob) - 12 - index - footer
        if not block:
            return {"framing": len(blob), "payload": 0}
        header, checksum = 4 * (blob[12] + 1), 8
        unpadded, _ = read_varint(blob, len(blob) - footer - index + 2)
        payload = unpadded - header - checksum
        return {"framing": len(blob) - payload, "payload": payload}


class _Reader(Protocol):
    """What the decompressors of zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _StreamReader(_Reader, Protocol):
    """What the decompressors of bz2 and lzma have in common, too."""

    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes: ...


class _Writer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _encode(writer: _Writer, source: Source, sink: Sink) -> None:
    while piece := source.read(PIECE):
        if made := writer.compress(piece):
            sink.write(made)
    sink.write(writer.flush())


def _decode(reader: _StreamReader, source: Source, sink: Sink, name: str) -> None:
    piece = b""
    while not reader.eof and (not reader.needs_input or (piece := source.read(PIECE))):
        sink.write(reader.decompress(piece, LONGEST))
        piece = b""
    _check_end(reader, source, name)


def _check_end(reader: _Reader, source: Source, name: str) -> None:
    if not reader.eof:
        raise CorruptBlob(f"a {name} stream that breaks off")
    if behind := len(reader.unused_data) + len(source.read(PIECE)):
        raise CorruptBlob(f"{behind} bytes behind the end of a {name} stream")


def _whole(reader: _Reader, blob: bytes, name: str) -> bytes:
    data = reader.decompress(blob)
    _check_end(reader, BytesIO(), name)
    return data


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield Store()
    yield from (Gzip(6), Gzip(9), Zlib(9), Bz2(9), Xz("9"), Xz("9e"))

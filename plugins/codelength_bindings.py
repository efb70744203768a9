"""Compressors of bytes that a Python package binds, each by one small class.

None of them is part of a run that names no codecs: `--codecs @bindings` asks for all of them,
`--codecs kanzi:level=1..9` for the levels of one.
"""

import zlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from codelength import RAW, Codec, CorruptBlob, Media, Setting, hookimpl
from codelength.coding.varint import read_varint, to_varint

SLOWER = "more is smaller and slower"
SMALLEST = 65 << 10
"""Bytes of bzip3's smallest block. The decoder takes memory for a whole block."""


class Binding(Codec):
    """A compressor whose streams are files that the program of that name reads, too."""

    by_default: ClassVar[bool] = False

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "bindings")


class Deflating(Binding):
    """A stream of zlib's format, made by another library; zlib's own decoder checks its end."""

    def decode(self, blob: bytes) -> bytes:
        stream = zlib.decompressobj()
        data = stream.decompress(blob)
        if not stream.eof or stream.unused_data:
            raise CorruptBlob(f"{len(blob)} bytes that are no whole zlib stream")
        return data

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return {"framing": 6, "payload": len(blob) - 6}


@dataclass(frozen=True)
class Isal(Deflating):
    """Deflate by Intel's ISA-L: the fastest there is, at four levels."""

    name: ClassVar[str] = "isal"
    needs: ClassVar[Mapping[str, str]] = {"isal": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("isal.isal_zlib",)
    level: Annotated[int, Setting(0, 3, SLOWER)] = 2

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        from isal import isal_zlib

        return isal_zlib.compress(data, level=self.level)


@dataclass(frozen=True)
class ZlibNg(Deflating):
    """Deflate by zlib-ng, zlib made anew for today's processors."""

    name: ClassVar[str] = "zlib-ng"
    needs: ClassVar[Mapping[str, str]] = {"zlib_ng": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("zlib_ng.zlib_ng",)
    level: Annotated[int, Setting(0, 9, SLOWER)] = 6

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        from zlib_ng import zlib_ng

        return zlib_ng.compress(data, level=self.level)

    @property
    def versions(self) -> Mapping[str, str]:
        from zlib_ng import zlib_ng

        return {"zlib-ng": str(zlib_ng.ZLIBNG_VERSION)}


@dataclass(frozen=True)
class Zopfli(Deflating):
    """Deflate by Zopfli, which searches long; decoding is zlib's."""

    name: ClassVar[str] = "zopfli"
    needs: ClassVar[Mapping[str, str]] = {"zopfli": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("zlib",)
    iterations: Annotated[int, Setting(1, 1000, SLOWER)] = 15

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        from zopfli.zlib import compress

        blob: bytes = compress(data, numiterations=self.iterations)
        return blob


@dataclass(frozen=True)
class Bzip3(Binding):
    """Bzip3: Burrows-Wheeler blocks and an order-0 mixing coder, as in files of the program."""

    name: ClassVar[str] = "bzip3"
    needs: ClassVar[Mapping[str, str]] = {"bz3": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("bz3.backends.cython._bz3",)
    block: Annotated[int, Setting(1, 511, "MiB of a block: more is smaller and takes memory")] = 16

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import bz3

        block = min(self._largest, max(len(data), SMALLEST))
        return bytes(bz3.compress(data, block)) if data else b""

    def decode(self, blob: bytes) -> bytes:
        import bz3

        if not blob:
            return b""
        if sum(_block_sizes(blob, self._largest)) == 0:
            raise CorruptBlob(f"a bzip3 file of {len(blob)} bytes without a block")
        return bytes(bz3.decompress(blob))

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        payload = sum(_block_sizes(blob, self._largest)) if blob else 0
        return {"framing": len(blob) - payload, "payload": payload}

    @property
    def _largest(self) -> int:
        return self.block << 20

    @property
    def versions(self) -> Mapping[str, str]:
        import bz3

        return {"bzip3": bz3.libversion()}


def _block_sizes(file: bytes, largest: int) -> Iterator[int]:
    """Return what the blocks of a bzip3 file take; its decoder trusts what they say of themselves.

    Raises CorruptBlob.
    """
    block = int.from_bytes(file[5:9], "little")
    at = 9
    if file[:5] != b"BZ3v1" or not SMALLEST <= block <= largest:
        raise CorruptBlob(f"{len(file)} bytes that are no bzip3 file of blocks to {largest} bytes")
    while at < len(file):
        coded, size = (int.from_bytes(file[at + i : at + i + 4], "little") for i in (0, 4))
        at += 8 + coded
        if size > block or at > len(file):
            raise CorruptBlob(f"a bzip3 block that claims {size} bytes in {coded}")
        yield coded


@dataclass(frozen=True)
class Kanzi(Binding):
    """Kanzi: from fast dictionary coding (1) over Burrows-Wheeler (6) to context mixing (9)."""

    name: ClassVar[str] = "kanzi"
    needs: ClassVar[Mapping[str, str]] = {"kanzi": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("kanzi.kanzi",)
    level: Annotated[int, Setting(0, 9, SLOWER)] = 6

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        from kanzi import compress

        return bytes(compress(data, self.level))

    def decode(self, blob: bytes) -> bytes:
        from kanzi import decompress

        return bytes(decompress(blob))


class Sized(Binding):
    """A format that does not say how much it holds: the size stands before it, as a varint."""

    steepest: ClassVar[int]
    """Bytes that one byte of the stream stands for at most, and as many for its start."""

    @abstractmethod
    def compress(self, data: bytes) -> bytes:
        """Return the stream of `data`, which is not empty."""

    @abstractmethod
    def decompress(self, stream: bytes, size: int) -> bytes:
        """Return what a stream holds."""

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return to_varint(len(data)) + (self.compress(data) if data else b"")

    def decode(self, blob: bytes) -> bytes:
        size, at = read_varint(blob)
        stream = blob[at:]
        if size > self.steepest * (len(stream) + 1):
            raise CorruptBlob(f"{len(blob)} bytes of {self.name} that claim to hold {size}")
        data = self.decompress(stream, size) if stream else b""
        if len(data) != size:
            raise CorruptBlob(f"{len(data)} bytes where the blob says {size}")
        return data

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        framing = read_varint(blob)[1]
        return {"framing": framing, "payload": len(blob) - framing}


@dataclass(frozen=True)
class Libdeflate(Sized):
    """Deflate by libdeflate, which codes whole buffers at once; from level 10 on near-optimal."""

    name: ClassVar[str] = "libdeflate"
    needs: ClassVar[Mapping[str, str]] = {"deflate": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("deflate",)
    steepest: ClassVar[int] = 1032
    level: Annotated[int, Setting(1, 12, SLOWER)] = 6

    def compress(self, data: bytes) -> bytes:
        import deflate

        return bytes(deflate.deflate_compress(data, self.level))

    def decompress(self, stream: bytes, size: int) -> bytes:
        import deflate

        return bytes(deflate.deflate_decompress(stream, size))


@dataclass(frozen=True)
class Snappy(Sized):
    """Snappy in its raw format, by cramjam."""

    name: ClassVar[str] = "snappy"
    needs: ClassVar[Mapping[str, str]] = {"cramjam": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("cramjam.cramjam",)
    steepest: ClassVar[int] = 64

    def compress(self, data: bytes) -> bytes:
        import cramjam

        return bytes(cramjam.snappy.compress_raw(data))

    def decompress(self, stream: bytes, size: int) -> bytes:
        import cramjam

        if read_varint(stream)[0] != size:
            raise CorruptBlob("a snappy stream whose size is another one than the blob's")
        return bytes(cramjam.snappy.decompress_raw(stream))


@dataclass(frozen=True)
class Lzo(Sized):
    """LZO1X-999, the slow and small encoder of the format that decodes fastest of its age."""

    name: ClassVar[str] = "lzo"
    needs: ClassVar[Mapping[str, str]] = {"lzallright": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("lzallright._lzallright",)
    steepest: ClassVar[int] = 1 << 8

    def compress(self, data: bytes) -> bytes:
        from lzallright import LZOCompressor

        return bytes(LZOCompressor().compress(data))

    def decompress(self, stream: bytes, size: int) -> bytes:
        from lzallright import LZOCompressor

        return bytes(LZOCompressor.decompress(stream, output_size_hint=size))


@dataclass(frozen=True)
class Lzfse(Sized):
    """LZFSE: Lempel-Ziv with finite-state entropy coding, Apple's own."""

    name: ClassVar[str] = "lzfse"
    needs: ClassVar[Mapping[str, str]] = {"lzfse": "codelength[bindings]"}
    library: ClassVar[tuple[str, ...]] = ("lzfse",)
    steepest: ClassVar[int] = 1 << 16

    def compress(self, data: bytes) -> bytes:
        import lzfse

        return bytes(lzfse.compress(data))

    def decompress(self, stream: bytes, size: int) -> bytes:
        import lzfse

        return bytes(lzfse.decompress(stream))


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield from (Isal(), ZlibNg(9), Libdeflate(12), Zopfli(), Bzip3(), Kanzi(6), Kanzi(9))
    yield from (Snappy(), Lzo(), Lzfse())

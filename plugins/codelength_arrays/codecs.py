"""The codecs: numbers in one dimension, coded by a library.

A blob is a byte for the type of the numbers, and what the library made of them. Nothing is a blob
of no bytes.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from codelength import RAW, Array, Codec, CorruptBlob, Media, Setting
from codelength.coding.checksum import CHECKSUM, add_checksum, take_checksum

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")
"""What the first byte stands for; plus BIG for numbers whose upper byte comes first."""
BIG = 16


class ArrayCodec(Codec):
    """A codec of numbers of one type."""

    by_default: ClassVar[bool] = False
    frail: ClassVar[bool] = False
    """The decoder is given intact streams only: a CRC-32 stands before each."""

    @property
    def groups(self) -> tuple[str, ...]:
        return (*super().groups, "arrays")

    @abstractmethod
    def compress(self, numbers: "NDArray[Any]") -> bytes:
        """Code an array of one dimension, in the machine's byte order, that is not empty."""

    @abstractmethod
    def decompress(self, stream: bytes, dtype: str) -> "NDArray[Any]":
        """Return the numbers of a stream, of any type of the same size."""

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        import numpy as np

        if not data:
            return b""
        dtype, is_big = "u1", False
        if (
            isinstance(media, Array)
            and media.dtype[1:] in TYPES
            and not len(data) % media.item_size
        ):
            dtype, is_big = media.dtype[1:], media.dtype[0] == ">"
        numbers = np.frombuffer(data, (">" if is_big else "<") + dtype)
        stream = self.compress(numbers.astype(f"<{dtype}"))
        sealed = add_checksum(stream) if self.frail else stream
        return bytes([TYPES.index(dtype) + BIG * is_big]) + sealed

    def decode(self, blob: bytes) -> bytes:
        if not blob:
            return b""
        is_big, number = divmod(blob[0], BIG)
        if is_big > 1 or number >= len(TYPES):
            raise CorruptBlob(f"no type of numbers has the code {blob[0]}")
        stream = take_checksum(blob[1:], f"{self.name} stream") if self.frail else blob[1:]
        numbers = self.decompress(stream, TYPES[number])
        if numbers.itemsize != int(TYPES[number][1:]):
            raise CorruptBlob(
                f"{self.name} gave {numbers.dtype} where the blob says {TYPES[number]}"
            )
        return bytes((numbers.byteswap() if is_big else numbers).tobytes())

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        framing = self._head if blob else 0
        return {"framing": framing, "payload": len(blob) - framing}

    @property
    def _head(self) -> int:
        return 1 + CHECKSUM * self.frail


@dataclass(frozen=True)
class Pcodec(ArrayCodec):
    """Pcodec: finds multipliers, deltas and bins of numbers, and codes where each is in its bin."""

    name: ClassVar[str] = "pcodec"
    needs: ClassVar[Mapping[str, str]] = {"numpy": "numpy", "pcodec": "codelength[arrays]"}
    library: ClassVar[tuple[str, ...]] = ("pcodec.pcodec",)
    level: Annotated[int, Setting(0, 12, "more is smaller and slower")] = 8

    def compress(self, numbers: "NDArray[Any]") -> bytes:
        from pcodec import ChunkConfig, standalone

        config = ChunkConfig(compression_level=self.level, enable_8_bit=True)
        return bytes(standalone.simple_compress(numbers, config))

    def decompress(self, stream: bytes, dtype: str) -> "NDArray[Any]":
        from pcodec import standalone

        numbers: NDArray[Any] | None = standalone.simple_decompress(stream)
        if numbers is None:
            raise CorruptBlob("a pcodec stream without numbers")
        return numbers


@dataclass(frozen=True)
class Blosc(ArrayCodec):
    """Blosc: bytes or bits of equal weight side by side, then a fast compressor, in blocks."""

    name: ClassVar[str] = "blosc"
    needs: ClassVar[Mapping[str, str]] = {"numcodecs": "codelength[arrays]"}
    library: ClassVar[tuple[str, ...]] = ("numcodecs.blosc",)
    frail: ClassVar[bool] = True
    level: Annotated[int, Setting(0, 9, "more is smaller and slower")] = 5
    compressor: Literal["lz4", "lz4hc", "zlib", "zstd"] = "zstd"
    shuffle: Literal["none", "byte", "bit"] = "byte"

    def compress(self, numbers: "NDArray[Any]") -> bytes:
        from numcodecs import Blosc

        shuffle = ("none", "byte", "bit").index(self.shuffle)
        return bytes(Blosc(self.compressor, self.level, shuffle).encode(numbers))

    def decompress(self, stream: bytes, dtype: str) -> "NDArray[Any]":
        import numpy as np
        from numcodecs import Blosc

        return np.frombuffer(Blosc().decode(stream), f"<{dtype}")


@dataclass(frozen=True)
class OpenZl(ArrayCodec):
    """OpenZL, with its general graph for numbers and no trained profile."""

    name: ClassVar[str] = "openzl"
    needs: ClassVar[Mapping[str, str]] = {"numpy": "numpy", "openzl": "codelength[arrays]"}
    library: ClassVar[tuple[str, ...]] = ("openzl.ext",)
    frail: ClassVar[bool] = True
    level: Annotated[int, Setting(1, 22, "more is smaller and slower")] = 9

    def compress(self, numbers: "NDArray[Any]") -> bytes:
        from openzl import ext

        compressor, context = ext.Compressor(), ext.CCtx()
        compressor.select_starting_graph(ext.graphs.Compress().parameterize(compressor))
        context.ref_compressor(compressor)
        context.set_parameter(ext.CParam.FormatVersion, ext.MAX_FORMAT_VERSION)
        context.set_parameter(ext.CParam.CompressionLevel, self.level)
        unsigned = numbers.view(f"u{numbers.itemsize}")
        return bytes(context.compress([ext.Input(ext.Type.Numeric, unsigned)]))

    def decompress(self, stream: bytes, dtype: str) -> "NDArray[Any]":
        from openzl import ext

        (output,) = ext.DCtx().decompress(stream)
        numbers: NDArray[Any] = output.content.as_nparray()
        return numbers


@dataclass(frozen=True)
class Parquet(ArrayCodec):
    """A Parquet file of one column, by pyarrow: the smallest of the encodings, then Zstandard."""

    name: ClassVar[str] = "parquet"
    needs: ClassVar[Mapping[str, str]] = {"pyarrow": "codelength[tables]"}
    library: ClassVar[tuple[str, ...]] = ("pyarrow.lib", "pyarrow._parquet")
    frail: ClassVar[bool] = True
    level: Annotated[int, Setting(1, 22, "more is smaller and slower")] = 9
    encoding: Literal["plain", "dictionary", "delta", "split"] | None = None

    def compress(self, numbers: "NDArray[Any]") -> bytes:
        names = [self.encoding] if self.encoding else list(ENCODINGS)
        if numbers.dtype.kind == "f":
            names = [name for name in names if name != "delta"] or ["plain"]
        return min((self._file(numbers, name) for name in names), key=len)

    def decompress(self, stream: bytes, dtype: str) -> "NDArray[Any]":
        import pyarrow as pa
        from pyarrow import parquet

        table = parquet.read_table(pa.BufferReader(stream))
        numbers: NDArray[Any] = table.column(0).to_numpy().astype(dtype)
        return numbers

    def _file(self, numbers: "NDArray[Any]", encoding: str) -> bytes:
        import pyarrow as pa
        from pyarrow import parquet

        sink = pa.BufferOutputStream()
        by_name = ENCODINGS[encoding]
        parquet.write_table(
            pa.table({"a": numbers}),
            sink,
            compression="zstd",
            compression_level=self.level,
            use_dictionary=by_name is None,
            column_encoding=None if by_name is None else {"a": by_name},
            write_statistics=False,
            store_schema=False,
        )
        return bytes(sink.getvalue().to_pybytes())


ENCODINGS = {
    "plain": "PLAIN",
    "dictionary": None,
    "delta": "DELTA_BINARY_PACKED",
    "split": "BYTE_STREAM_SPLIT",
}
"""What Parquet calls them; a dictionary is asked for in another way."""

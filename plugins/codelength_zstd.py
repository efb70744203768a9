"""Zstandard, from fast to its largest windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import IO, TYPE_CHECKING, Annotated, ClassVar, cast

from codelength import RAW, Codec, CorruptBlob, Media, Sample, Setting, UsageError, hookimpl
from codelength.api.codec import Sink, Source
from codelength.api.media import LARGE
from codelength.api.model_file import ModelFileCodec

if TYPE_CHECKING:
    from zstandard import (
        ZstdCompressionDict,
        ZstdCompressionParameters,
        ZstdCompressor,
        ZstdDecompressor,
    )

STEEPEST = 1 << 15
"""Four bytes can stand for a block of 2^17, so no frame unfolds to more times itself."""

FEWEST = 10
"""Samples that a dictionary is trained on."""


@dataclass(frozen=True)
class Zstd(ModelFileCodec):
    """Zstandard; `long` adds matches as far as 2^long bytes back.

    One frame with the content's size in it, which the fast one-shot decoder needs, and without a
    checksum, as is the library's default: the harness compares every byte, and at 2048-byte chunks
    the four bytes would cost a third of a percent.

    More than LARGE bytes are coded as a stream, as the zstd tool codes files: the library divides
    them into blocks in another way, and frames are up to half a percent larger.

    With a dictionary, samples may refer to what it holds. Frames do not name it: who decodes needs
    the same file.
    """

    name: ClassVar[str] = "zstd"
    needs: ClassVar[Mapping[str, str]] = {"zstandard": "codelength[classical]"}
    library: ClassVar[tuple[str, ...]] = ("zstandard.backend_c",)
    level: Annotated[int, Setting(-131072, 22, "more is smaller and slower; below 0 is fast")] = 3
    long: Annotated[int | None, Setting(10, 31, "matches as far back as 2^long bytes")] = None
    dictionary: Annotated[str | None, Setting(meaning="a file that both sides have")] = None
    trains: ClassVar[str] = "dictionary"

    @property
    def model_file(self) -> tuple[str, str] | None:
        return ("dictionary", self.dictionary) if self.dictionary else None

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

        if self.dictionary:
            return _with_dictionary(self.model, self.level, self.long)
        return zstandard.ZstdCompressor(compression_params=_parameters(self.level, self.long, size))

    def _decompressor(self) -> "ZstdDecompressor":
        import zstandard

        held = _dictionary(self.model) if self.dictionary else None
        return zstandard.ZstdDecompressor(max_window_size=1 << 31, dict_data=held)

    def train(self, samples: Sequence[Sample], size: int) -> bytes:
        import zstandard

        if len(samples) < FEWEST:
            raise UsageError(
                f"a dictionary takes {FEWEST} samples or more to train on, and there are "
                f"{len(samples)}: cut them smaller, as with --protocol chunks:1024"
            )
        data: list[bytes | bytearray | memoryview[int]] = [bytes(s.data) for s in samples]
        try:
            trained = zstandard.train_dictionary(size, data, level=self.level)
        except zstandard.ZstdError as error:
            raise UsageError(
                f"no dictionary of {size} bytes can be made of {sum(map(len, data))} bytes in "
                f"{len(data)} samples ({error}): ask for a smaller one, or give more data"
            ) from error
        return bytes(trained.as_bytes())

    def decode(self, blob: bytes) -> bytes:
        import zstandard

        size = zstandard.get_frame_parameters(blob).content_size
        if size > STEEPEST * len(blob):
            raise CorruptBlob(f"a zstd frame of {len(blob)} bytes that claims to hold {size}")
        if not size and blob != self.encode(b""):  # the library would not read on
            raise CorruptBlob("a zstd frame of nothing, with something in it")
        return self._decompressor().decompress(blob, allow_extra_data=False)

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
        files = cast("IO[bytes]", frame), cast("IO[bytes]", sink)
        _, size = self._decompressor().copy_stream(*files)
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


def _parameters(
    level: int, long: int | None, size: int = 0, held: int = 0
) -> "ZstdCompressionParameters":
    """The parameters for `size` bytes, 0 if that is not known, and a dictionary of `held` bytes."""
    import zstandard

    longer = {} if long is None else {"window_log": long, "enable_ldm": True}
    return zstandard.ZstdCompressionParameters.from_level(
        level, source_size=size, dict_size=held, write_dict_id=not held, **longer
    )


@lru_cache(1)
def _dictionary(content: bytes) -> "ZstdCompressionDict":
    import zstandard

    return zstandard.ZstdCompressionDict(content)


@lru_cache(1)
def _with_dictionary(content: bytes, level: int, long: int | None) -> "ZstdCompressor":
    """A compressor that keeps what it makes of the dictionary, which takes far longer than 2 kB."""
    import zstandard

    held, parameters = _dictionary(content), _parameters(level, long, held=len(content))
    held.precompute_compress(compression_params=parameters)
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=held)


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

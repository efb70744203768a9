"""A compressed file: a header that says how to decode it, segments with checksums, a digest.

docs/compress.md gives the format byte for byte.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from codelength.api.codec import Codec, dependencies_of
from codelength.api.errors import CodelengthError, Unavailable, UsageError
from codelength.api.media import Sample
from codelength.coding.varint import to_varint
from codelength_container.fields import (
    ContainerError,
    Reader,
    Source,
    clip,
    seal,
    table_field,
    text_field,
)  # fmt: skip

MAGIC = b"\x89CDL"
FORMAT = 1

SEGMENT = 16 << 20
"""Bytes of a segment unless the user says otherwise."""
LARGEST = 1 << 30
"""Bytes of a segment at most."""
GROUP_BYTES, GROUP_SEGMENTS = 16 << 20, 8192
"""Bytes and segments that a codec is given at once. Part of the format: if the blobs of a codec
depend on what it encodes together, it decodes in the same groups."""


class RoundTripError(ContainerError):
    """The stored bytes are intact, but do not decode to the original data."""

    exit_code = 4


@dataclass(frozen=True)
class Header:
    """What decoding the container takes."""

    codec: str
    """The codec's spec."""
    segment: int
    """Bytes of every segment but the last, which may be shorter."""
    requires: Mapping[str, str]
    """What has to be the same for decoding: `Codec.requires`."""
    versions: Mapping[str, str]
    """What the container was made with, for information: `Codec.versions`."""
    model_bytes: Mapping[str, int]
    """Bytes that the receiver must hold, for information: `Codec.model_bytes`."""

    def record(self) -> bytes:
        """Return the record in front. Raises UsageError for what does not fit."""
        if not 1 <= self.segment <= LARGEST:
            raise UsageError(f"segments have 1 to {LARGEST} bytes, not {self.segment}")
        return seal(
            MAGIC,
            bytes([FORMAT]),
            text_field(self.codec),
            to_varint(self.segment),
            table_field({key: text_field(value) for key, value in self.requires.items()}),
            table_field({key: text_field(value) for key, value in self.versions.items()}),
            table_field({key: to_varint(size) for key, size in self.model_bytes.items()}),
        )


def header_of(codec: Codec, segment: int) -> Header:
    """Return the header of what `codec` makes."""
    return Header(codec.spec, segment, codec.requires, dependencies_of(codec), codec.model_bytes)


@dataclass(frozen=True)
class Segment:
    """One stored blob."""

    number: int
    """From 1 on."""
    size: int
    """Bytes that it stands for."""
    crc: int
    """CRC-32 of these."""
    blob: bytes

    @property
    def head(self) -> bytes:
        """The bytes in front of the blob."""
        return to_varint(self.size) + to_varint(len(self.blob)) + self.crc.to_bytes(4, "little")


def pack(codec: Codec, source: Source, segment: int = SEGMENT) -> Iterator[bytes]:
    """Yield the container of all that `source` holds, in pieces; the end record is one piece.

    Raises:
        UsageError: If the header does not fit.
        CodelengthError: As the codec raises it.
        ContainerError: If the codec fails in any other way.
    """
    yield header_of(codec, segment).record()
    whole, total, number = hashlib.sha256(), 0, 0
    inputs = iter(lambda: source.read(segment), b"")
    while group := list(islice(inputs, group_size(segment))):
        for data, blob in zip(group, _encoded(codec, group), strict=True):
            number += 1
            if len(blob) > _longest_blob(len(data)):
                raise ContainerError(
                    f"{codec.spec} makes {len(blob)} bytes of {len(data)}, too many for a container"
                )
            head = Segment(number, len(data), zlib.crc32(data), blob).head
            yield head
            yield blob
            yield zlib.crc32(blob, zlib.crc32(head)).to_bytes(4, "little")
            whole.update(data)
            total += len(data)
    yield seal(to_varint(0), to_varint(total), whole.digest())


class Container:
    """Reads a container from front to back, once. Messages call it `name`."""

    def __init__(self, source: Source, name: str) -> None:
        """Read the header. Raises ContainerError."""
        self._reader = Reader(source, name)
        self.name = name
        self.header = self._header()
        self.size = 0
        """Bytes that the segments read so far stand for."""
        self.digest = b""
        """SHA-256 of all of them, once all are read."""

    def segments(self) -> Iterator[Segment]:
        """Yield the stored segments in order, each intact. Raises ContainerError."""
        reader, full, number = self._reader, True, 0
        while size := reader.number(self.header.segment, "bytes in a segment"):
            if not full:
                raise reader.damage("a segment behind one that is not full")
            number, full = number + 1, size == self.header.segment
            length = reader.number(_longest_blob(size), f"bytes coding {size}")
            crc = int.from_bytes(reader.take(4), "little")
            segment = Segment(number, size, crc, reader.take(length))
            reader.check(f"segment {number}")
            self.size += size
            yield segment
        if reader.number(None, "bytes") != self.size:
            raise reader.damage("another length than that of the segments")
        self.digest = reader.take(32)
        reader.check("the end")
        reader.close()

    def decode(self, codec: Codec) -> Iterator[bytes]:
        """Yield the data of each segment, compared with its checksum; the digest at the end.

        Raises:
            Unavailable: If `codec` is not what the container requires.
            RoundTripError: If intact segments do not decode to the original data.
            ContainerError: If the container is damaged.
        """
        self._refuse_other(codec)
        whole, segments = hashlib.sha256(), self.segments()
        while group := list(islice(segments, group_size(self.header.segment))):
            for segment, data in zip(group, self._outputs(codec, group), strict=True):
                if len(data) != segment.size:
                    fact = f"decodes to {len(data)} bytes, not {segment.size}"
                    raise self._failed(codec, group, fact, segment)
                if zlib.crc32(data) != segment.crc:
                    raise self._failed(codec, group, "decodes to other bytes", segment)
                whole.update(data)
                yield data
        if whole.digest() != self.digest:
            raise RoundTripError(f"{self.name} decodes to other bytes than went in")

    def _header(self) -> Header:
        reader = self._reader
        if reader.up_to(len(MAGIC)) != MAGIC:
            raise ContainerError(f"{self.name} is no codelength container")
        form = reader.take(1)[0]
        if form != FORMAT:
            raise ContainerError(
                f"{self.name} has format {form}, this codelength reads format {FORMAT}"
            )
        header = Header(
            codec=reader.text(),
            segment=reader.number(LARGEST, "bytes in segments"),
            requires=reader.table(reader.text),
            versions=reader.table(reader.text),
            model_bytes=reader.table(lambda: reader.number(None, "bytes")),
        )
        reader.check("the header")
        if not header.segment:
            raise reader.damage("segments of 0 bytes")
        return header

    def _refuse_other(self, codec: Codec) -> None:
        if other := _differences(self.header.requires, codec.requires):
            raise Unavailable(
                f"{self.name} was made by {self.header.codec} with {other}; "
                "only the same decodes it"
            )

    def _outputs(self, codec: Codec, group: Sequence[Segment]) -> list[bytes]:
        try:
            outputs = codec.decode_many([segment.blob for segment in group])
        except Unavailable:
            raise
        except MemoryError as error:
            raise ContainerError(
                f"{self.name}: {_numbers(group)} needs more memory than is allowed"
            ) from error
        except Exception as error:
            raise self._failed(codec, group, f"does not decode: {_words(error)}") from error
        if not _are_bytes(outputs, len(group)):
            raise self._failed(codec, group, "does not decode to bytes")
        return outputs

    def _failed(
        self, codec: Codec, group: Sequence[Segment], fact: str, segment: Segment | None = None
    ) -> RoundTripError:
        other = _differences(self.header.versions, dependencies_of(codec))
        hint = f"; it was made with {other}" if other else ""
        where = f"segment {segment.number}" if segment else _numbers(group)
        return RoundTripError(f"{self.name}: {where} {fact}{hint}")


def group_size(segment: int) -> int:
    """Return how many segments of this size a codec is given at once."""
    return min(GROUP_SEGMENTS, max(1, GROUP_BYTES // segment))


def _longest_blob(size: int) -> int:
    """The bytes that a blob of `size` bytes may take. A length above that is false."""
    return 4 * size + 4096


def _encoded(codec: Codec, group: Sequence[bytes]) -> list[bytes]:
    try:
        # without a hint: a file is not looked into, and must come back as it is
        blobs = codec.encode_many([Sample("", data) for data in group])
    except CodelengthError:
        raise
    except Exception as error:
        raise ContainerError(f"{codec.spec} does not encode this: {_words(error)}") from error
    if not _are_bytes(blobs, len(group)):
        raise ContainerError(f"{codec.spec} does not encode this to bytes, one blob a segment")
    return blobs


def _are_bytes(values: Sequence[object], count: int) -> bool:
    return len(values) == count and all(isinstance(value, bytes) for value in values)


def _differences(made: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Returns `weights 3fa1, here 77c0` for every entry that differs."""
    return ", ".join(
        f"{key} {clip(made.get(key, 'none'))}, here {clip(here.get(key, 'none'))}"
        for key in {**made, **here}
        if made.get(key) != here.get(key)
    )


def _numbers(group: Sequence[Segment]) -> str:
    first, last = group[0].number, group[-1].number
    return f"segment {first}" if first == last else f"one of the segments {first} to {last}"


def _words(error: Exception) -> str:
    return clip(f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": "))

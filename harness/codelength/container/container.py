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
from codelength.coding.varint import varint
from codelength.container import fields
from codelength.container.fields import ContainerError, Reader, Source, clipped

MAGIC = b"\x89CDL"
FORMAT = 1

SEGMENT = 16 << 20
"""Bytes of a segment unless the user says otherwise."""
LARGEST = 1 << 30
"""Bytes of a segment at most."""
TOGETHER, MOST = 16 << 20, 8192
"""Bytes and segments that a codec is given at once. Part of the format: a codec whose blobs depend
on what it was given together meets the same groups when it decodes."""


class RoundTripError(ContainerError):
    """What is stored is intact, and does not decode to what went in."""

    exit_code = 4


@dataclass(frozen=True)
class Header:
    """What stands in front: how the rest is to be decoded."""

    codec: str
    """The codec's spec."""
    segment: int
    """Bytes of every segment but the last, which may be shorter."""
    requires: Mapping[str, str]
    """What decoding needs to be the same; `Codec.requires`."""
    versions: Mapping[str, str]
    """What it was made with, for information; `Codec.versions`."""
    model_bytes: Mapping[str, int]
    """Bytes that the receiver must hold, for information; `Codec.prior`."""

    def record(self) -> bytes:
        """The bytes that a container begins with. Raises UsageError for what does not fit."""
        if not 1 <= self.segment <= LARGEST:
            raise UsageError(f"segments have 1 to {LARGEST} bytes, not {self.segment}")
        texts = (self.requires, self.versions)
        return fields.sealed(
            MAGIC,
            bytes([FORMAT]),
            fields.text(self.codec),
            varint(self.segment),
            *(
                fields.table({key: fields.text(value) for key, value in table.items()})
                for table in texts
            ),
            fields.table({key: varint(size) for key, size in self.model_bytes.items()}),
        )


def header_of(codec: Codec, segment: int) -> Header:
    """The header of what `codec` makes."""
    return Header(codec.spec, segment, codec.requires, dependencies_of(codec), codec.model_bytes)


@dataclass(frozen=True)
class Segment:
    """One blob as it is stored, found intact."""

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
        return varint(self.size) + varint(len(self.blob)) + self.crc.to_bytes(4, "little")


def pack(codec: Codec, source: Source, segment: int = SEGMENT) -> Iterator[bytes]:
    """The container of all that `source` gives, in pieces; the end record is one piece.

    Raises UsageError, what the codec raises of the kind that a person can mend, and ContainerError
    for all else that it raises.
    """
    yield header_of(codec, segment).record()
    whole, total, number = hashlib.sha256(), 0, 0
    inputs = iter(lambda: source.read(segment), b"")
    while group := list(islice(inputs, together(segment))):
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
    yield fields.sealed(varint(0), varint(total), whole.digest())


class Container:
    """A container that is read from front to back, once. `name` is what messages call it."""

    def __init__(self, source: Source, name: str) -> None:
        """Reads the header. Raises ContainerError."""
        self._reader = Reader(source, name)
        self.name = name
        self.header = self._header()
        self.size = 0
        """Bytes that the segments read so far stand for."""
        self.digest = b""
        """SHA-256 of all of them, once all are read."""

    def segments(self) -> Iterator[Segment]:
        """What is stored, intact and in order, and not decoded. Raises ContainerError."""
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

    def decoded(self, codec: Codec) -> Iterator[bytes]:
        """The data of one segment after the other, each found right, and the whole at the end.

        Raises Unavailable if `codec` is not what the container requires, RoundTripError for
        intact segments that do not decode to what went in, else ContainerError.
        """
        self._refuse_other(codec)
        whole, segments = hashlib.sha256(), self.segments()
        while group := list(islice(segments, together(self.header.segment))):
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
            requires=reader.table(),
            versions=reader.table(),
            model_bytes={
                reader.text(): reader.number(None, "bytes") for _ in range(reader.entries())
            },
        )
        reader.check("the header")
        if not header.segment:
            raise reader.damage("segments of 0 bytes")
        return header

    def _refuse_other(self, codec: Codec) -> None:
        other = _differences(self.header.requires, codec.requires)
        if other:
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


def together(segment: int) -> int:
    """How many segments of this size a codec is given at once."""
    return min(MOST, max(1, TOGETHER // segment))


def _longest_blob(size: int) -> int:
    """Bytes that a segment of `size` may take: more says that a length lies."""
    return 4 * size + 4096


def _encoded(codec: Codec, group: Sequence[bytes]) -> list[bytes]:
    try:
        # no hint: what a file holds is not looked into, and must come back as it is
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
    """`weights 3fa1, here 77c0` for every entry that is not the same on both sides."""
    return ", ".join(
        f"{key} {clipped(made.get(key, 'none'))}, here {clipped(here.get(key, 'none'))}"
        for key in {**made, **here}
        if made.get(key) != here.get(key)
    )


def _numbers(group: Sequence[Segment]) -> str:
    first, last = group[0].number, group[-1].number
    return f"segment {first}" if first == last else f"one of the segments {first} to {last}"


def _words(error: Exception) -> str:
    return clipped(f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": "))

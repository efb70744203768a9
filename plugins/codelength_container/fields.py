"""The fields of a container, and the checksum behind each record of them.

A file may be damaged or hostile. So every number is compared with a limit before it is used, and
memory is taken only for bytes that are there.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from codelength.api.errors import CodelengthError, CorruptBlob, UsageError
from codelength.coding.varint import read_varint, to_varint

T = TypeVar("T")

TEXT, ENTRIES = 4096, 256
"""Bytes of a text in the header, and entries of a table, at most."""
PIECE = 1 << 20
"""Bytes read at once, so that a false length costs no more memory than the file is long."""
SHOWN = 100
"""Characters of a text from a file, or from a library, that a message quotes."""


class ContainerError(CodelengthError):
    """A file is no container or is damaged, or a codec fails."""

    exit_code = 3


class Source(Protocol):
    """A binary file: `read` returns fewer bytes than asked for only at the end."""

    def read(self, size: int, /) -> bytes: ...


class Reader:
    """Reads fields, counts bytes, and keeps the checksum of the record that the fields are in."""

    def __init__(self, source: Source, name: str) -> None:
        self._source, self._name = source, name
        self._at = self._crc = 0

    def up_to(self, size: int) -> bytes:
        """Read `size` bytes, or fewer where the source ends."""
        pieces = []
        while size and (piece := self._source.read(min(size, PIECE))):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
            self._crc = zlib.crc32(piece, self._crc)
        return b"".join(pieces)

    def take(self, size: int) -> bytes:
        """Read `size` bytes. Raises ContainerError if there are fewer."""
        taken = self.up_to(size)
        if len(taken) < size:
            raise ContainerError(f"{self._name} breaks off after {self._at} bytes")
        return taken

    def number(self, most: int | None, what: str) -> int:
        """Read a varint. Raises ContainerError if it is none, or more than `most`."""
        encoded = self.take(1)
        while encoded[-1] & 0x80 and len(encoded) < 10:
            encoded += self.take(1)
        try:
            value, _ = read_varint(encoded)
        except CorruptBlob:
            raise self.damage("no number") from None
        if most is not None and value > most:
            raise self.damage(f"{value} {what}, where at most {most} can be")
        return value

    def text(self) -> str:
        """Read a printable text. Raises ContainerError."""
        try:
            text = self.take(self.number(TEXT, "bytes of text")).decode()
        except UnicodeDecodeError:
            raise self.damage("no text") from None
        if not text.isprintable():  # a terminal might obey it
            raise self.damage("a text with control characters")
        return text

    def table(self, read: Callable[[], T]) -> dict[str, T]:
        """Read the fields of a table by name, each with `read`."""
        return {self.text(): read() for _ in range(self.number(ENTRIES, "entries"))}

    def check(self, what: str) -> None:
        """End a record. Raises ContainerError if its checksum is wrong."""
        crc = self._crc
        if int.from_bytes(self.take(4), "little") != crc:
            raise ContainerError(f"{self._name} is damaged: the checksum of {what} is wrong")
        self._crc = 0

    def close(self) -> None:
        """Raise ContainerError unless the source is at its end."""
        if self.up_to(1):
            raise self.damage("something behind the end")

    def damage(self, fact: str) -> ContainerError:
        """Return the error for what was read last."""
        return ContainerError(f"{self._name} is damaged: {fact} before byte {self._at}")


def seal(*fields: bytes) -> bytes:
    """Join `fields` into a record with its checksum behind it."""
    record = b"".join(fields)
    return record + zlib.crc32(record).to_bytes(4, "little")


def text_field(value: str) -> bytes:
    """Return the field of a text. Raises UsageError for one that `Reader.text` refuses."""
    data = value.encode()
    if len(data) > TEXT or not value.isprintable():
        raise UsageError(f"a container cannot carry {clip(repr(value))}")
    return to_varint(len(data)) + data


def table_field(fields: Mapping[str, bytes]) -> bytes:
    """Return the field of a table of `fields` by name. Raises UsageError for too many."""
    if len(fields) > ENTRIES:
        raise UsageError(f"a container cannot carry a table of {len(fields)} entries")
    return to_varint(len(fields)) + b"".join(
        text_field(key) + field for key, field in fields.items()
    )


def clip(text: str) -> str:
    """Return as much of `text` as a message quotes."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"

"""The fields that containers are made of, and the checksum behind each record of them.

Nothing read is believed: every number is held against a limit before it is used, and memory is
taken only for bytes that are there.
"""

import zlib
from collections.abc import Mapping
from typing import Protocol

from codelength.api.errors import CodelengthError, CorruptBlob, UsageError
from codelength.coding.varint import read_varint, varint

TEXT, ENTRIES = 4096, 256
"""Bytes of a text in the header, and entries of a table, at most."""
PIECE = 1 << 20
"""Bytes read at once, so that a length that lies costs no more memory than the file is long."""
SHOWN = 100
"""Characters of a text from a file, or from a library, that a message quotes."""


class ContainerError(CodelengthError):
    """A file that is no container, or a damaged one; a codec that fails at its task."""

    exit_code = 3


class Source(Protocol):
    """Where bytes come from: `read` returns fewer than asked for only at the end."""

    def read(self, size: int, /) -> bytes: ...


class Reader:
    """Takes fields from a source, counts, and keeps the checksum of the record they are in."""

    def __init__(self, source: Source, name: str) -> None:
        self._source, self._name = source, name
        self._at = self._crc = 0

    def up_to(self, size: int) -> bytes:
        """`size` bytes, or fewer where the source ends."""
        pieces = []
        while size and (piece := self._source.read(min(size, PIECE))):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
            self._crc = zlib.crc32(piece, self._crc)
        return b"".join(pieces)

    def take(self, size: int) -> bytes:
        """`size` bytes. Raises ContainerError if there are fewer."""
        taken = self.up_to(size)
        if len(taken) < size:
            raise ContainerError(f"{self._name} breaks off after {self._at} bytes")
        return taken

    def number(self, most: int | None, what: str) -> int:
        """A varint. Raises ContainerError if it is none, or more than `most`."""
        spelt = self.take(1)
        while spelt[-1] & 0x80 and len(spelt) < 10:
            spelt += self.take(1)
        try:
            value, _ = read_varint(spelt)
        except CorruptBlob:
            raise self.damage("no number") from None
        if most is not None and value > most:
            raise self.damage(f"{value} {what}, where at most {most} can be")
        return value

    def text(self) -> str:
        """A text that can be printed. Raises ContainerError."""
        try:
            text = self.take(self.number(TEXT, "bytes of text")).decode()
        except UnicodeDecodeError:
            raise self.damage("no text") from None
        if not text.isprintable():  # it would be able to talk to a terminal
            raise self.damage("a text with control characters")
        return text

    def entries(self) -> int:
        """How many a table has."""
        return self.number(ENTRIES, "entries")

    def table(self) -> dict[str, str]:
        """Texts by name."""
        return {self.text(): self.text() for _ in range(self.entries())}

    def check(self, what: str) -> None:
        """Ends a record. Raises ContainerError if it is not what was written."""
        crc = self._crc
        if int.from_bytes(self.take(4), "little") != crc:
            raise ContainerError(f"{self._name} is damaged: the checksum of {what} is wrong")
        self._crc = 0

    def close(self) -> None:
        """Raises ContainerError unless the source is at its end."""
        if self.up_to(1):
            raise self.damage("something behind the end")

    def damage(self, fact: str) -> ContainerError:
        """The error for what was read last."""
        return ContainerError(f"{self._name} is damaged: {fact} before byte {self._at}")


def sealed(*fields: bytes) -> bytes:
    """A record of `fields`, with its checksum behind it."""
    record = b"".join(fields)
    return record + zlib.crc32(record).to_bytes(4, "little")


def text(value: str) -> bytes:
    """The field for a text. Raises UsageError for one that `Reader.text` would not take."""
    data = value.encode()
    if len(data) > TEXT or not value.isprintable():
        raise UsageError(f"a container cannot carry {clipped(repr(value))}")
    return varint(len(data)) + data


def table(fields: Mapping[str, bytes]) -> bytes:
    """The fields by name. Raises UsageError for too many."""
    if len(fields) > ENTRIES:
        raise UsageError(f"a container cannot carry a table of {len(fields)} entries")
    return varint(len(fields)) + b"".join(text(key) + field for key, field in fields.items())


def clipped(text: str) -> str:
    """What of `text` a message quotes."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"

"""A checksum before a stream, for decoders that crash or hang when their input is damaged."""

from zlib import crc32

from codelength.api.errors import CorruptBlob

CHECKSUM = 4
"""Bytes of it: CRC-32, little-endian."""


def add_checksum(stream: bytes) -> bytes:
    """Return a stream behind its checksum."""
    return crc32(stream).to_bytes(CHECKSUM, "little") + stream


def take_checksum(sealed: bytes, what: str) -> bytes:
    """Return the stream behind a checksum. Raises CorruptBlob, naming what it is, if it differs."""
    stream = sealed[CHECKSUM:]
    if crc32(stream) != int.from_bytes(sealed[:CHECKSUM], "little"):
        raise CorruptBlob(f"a damaged {what} of {len(stream)} bytes")
    return stream

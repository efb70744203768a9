"""Small pieces that blobs are put together from: varints, and lists of length-prefixed parts."""

from collections.abc import Iterable

from codelength.api.errors import CorruptBlob


def to_varint(value: int) -> bytes:
    """`value` ≥ 0 in LEB128: seven bits a byte, low ones first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(blob: bytes, at: int = 0) -> tuple[int, int]:
    """The varint that starts at `at`, and the position behind it. Raises CorruptBlob."""
    value = shift = 0
    for position in range(at, min(at + 10, len(blob))):
        byte = blob[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and position > at:
                break  # one spelling a number, so that no altered blob passes for the original
            return value, position + 1
        shift += 7
    raise CorruptBlob(f"no length at byte {at} of a blob of {len(blob)}")


def join_parts(parts: Iterable[bytes]) -> bytes:
    """Parts one after the other, each but the last behind its length."""
    *front, last = parts
    return b"".join([b"".join((to_varint(len(part)), part)) for part in front] + [last])


def split_parts(blob: bytes, count: int) -> list[bytes]:
    """The `count` ≥ 1 parts that join_parts put together. Raises CorruptBlob."""
    parts, at = [], 0
    for _ in range(count - 1):
        size, at = read_varint(blob, at)
        if at + size > len(blob):
            raise CorruptBlob(f"a part of {size} bytes in a blob that has {len(blob) - at} left")
        parts.append(blob[at : at + size])
        at += size
    return [*parts, blob[at:]]

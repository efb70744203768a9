"""Blobs as a full disk, a bad cable or a bug leaves them."""

from collections.abc import Iterator

FIRST = 6
"""Bytes at the start that are changed one by one: lengths and headers are there."""
SPREAD = 10
"""Places further on."""


def truncated(blob: bytes) -> Iterator[tuple[str, bytes]]:
    """What was done, and what is left: shorter than `blob`."""
    size = len(blob)
    for left in sorted({0, 1, size // 4, size // 2, size * 3 // 4, size - 1}):
        if left < size:
            yield f"cut to {left} of {size} bytes", blob[:left]


def corrupted(blob: bytes) -> Iterator[tuple[str, bytes]]:
    """What was done, and what came of it: not equal to `blob`."""
    for at in _places(len(blob)):
        for mask in (0xFF,) if at < FIRST else (0x01, 0x80):
            yield f"with byte {at} changed", blob[:at] + bytes([blob[at] ^ mask]) + blob[at + 1 :]
    half = len(blob) // 2
    yield "with 8 bytes of ones in front", b"\xff" * 8 + blob
    yield "without its first byte", blob[1:]
    yield "with its halves swapped", blob[half:] + blob[:half]
    yield "followed by a zero", blob + b"\0"
    yield "followed by itself", blob + blob


def _places(size: int) -> list[int]:
    spread = {place * (size - 1) // (SPREAD - 1) for place in range(SPREAD)}
    return sorted({*range(min(FIRST, size)), *spread})

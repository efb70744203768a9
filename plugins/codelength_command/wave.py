"""WAV files out of any bytes, and back."""

import struct

from codelength import Audio, CorruptBlob, Media, Unsupported

PLAIN = Audio(rate=16_000, channels=1, depth=8)
"""What bytes are written as that no hint fits."""
PCM, FLOAT = 1, 3
"""Format tags."""
LONGEST = (1 << 32) - 256
"""Bytes of sound in a file, whose sizes have 32 bits."""


def written(data: bytes, media: Media) -> bytes:
    """A WAV file of `data`: as the sound that a hint says it is, or else as 8-bit mono."""
    if len(data) > LONGEST:
        raise Unsupported(f"a WAV file holds no {len(data)} bytes")
    sound = media if isinstance(media, Audio) and is_known(media) else PLAIN
    if len(data) % sound.frame_size:
        sound = PLAIN
    rate = sound.rate if 1 <= sound.rate <= 655_350 else PLAIN.rate
    form = struct.pack(
        "<HHIIHH",
        FLOAT if sound.floating else PCM,
        sound.channels,
        rate,
        rate * sound.frame_size & 0xFFFFFFFF,
        sound.frame_size,
        sound.depth,
    )
    chunks = _chunk(b"fmt ", form) + _chunk(b"data", data)
    return _chunk(b"RIFF", b"WAVE" + chunks)


def read(file: bytes) -> bytes:
    """The sound in a WAV file. Raises CorruptBlob."""
    if file[:4] != b"RIFF" or file[8:12] != b"WAVE":
        raise CorruptBlob(f"{len(file)} bytes that are no WAV file")
    at = 12
    while at + 8 <= len(file):
        size = int.from_bytes(file[at + 4 : at + 8], "little")
        if file[at : at + 4] == b"data":
            if at + 8 + size > len(file):
                break
            return file[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise CorruptBlob(f"a WAV file of {len(file)} bytes without its sound")


def is_known(media: Audio) -> bool:
    """Tell whether programs take such sound in a WAV file."""
    depths = (32,) if media.floating else (8, 16, 24, 32)
    return media.depth in depths and 1 <= media.channels <= 8


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)

"""FLAC files as PCM, by libsndfile, held against the MD5 of the sound that they carry."""

import hashlib
import io
from typing import TYPE_CHECKING, NamedTuple

from codelength.api.media import Audio
from codelength_reading.errors import NotRepresentable
from codelength_reading.libraries import check_installed
from codelength_reading.sound import Recording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 1 << 18
"""Frames decoded at a time: the header's count of them is not believed."""

STREAMINFO = 34
"""Bytes of the block that every file begins with (RFC 9639, section 8.2)."""


class StreamInfo(NamedTuple):
    """What the header says."""

    rate: int
    channels: int
    bits: int
    frames: int
    """0: unknown, as in a file that was written into a pipe."""
    md5: bytes
    """Of the samples, little-endian, each in whole bytes; zeros: unknown."""


def flac_start(file: memoryview) -> int | None:
    """Find where FLAC begins: at 0, or behind an ID3 tag; None if the file is no FLAC."""
    head = bytes(file[:10])
    at = 0
    if head[:3] == b"ID3" and len(head) == 10:
        at = 10
        for byte in head[6:10]:
            if byte & 0x80:
                return None
        at += sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
        )
    return at if bytes(file[at : at + 4]) == b"fLaC" else None


def read_flac(file: memoryview) -> Recording:
    """Decode a FLAC file.

    Raises:
        NotRepresentable: It is damaged, or its header claims other sound than it has.
        Unavailable: soundfile is not installed.
    """
    check_installed("soundfile", "soundfile", "audio")
    import soundfile

    start = flac_start(file)
    if start is None:
        raise NotRepresentable("it is no FLAC file")
    info = stream_info(file, start)
    if not 4 <= info.bits <= 24:
        raise NotRepresentable(f"its samples have {info.bits} bits")
    held = frames_held(file, start)
    if info.frames not in (0, held):
        raise NotRepresentable(f"its header claims {info.frames} frames, its blocks hold {held}")
    known = bytearray(file[start:])
    known[21:26] = (info.bits - 1 << 36 & 0xF0_0000_0000 | held).to_bytes(5)
    digest, pieces, frames = hashlib.md5(usedforsecurity=False), [], 0
    try:
        with soundfile.SoundFile(io.BytesIO(known)) as sound:
            while len(block := sound.read(BLOCK, dtype="int32", always_2d=True)):
                frames += len(block)
                stored = _stored(block, info.bits)
                digest.update(_signed(stored, info.bits))
                pieces.append(stored)
    except Exception as error:  # soundfile raises its own, numpy's and RuntimeError
        problem = getattr(error, "error_string", str(error)).strip()
        raise NotRepresentable(f"libsndfile does not read it: {problem}") from error
    if frames != held:
        raise NotRepresentable(f"its blocks hold {held} frames, {frames} were decoded")
    if any(info.md5) and info.md5 != digest.digest():
        raise NotRepresentable("its sound is not what its header's MD5 is of")
    media = Audio(info.rate, info.channels, -(-info.bits // 8) * 8)
    data = b"".join(pieces)
    reader = f"libsndfile {soundfile.__libsndfile_version__}"
    return Recording(media, data, f"{info.bits}-bit FLAC", reader)


def stream_info(file: memoryview, start: int) -> StreamInfo:
    """Parse STREAMINFO. Raises NotRepresentable."""
    block = bytes(file[start + 4 : start + 8 + STREAMINFO])
    if len(block) < 4 + STREAMINFO or block[0] & 0x7F or int.from_bytes(block[1:4]) != STREAMINFO:
        raise NotRepresentable("it does not begin with STREAMINFO")
    packed = int.from_bytes(block[14:22])
    return StreamInfo(
        rate=packed >> 44,
        channels=(packed >> 41 & 7) + 1,
        bits=(packed >> 36 & 31) + 1,
        frames=packed & (1 << 36) - 1,
        md5=block[22:38],
    )


def frames_held(file: memoryview, start: int) -> int:
    """Count the frames up to the end of the last block, whatever STREAMINFO says.

    The header of that block has the number (RFC 9639, section 9.1).

    Raises:
        NotRepresentable: If there is no such header.
    """
    data = bytes(file[start:])
    shortest = int.from_bytes(data[8:10])
    at = len(data)
    while (at := data.rfind(b"\xff", 0, at)) > 8 + STREAMINFO:
        if data[at + 1 : at + 2] in (b"\xf8", b"\xf9"):
            block = _block(data[at : at + 16])
            if block is not None:
                number, size = block
                return size + (number if data[at + 1] & 1 else number * shortest)
    if any(data[8 + STREAMINFO :]) and int.from_bytes(data[18:26]) & (1 << 36) - 1:
        raise NotRepresentable("it has no block of sound")
    return 0


def _block(head: bytes) -> tuple[int, int] | None:
    """Return the coded number of a block and its frames; None if this is no block header."""
    if len(head) < 6 or head[2] >> 4 == 0 or head[2] & 15 == 15 or head[3] & 1:
        return None
    first, at = head[4], 5
    more = 0 if first < 0x80 else len(f"{first:08b}".partition("0")[0]) - 1
    if first >= 0x80 and not 1 <= more <= 6:
        return None
    number = first & (0x7F if not more else (0x3F >> more))
    for byte in head[at : at + more]:
        number = number << 6 | byte & 0x3F
    at += more
    code = head[2] >> 4
    if code in (6, 7):
        size = int.from_bytes(head[at : at + code - 5]) + 1
        at += code - 5
    else:
        size = 192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8
    at += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if at >= len(head) or _crc8(head[:at]) != head[at]:
        return None
    return number, size


def _crc8(data: bytes) -> int:
    """Return the checksum of a block's header: polynomial x^8 + x^2 + x + 1."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def _stored(block: "NDArray[np.int32]", bits: int) -> bytes:
    """Lay samples (frames, channels) out as `Audio` does, in whole bytes.

    libsndfile shifts all samples up to 32 bits, also those of a few bits and some bytes.
    """
    import numpy as np

    values = block >> (32 - bits)
    if bits <= 8:
        return (values + 128).astype(np.uint8).tobytes()
    if bits <= 16:
        return values.astype("<i2").tobytes()
    four = np.ascontiguousarray(values.astype("<i4")).view(np.uint8).reshape(-1, 4)
    return four[:, :3].tobytes()


def _signed(stored: bytes, bits: int) -> bytes:
    """Return the samples as FLAC's MD5 takes them: 8 bits are signed there."""
    return stored.translate(bytes(value ^ 0x80 for value in range(256))) if bits <= 8 else stored

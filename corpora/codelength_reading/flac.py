"""FLAC files as PCM, by libsndfile, held against the MD5 of the sound that they carry."""

import hashlib
import io
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from codelength.api.errors import CorpusError
from codelength.api.media import Audio, FileBytes
from codelength_reading.decoded import WINDOW, Decoded, NotRepresentable
from codelength_reading.libraries import check_installed
from codelength_reading.sound import SIGN_FLIPPED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 1 << 18
"""Frames decoded at a time: the header's count of them is not believed."""

ID3V1 = 128
"""Bytes of the tag that old programs put behind the sound; it begins with `TAG`."""

LONGEST, CANDIDATES = 1 << 21, 4
"""Bytes that a block has at most, and how many places are tried that look like the last one."""

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


class Sound(NamedTuple):
    """Where the blocks of sound are in a file, and what they hold."""

    start: int
    stop: int
    frames: int


class _Corrected(io.RawIOBase):
    """A file from `start` on, with another head: read piece by piece."""

    def __init__(self, file: FileBytes, start: int, head: bytes) -> None:
        self._file, self._head, self._at = file.part(start, len(file)), head, 0
        self.problem: CorpusError | None = None
        """What kept it from being read; libsndfile sees the end of the file."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        stop = self._at + len(buffer)
        piece = self._head[self._at : stop]
        try:
            piece += self._file[self._at + len(piece) : stop]
        except CorpusError as error:
            self.problem = error
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._at = place + (0, self._at, len(self._file))[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True


def flac_start(file: FileBytes) -> int | None:
    """Find where FLAC begins: at 0, or behind an ID3 tag; None if the file is no FLAC."""
    head = file[:10]
    at = 0
    if head[:3] == b"ID3" and len(head) == 10:
        sizes = head[6:10]
        if any(byte & 0x80 for byte in sizes):
            return None
        at = 10 + sum(byte << shift for byte, shift in zip(sizes, (21, 14, 7, 0), strict=True))
    return at if file[at : at + 4] == b"fLaC" else None


def read_flac(file: FileBytes) -> Decoded:
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
    held = find_sound(file, start, info.frames)
    if info.frames not in (0, held.frames):
        raise NotRepresentable(
            f"its header claims {info.frames} frames, its blocks hold {held.frames}"
        )
    width = -(-info.bits // 8) * 8  # libsndfile reads 12 and 20 bits only where 16 and 24 are named
    head = bytearray(file[start : start + 8 + STREAMINFO])
    head[21:26] = (width - 1 << 36 & 0xF0_0000_0000 | held.frames).to_bytes(5)
    stream = _Corrected(file, start, bytes(head))
    digest, data, frames = hashlib.md5(usedforsecurity=False), io.BytesIO(), 0
    try:
        with soundfile.SoundFile(stream) as sound:
            while len(block := sound.read(BLOCK, dtype="int32", always_2d=True)):
                frames += len(block)
                stored = _stored(block, info.bits)
                digest.update(stored.translate(SIGN_FLIPPED) if info.bits <= 8 else stored)
                data.write(stored)
    except Exception as error:  # soundfile raises its own, numpy's and RuntimeError
        if stream.problem:
            raise stream.problem from None
        problem = getattr(error, "error_string", str(error)).strip() or type(error).__name__
        raise NotRepresentable(f"libsndfile does not read it: {problem}") from error
    if stream.problem:
        raise stream.problem
    if frames != held.frames:
        raise NotRepresentable(f"its blocks hold {held.frames} frames, {frames} were decoded")
    if any(info.md5) and info.md5 != digest.digest():
        raise NotRepresentable("its sound is not what its header's MD5 is of")
    return Decoded(
        media=Audio(info.rate, info.channels, width),
        data=data.getvalue(),
        what=f"{info.bits}-bit FLAC",
        carried=held.stop - held.start,
        reader=f"libsndfile {soundfile.__libsndfile_version__}",
    )


def stream_info(file: FileBytes, start: int) -> StreamInfo:
    """Parse STREAMINFO. Raises NotRepresentable."""
    block = file[start + 4 : start + 8 + STREAMINFO]
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


def find_sound(file: FileBytes, start: int, claimed: int) -> Sound:
    """Find the blocks of sound, and count their frames, whatever STREAMINFO claims.

    The header of the last block has its number (RFC 9639, section 9.1; in files of before 2007 that
    of its first frame), and a checksum ends it.

    Raises:
        NotRepresentable: There is no block, or something follows the last one.
    """
    first = start + 4
    is_last = False
    while not is_last:
        head = file[first : first + 4]
        if len(head) < 4:
            raise NotRepresentable("its header breaks off")
        is_last = bool(head[0] & 0x80)
        first += 4 + int.from_bytes(head[1:])
    stop = len(file)
    if stop - ID3V1 >= first and file[stop - ID3V1 : stop - ID3V1 + 3] == b"TAG":
        stop -= ID3V1
    if first == stop:
        return Sound(first, stop, 0)
    shortest = int.from_bytes(file[start + 8 : start + 10])
    if _has_another(file, first):
        raise NotRepresentable("another FLAC file follows in it")
    data = file[max(first, stop - LONGEST) : stop]
    at, candidates = len(data), 0
    while (at := data.rfind(b"\xff", 0, at)) >= 0 and candidates < CANDIDATES:
        block = _block(data[at : at + 16])
        if block is not None:
            candidates += 1
            if not _crc16(data[at:]):
                number, size = block
                by_frame, by_block = number + size, number * shortest + size
                is_by_frame = data[at + 1] & 1 or by_frame == claimed
                return Sound(first, stop, by_frame if is_by_frame else by_block)
    raise NotRepresentable("it does not end with a whole block of sound")


def _has_another(file: FileBytes, start: int) -> bool:
    head = b"fLaC" + STREAMINFO.to_bytes(4)
    return any(head in file[at : at + WINDOW + 7] for at in range(start, len(file), WINDOW))


def _block(head: bytes) -> tuple[int, int] | None:
    """Return the coded number of a block and its frames; None if this is no block header."""
    if len(head) < 6 or head[1] not in (0xF8, 0xF9) or head[3] & 1:
        return None
    if head[2] >> 4 == 0 or head[2] & 15 == 15:
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
    table, crc = _crc_table(8, 0x07), 0
    for byte in data:
        crc = table[crc ^ byte]
    return crc


def _crc16(data: bytes) -> int:
    """Return the checksum of a block, 0 if it ends with its own: x^16 + x^15 + x^2 + 1."""
    table, crc = _crc_table(16, 0x8005), 0
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ table[crc >> 8 ^ byte]
    return crc


@cache
def _crc_table(bits: int, polynomial: int) -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = crc << 1 ^ (polynomial if crc >> bits - 1 else 0)
            crc &= (1 << bits) - 1
        table.append(crc)
    return table


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

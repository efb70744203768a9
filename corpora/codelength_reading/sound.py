"""Uncompressed recordings: WAV (RIFF, RF64, BW64, RIFX), Wave64, AIFF and AIFC, CAF, AU.

A recording is read as it is stored, sample for sample, or not at all: a header that claims another
size than the file has, or bytes that belong to no chunk, are reasons to leave it alone. Chunks
beside the sound (titles, markers, padding) are metadata and are left out.

Sources: Microsoft's multimedia registration of 1994 and mmreg.h, EBU Tech 3306 (RF64), the Wave64
file format of Sonic Foundry, Apple's AIFF-C draft of 1991 and Core Audio Format specification,
Sun's audio(4).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from codelength.api.media import Audio
from codelength_reading.errors import NotRepresentable

UNKNOWN = 0xFFFFFFFF
"""The size that programs write which do not know it: in RF64, and into a pipe."""

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
"""Format tags of WAV."""

W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""What follows the four letters of every other identifier in Wave64, `wave` and `data` included."""

AU_ENCODINGS = {2: 8, 3: 16, 4: 24, 5: 32, 6: -32, 7: -64}
"""Sun's numbers → bits of a sample, negative for floats."""

AIFC_TYPES = {
    b"NONE": (0, True),
    b"twos": (0, True),
    b"sowt": (0, False),
    b"in24": (24, True),
    b"in32": (32, True),
    b"fl32": (-32, True),
    b"FL32": (-32, True),
    b"fl64": (-64, True),
    b"FL64": (-64, True),
}
"""Compression types that compress nothing → bits (0: as COMM says; negative: floats), and whether
the samples are big-endian."""


class Recording(NamedTuple):
    """Sound as it is stored."""

    media: Audio
    data: bytes
    """Samples, channels interleaved, as `Audio` lays them out."""
    what: str
    """`24-bit WAV`."""
    reader: str = ""
    """The library that decoded it; empty for this package."""


class _Layout(NamedTuple):
    """How samples lie in the file."""

    rate: int
    channels: int
    bits: int
    """8, 16, 24, 32 or 64, the size of a sample."""
    floating: bool = False
    big_endian: bool = False
    signed_bytes: bool = False
    """8 bits as two's complement; else unsigned."""


def is_recording(head: bytes) -> bool:
    """Tell whether a file whose first 16 bytes are `head` is of a format that is read here."""
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX"):
        return head[8:12] == b"WAVE"
    if head[:4] == b"FORM":
        return head[8:12] in (b"AIFF", b"AIFC")
    return head[:4] in (b".snd", b"caff") or head[:16] == W64_RIFF


def read_recording(file: memoryview) -> Recording:
    """Read the samples of a recording.

    Raises:
        NotRepresentable: The file is damaged, compressed, or holds more than one recording.
    """
    magic = bytes(file[:4])
    try:
        if magic in (b"RIFF", b"RF64", b"BW64", b"RIFX"):
            return _wave(file)
        if magic == b"FORM":
            return _aiff(file)
        if magic == b"caff":
            return _caf(file)
        if magic == b".snd":
            return _au(file)
        return _wave64(file)
    except struct.error as error:
        raise NotRepresentable("its header breaks off") from error


def _wave(file: memoryview) -> Recording:
    magic = bytes(file[:4])
    big = magic == b"RIFX"
    order = ">" if big else "<"
    chunks: dict[bytes, tuple[int, int]] = {}
    for name, start, size in _riff_chunks(file, order, magic in (b"RF64", b"BW64")):
        if name in chunks and name in (b"fmt ", b"data"):
            raise NotRepresentable(f"it has two chunks {name.decode()!r}")
        chunks[name] = (start, size)
    layout = _wave_layout(file, chunks, order, big)
    return _recording(file, layout, *_required(chunks, b"data"), magic.decode() + " WAV")


def _riff_chunks(file: memoryview, order: str, is_64: bool) -> Iterator[tuple[bytes, int, int]]:
    """Yield the names, starts and sizes of the chunks after the first twelve bytes."""
    at, data_size = 12, None
    while at < len(file):
        if not any(file[at : at + 8]) and not any(file[at:]):
            return  # zeros that fill the last block of a recorder's card
        if at + 8 > len(file):
            raise NotRepresentable(f"{len(file) - at} bytes follow its last chunk")
        name = bytes(file[at : at + 4])
        (size,) = struct.unpack_from(order + "I", file, at + 4)
        at += 8
        if name == b"ds64":
            data_size = struct.unpack_from("<QQ", file, at)[1]
        if name == b"data" and size == UNKNOWN:
            size = data_size if is_64 and data_size is not None else len(file) - at
        if not size and name == b"data" and at < len(file) and not _is_name(file[at : at + 4]):
            raise NotRepresentable(
                f"its header claims no sound, and {len(file) - at} bytes follow it"
            )
        if size > len(file) - at:
            raise NotRepresentable(
                f"its chunk {_shown(name)} claims {size} bytes, {len(file) - at} are there"
            )
        if not _is_name(name):
            raise NotRepresentable(f"{len(file) - at + 8} bytes follow its last chunk")
        yield name, at, size
        at += size + size % 2


def _wave_layout(
    file: memoryview, chunks: dict[bytes, tuple[int, int]], order: str, big: bool
) -> _Layout:
    start, size = _required(chunks, b"fmt ")
    tag, channels, rate, _, align, bits = struct.unpack_from(order + "HHIIHH", file, start)
    if tag == EXTENSIBLE and size >= 40:
        (tag,) = struct.unpack_from(order + "H", file, start + 24)
    if tag not in (PCM, FLOAT):
        raise NotRepresentable(f"its samples are compressed (format {tag:#06x})")
    if not channels or align % channels:
        raise NotRepresentable(f"its frames of {align} bytes do not hold {channels} channels")
    container = align // channels * 8
    if bits > container:
        raise NotRepresentable(f"its samples of {bits} bits do not fit into {container}")
    return _Layout(rate, channels, container, tag == FLOAT, big)


def _wave64(file: memoryview) -> Recording:
    chunks: dict[bytes, tuple[int, int]] = {}
    at = 40
    while at < len(file):
        name, size = bytes(file[at : at + 16]), struct.unpack_from("<Q", file, at + 16)[0]
        if name[4:] != W64_TAIL:
            raise NotRepresentable(f"{len(file) - at} bytes follow its last chunk")
        if size < 24 or size - 24 > len(file) - at - 24:
            raise NotRepresentable(
                f"its chunk {_shown(name[:4])} claims {size - 24} bytes, "
                f"{len(file) - at - 24} are there"
            )
        if name[:4] in chunks and name[:4] in (b"fmt ", b"data"):
            raise NotRepresentable(f"it has two chunks {_shown(name[:4])}")
        chunks[name[:4]] = (at + 24, size - 24)
        at += -(-size // 8) * 8
    layout = _wave_layout(file, chunks, "<", False)
    return _recording(file, layout, *_required(chunks, b"data"), "Wave64")


def _aiff(file: memoryview) -> Recording:
    chunks: dict[bytes, tuple[int, int]] = {}
    for name, start, size in _riff_chunks(file, ">", False):
        if name in chunks and name in (b"COMM", b"SSND"):
            raise NotRepresentable(f"it has two chunks {name.decode()!r}")
        chunks[name] = (start, size)
    start, _ = _required(chunks, b"COMM")
    channels, frames, bits = struct.unpack_from(">HIH", file, start)
    rate = _extended(bytes(file[start + 8 : start + 18]))
    kind = bytes(file[start + 18 : start + 22]) if bytes(file[8:12]) == b"AIFC" else b"NONE"
    if kind == b"raw ":
        layout = _Layout(rate, channels, 8)
    elif kind in AIFC_TYPES:
        given, big = AIFC_TYPES[kind]
        size = abs(given) or -(-bits // 8) * 8
        layout = _Layout(rate, channels, size, given < 0, big, size == 8)
    else:
        raise NotRepresentable(f"its samples are compressed ({_shown(kind)})")
    sound, size = _required(chunks, b"SSND") if frames else (start, 8)
    (offset,) = struct.unpack_from(">I", file, sound) if frames else (0,)
    taken = frames * channels * layout.bits // 8
    if taken > size - 8 - offset:
        raise NotRepresentable(f"its header claims {taken} bytes of sound, {size - 8} are there")
    if size - 8 - offset - taken > 1:
        raise NotRepresentable(
            f"its header claims {taken} bytes of sound, {size - 8 - offset} are there"
        )
    return _recording(file, layout, sound + 8 + offset, taken, "AIFF")


def _caf(file: memoryview) -> Recording:
    chunks: dict[bytes, tuple[int, int]] = {}
    at = 8
    while at < len(file):
        if at + 12 > len(file):
            raise NotRepresentable(f"{len(file) - at} bytes follow its last chunk")
        name, size = bytes(file[at : at + 4]), struct.unpack_from(">q", file, at + 4)[0]
        at += 12
        if size == -1 and name == b"data":
            size = len(file) - at
        if not _is_name(name) or not 0 <= size <= len(file) - at:
            raise NotRepresentable(
                f"its chunk {_shown(name)} claims {size} bytes, {len(file) - at} are there"
            )
        if name in chunks and name in (b"desc", b"data"):
            raise NotRepresentable(f"it has two chunks {_shown(name)}")
        chunks[name] = (at, size)
        at += size
    start, _ = _required(chunks, b"desc")
    rate, kind, flags, packet, frames, channels, bits = struct.unpack_from(">d4sIIIII", file, start)
    if kind != b"lpcm" or frames != 1 or not channels or packet % channels:
        raise NotRepresentable(f"its samples are compressed ({_shown(kind)})")
    size = packet // channels * 8
    layout = _Layout(round(rate), channels, size, bool(flags & 1), not flags & 2, size == 8)
    if bits > size:
        raise NotRepresentable(f"its samples of {bits} bits do not fit into {size}")
    sound, length = _required(chunks, b"data")
    return _recording(file, layout, sound + 4, length - 4, "CAF")


def _au(file: memoryview) -> Recording:
    start, size, encoding, rate, channels = struct.unpack_from(">IIIII", file, 4)
    if encoding not in AU_ENCODINGS:
        raise NotRepresentable(f"its samples are compressed (encoding {encoding})")
    rest = len(file) - start
    if size == UNKNOWN:
        size = rest
    if size != rest:
        raise NotRepresentable(f"its header claims {size} bytes of sound, {rest} are there")
    bits = AU_ENCODINGS[encoding]
    layout = _Layout(rate, channels, abs(bits), bits < 0, True, bits == 8)
    return _recording(file, layout, start, size, "AU")


def _recording(file: memoryview, layout: _Layout, start: int, size: int, what: str) -> Recording:
    """Bring samples into the order of `Audio`: little-endian, 8 bits unsigned."""
    bits = layout.bits
    if bits not in ((32, 64) if layout.floating else (8, 16, 24, 32)):
        raise NotRepresentable(f"its samples have {bits} bits")
    if not layout.channels or not layout.rate:
        raise NotRepresentable(f"it claims {layout.channels} channels at {layout.rate} Hz")
    frame = layout.channels * bits // 8
    if size % frame:
        raise NotRepresentable(f"its {size} bytes of sound are no whole frames of {frame} bytes")
    data = bytes(file[start : start + size])
    if layout.big_endian and bits > 8:
        data = _reversed(data, bits // 8)
    if layout.signed_bytes:
        data = data.translate(bytes(value ^ 0x80 for value in range(256)))
    media = Audio(layout.rate, layout.channels, bits, layout.floating)
    kind = f"{bits}-bit float" if layout.floating else f"{bits}-bit"
    return Recording(media, data, f"{kind} {what}")


def _reversed(data: bytes, size: int) -> bytes:
    """Return `data` with each group of `size` bytes reversed."""
    turned = bytearray(len(data))
    for place in range(size):
        turned[place::size] = data[size - 1 - place :: size]
    return bytes(turned)


def _extended(number: bytes) -> int:
    """Convert an 80-bit IEEE 754 extended number, as in AIFF, to an integer."""
    exponent, mantissa = struct.unpack(">HQ", number)
    power = (exponent & 0x7FFF) - 16383 - 63
    if not -63 <= power <= 0:
        raise NotRepresentable("its sample rate is no number")
    return int(mantissa >> -power)


def _required(chunks: dict[bytes, tuple[int, int]], name: bytes) -> tuple[int, int]:
    if name not in chunks:
        raise NotRepresentable(f"it has no chunk {name.decode()!r}")
    return chunks[name]


def _is_name(name: bytes | memoryview) -> bool:
    return all(0x20 <= letter < 0x7F for letter in bytes(name)) and len(name) == 4


def _shown(name: bytes) -> str:
    return ascii(name.decode("latin-1"))

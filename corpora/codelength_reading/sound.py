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

from codelength.api.media import Audio, FileBytes
from codelength_reading.decoded import Decoded, NotRepresentable, is_zero, unpack

Chunks = dict[bytes, tuple[int, int]]
"""The chunks of a file by name: where each starts, and its size."""

UNKNOWN = 0xFFFFFFFF
"""The size that programs write which do not know it: in RF64, and into a pipe."""

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
"""Format tags of WAV."""

MOST_CHUNKS = 1000
"""A file of more chunks is none that a recorder has written."""

W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""What follows the four letters of every other identifier in Wave64, `wave` and `data` included."""

CONTAINERS = {b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM", b"riff"}
"""Chunks that are a file in a file."""

AU_ENCODINGS = {2: 8, 3: 16, 4: 24, 5: 32, 6: -32, 7: -64}
"""Sun's numbers → bits of a sample, negative for floats."""

AIFC_TYPES = {
    b"NONE": (0, True),
    b"twos": (0, True),
    b"sowt": (0, False),
    b"in24": (24, True),
    b"in32": (32, True),
    b"42ni": (24, False),
    b"42n1": (24, False),
    b"23ni": (32, False),
    b"fl32": (-32, True),
    b"FL32": (-32, True),
    b"fl64": (-64, True),
    b"FL64": (-64, True),
}
"""Compression types that compress nothing → bits (0: as COMM says; negative: floats), and whether
the samples are big-endian."""


SIGN_FLIPPED = bytes(value ^ 0x80 for value in range(256))
"""Translates signed samples of 8 bits to unsigned ones, and back."""


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


def read_wave(file: FileBytes) -> Decoded:
    """Read a WAV file: RIFF, RF64, BW64 or RIFX. Raises NotRepresentable."""
    magic = file[:4]
    order = ">" if magic == b"RIFX" else "<"
    chunks = _collect(_riff_chunks(file, order, magic in (b"RF64", b"BW64")), b"fmt ", b"data")
    layout = _wave_layout(file, chunks, order)
    return _decoded(
        file,
        layout,
        *_required(chunks, b"data"),
        "WAV" if magic == b"RIFF" else magic.decode() + " WAV",
    )


def _riff_chunks(file: FileBytes, order: str, is_64: bool) -> Iterator[tuple[bytes, int, int]]:
    """Yield the names, starts and sizes of the chunks after the first twelve bytes."""
    at, data_size, name, size = 12, None, b"", 0
    while at < len(file):
        is_unfinished = name == b"data" and not size
        if not is_unfinished and not any(file[at : at + 8]) and is_zero(file, at):
            return  # zeros that fill the last block of a recorder's card
        if at + 8 > len(file):
            raise NotRepresentable(f"{len(file) - at} bytes follow its last chunk")
        if is_unfinished and not _is_name(file[at : at + 4]):
            raise NotRepresentable(
                f"its header claims no sound, and {len(file) - at} bytes follow it"
            )
        name = file[at : at + 4]
        (size,) = unpack(order + "I", file, at + 4)
        at += 8
        if name == b"ds64":
            data_size = unpack("<QQ", file, at)[1]
        if name == b"data" and size == UNKNOWN:
            size = data_size if is_64 and data_size is not None else len(file) - at
        if size > len(file) - at:
            raise NotRepresentable(
                f"its chunk {_shown(name)} claims {size} bytes, {len(file) - at} are there"
            )
        if not _is_name(name):
            raise NotRepresentable(f"{len(file) - at + 8} bytes follow its last chunk")
        yield name, at, size
        at += size + size % 2


def _collect(chunks: Iterator[tuple[bytes, int, int]], *single: bytes) -> Chunks:
    """Gather chunks by name. Raises NotRepresentable if one of `single` is there twice."""
    found: Chunks = {}
    for number, (name, start, size) in enumerate(chunks):
        if name in found and name in single:
            raise NotRepresentable(f"it has two chunks {_shown(name)}")
        if name in CONTAINERS:
            raise NotRepresentable(f"another file, {_shown(name)}, follows in it")
        if number >= MOST_CHUNKS:
            raise NotRepresentable(f"it has more than {MOST_CHUNKS} chunks")
        found[name] = (start, size)
    return found


def _wave_layout(file: FileBytes, chunks: Chunks, order: str) -> _Layout:
    start, size = _required(chunks, b"fmt ")
    tag, channels, rate, _, align, bits = unpack(order + "HHIIHH", file, start)
    if tag == EXTENSIBLE and size >= 40:
        (tag,) = unpack(order + "H", file, start + 24)
    if tag not in (PCM, FLOAT):
        raise NotRepresentable(f"its samples are compressed (format {tag:#06x})")
    if not channels or align % channels:
        raise NotRepresentable(f"its frames of {align} bytes do not hold {channels} channels")
    container = align // channels * 8
    if bits > container:
        raise NotRepresentable(f"its samples of {bits} bits do not fit into {container}")
    return _Layout(rate, channels, container, tag == FLOAT, order == ">")


def read_wave64(file: FileBytes) -> Decoded:
    """Read a Wave64 file. Raises NotRepresentable."""
    chunks = _collect(_wave64_chunks(file), b"fmt ", b"data")
    layout = _wave_layout(file, chunks, "<")
    return _decoded(file, layout, *_required(chunks, b"data"), "Wave64")


def _wave64_chunks(file: FileBytes) -> Iterator[tuple[bytes, int, int]]:
    at = 40
    while at < len(file):
        name, size = file[at : at + 16], unpack("<Q", file, at + 16)[0]
        if name[4:] != W64_TAIL:
            raise NotRepresentable(f"{len(file) - at} bytes follow its last chunk")
        rest = len(file) - at - 24
        if not 0 <= size - 24 <= rest:
            raise NotRepresentable(
                f"its chunk {_shown(name[:4])} claims {size - 24} bytes, {rest} are there"
            )
        yield name[:4], at + 24, size - 24
        at += -(-size // 8) * 8


def read_aiff(file: FileBytes) -> Decoded:
    """Read an AIFF or AIFF-C file. Raises NotRepresentable."""
    chunks = _collect(_riff_chunks(file, ">", False), b"COMM", b"SSND")
    start, _ = _required(chunks, b"COMM")
    channels, frames, bits = unpack(">HIH", file, start)
    rate = _extended(file[start + 8 : start + 18])
    kind = file[start + 18 : start + 22] if file[8:12] == b"AIFC" else b"NONE"
    if kind == b"raw ":
        layout = _Layout(rate, channels, 8)
    elif kind in AIFC_TYPES:
        given, big = AIFC_TYPES[kind]
        size = abs(given) or -(-bits // 8) * 8
        layout = _Layout(rate, channels, size, given < 0, big, size == 8)
    else:
        raise NotRepresentable(f"its samples are compressed ({_shown(kind)})")
    if not frames and b"SSND" not in chunks:
        return _decoded(file, layout, start, 0, "AIFF")
    sound, size = _required(chunks, b"SSND")
    (offset,) = unpack(">I", file, sound)
    claimed, there = frames * channels * layout.bits // 8, size - 8 - offset
    if not 0 <= there - claimed <= 1:
        raise NotRepresentable(f"its header claims {claimed} bytes of sound, {there} are there")
    return _decoded(file, layout, sound + 8 + offset, claimed, "AIFF")


def read_caf(file: FileBytes) -> Decoded:
    """Read a Core Audio file. Raises NotRepresentable."""
    chunks = _collect(_caf_chunks(file), b"desc", b"data")
    start, _ = _required(chunks, b"desc")
    rate, kind, flags, packet, frames, channels, bits = unpack(">d4sIIIII", file, start)
    if kind != b"lpcm" or frames != 1 or not channels or packet % channels:
        raise NotRepresentable(f"its samples are compressed ({_shown(kind)})")
    if not 0 < rate < UNKNOWN:
        raise NotRepresentable("its sample rate is no number")
    size = packet // channels * 8
    layout = _Layout(round(rate), channels, size, bool(flags & 1), not flags & 2, size == 8)
    if bits > size:
        raise NotRepresentable(f"its samples of {bits} bits do not fit into {size}")
    sound, length = _required(chunks, b"data")
    return _decoded(file, layout, sound + 4, length - 4, "CAF")


def _caf_chunks(file: FileBytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    while at < len(file):
        if at + 12 > len(file):
            raise NotRepresentable(f"{len(file) - at} bytes follow its last chunk")
        name, size = file[at : at + 4], unpack(">q", file, at + 4)[0]
        at += 12
        if size == -1 and name == b"data":
            size = len(file) - at
        if not _is_name(name) or not 0 <= size <= len(file) - at:
            raise NotRepresentable(
                f"its chunk {_shown(name)} claims {size} bytes, {len(file) - at} are there"
            )
        yield name, at, size
        at += size


def read_au(file: FileBytes) -> Decoded:
    """Read an AU file of Sun, or of DEC in its own byte order. Raises NotRepresentable."""
    is_little = file[:4] == b"dns."
    start, size, encoding, rate, channels = unpack("<IIIII" if is_little else ">IIIII", file, 4)
    if encoding not in AU_ENCODINGS:
        raise NotRepresentable(f"its samples are compressed (encoding {encoding})")
    rest = len(file) - start
    if start < 24 or rest < 0:
        raise NotRepresentable(f"its sound begins at byte {start}")
    if size == UNKNOWN:
        size = rest
    if size != rest:
        raise NotRepresentable(f"its header claims {size} bytes of sound, {rest} are there")
    bits = AU_ENCODINGS[encoding]
    layout = _Layout(rate, channels, abs(bits), bits < 0, not is_little, bits == 8)
    return _decoded(file, layout, start, size, "AU")


def _decoded(file: FileBytes, layout: _Layout, start: int, size: int, what: str) -> Decoded:
    """Bring samples into the order of `Audio`: little-endian, 8 bits unsigned."""
    bits = layout.bits
    if bits not in ((32, 64) if layout.floating else (8, 16, 24, 32)):
        raise NotRepresentable(f"its samples have {bits} bits")
    if not layout.channels or not layout.rate:
        raise NotRepresentable(f"it claims {layout.channels} channels at {layout.rate} Hz")
    frame = layout.channels * bits // 8
    if size < 0 or size % frame:
        raise NotRepresentable(f"its {size} bytes of sound are no whole frames of {frame} bytes")
    data: bytes | FileBytes = file.part(start, start + size)
    if layout.big_endian and bits > 8:
        data = _reversed(bytes(data), bits // 8)
    elif layout.signed_bytes:
        data = bytes(data).translate(SIGN_FLIPPED)
    media = Audio(layout.rate, layout.channels, bits, layout.floating)
    kind = f"{bits}-bit float" if layout.floating else f"{bits}-bit"
    return Decoded(media, data, f"{kind} {what}", size)


def _reversed(data: bytes, size: int) -> bytes:
    """Return `data` with each group of `size` bytes reversed."""
    import numpy as np

    return np.frombuffer(data, np.uint8).reshape(-1, size)[:, ::-1].tobytes()


def _extended(number: bytes) -> int:
    """Convert an 80-bit IEEE 754 extended number, as in AIFF, to an integer."""
    exponent, mantissa = struct.unpack(">HQ", number)
    power = (exponent & 0x7FFF) - 16383 - 63
    if not -63 <= power <= 0:
        raise NotRepresentable("its sample rate is no number")
    return int(mantissa >> -power)


def _required(chunks: Chunks, name: bytes) -> tuple[int, int]:
    if name not in chunks:
        raise NotRepresentable(f"it has no chunk {name.decode()!r}")
    return chunks[name]


def _is_name(name: bytes) -> bool:
    return all(0x20 <= letter < 0x7F for letter in name) and len(name) == 4


def _shown(name: bytes) -> str:
    return ascii(name.decode("latin-1"))

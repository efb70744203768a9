"""Builds files as their formats define them, so that tests need no library to write them."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def noise(seed: int, *shape: int, most: int = 255) -> np.ndarray:
    return (
        np.random.default_rng(seed)
        .integers(0, most + 1, shape)
        .astype(np.uint16 if most > 255 else np.uint8)
    )


PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))


def png(
    samples: np.ndarray,
    depth: int,
    colour: int,
    extra: Sequence[tuple[bytes, bytes]] = (),
    hidden: bytes = b"",
    interlaced: bool = False,
) -> bytes:
    """A PNG of `samples` (rows, columns · channels), without filters.

    `hidden` is compressed behind the pixels.
    """

    def chunk(tag: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    def packed(row: np.ndarray) -> bytes:
        if depth >= 8:
            return row.astype(f">u{depth // 8}").tobytes()
        places = np.arange(depth - 1, -1, -1)
        return np.packbits((row[:, None] >> places & 1).astype(np.uint8)).tobytes()

    height, width = len(samples), samples.shape[1] // PNG_CHANNELS[colour]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    pixels = samples.reshape(height, width, -1)
    passes = [pixels]
    if interlaced:
        passes = [pixels[y::dy, x::dx] for x, y, dx, dy in (*PASSES, (0, 1, 1, 2))]
    lines = [b"\0" + packed(row.ravel()) for one in passes if one.size for row in one]
    rows = zlib.compress(b"".join(lines) + hidden)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def tiff(
    samples: np.ndarray,
    photometric: int = 2,
    tags: Mapping[int, tuple[int, Sequence[int]]] = {},
    more: Sequence[bytes] = (),
    sub: bytes | None = None,
) -> bytes:
    """An uncompressed TIFF of `samples` (rows, columns, channels), little-endian, one strip. `sub`
    is the data of a SubIFD of one byte a pixel in one row; each of `more` is a further page."""
    file = bytearray(b"II*\0\0\0\0\0")

    def directory(fields: dict[int, tuple[int, Sequence[int]]], data: bytes) -> int:
        start = len(file)
        file.extend(data + bytes(len(data) % 2))
        fields = {**fields, 273: (4, [start]), 279: (4, [len(data)])}
        entries = []
        for tag in sorted(fields):
            kind, values = fields[tag]
            value = struct.pack("<" + {3: "H", 4: "I"}[kind] * len(values), *values)
            if len(value) > 4:
                where = len(file)
                file.extend(value + bytes(len(value) % 2))
                value = struct.pack("<I", where)
            entries.append(struct.pack("<HHI", tag, kind, len(values)) + value.ljust(4, b"\0"))
        at = len(file)
        file.extend(struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4))
        return at

    def fields(height: int, width: int, bits: Sequence[int], kind: int) -> dict:
        return {
            256: (4, [width]),
            257: (4, [height]),
            258: (3, bits),
            259: (3, [1]),
            262: (3, [kind]),
            277: (3, [len(bits)]),
            278: (4, [height]),
        }

    height, width, channels = samples.shape
    given = {**fields(height, width, [8 * samples.itemsize] * channels, photometric), **tags}
    if sub is not None:
        given[330] = (4, [directory(fields(1, len(sub), [8], 32803), sub)])
    pages = [directory(given, samples.astype(f"<u{samples.itemsize}").tobytes())]
    pages += [directory(fields(1, len(data), [8], 1), data) for data in more]
    file[4:8] = struct.pack("<I", pages[0])
    for page, following in pairwise(pages):
        (count,) = struct.unpack_from("<H", file, page)
        file[page + 2 + 12 * count : page + 6 + 12 * count] = struct.pack("<I", following)
    return bytes(file)


def wave(
    sound: bytes,
    channels: int = 1,
    bits: int = 16,
    tag: int = 1,
    claimed: int | None = None,
    behind: bytes = b"",
) -> bytes:
    """A WAV file whose data chunk claims `claimed` bytes; `behind` follows it."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, 8000, 8000 * frame, frame, bits)
    size = len(sound) if claimed is None else claimed
    body = b"WAVEfmt \x10\0\0\0" + form + b"data" + struct.pack("<I", size) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of RIFF."""
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)

"""Pictures as the samples that their files store: PNG, WebP, BMP.

A picture is read exactly or not at all: a file of several pictures, one with bytes behind its end,
or one whose samples a library would change, keeps its bytes. Orientation, colour profiles,
palettes and transparency are metadata and are left out; samples of less than 8 bits take a byte
each. The pixels of lossy WebP depend on the decoder, which the corpus names.
"""

import zlib
from collections.abc import Iterator

from codelength.api.media import FileBytes, Image
from codelength_reading.decoded import WINDOW, Decoded, NotRepresentable, check_end, unpack
from codelength_reading.libraries import by_imagecodecs, by_pillow, check_size

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
PNG_KINDS = {0: "gray", 2: "RGB", 3: "palette", 4: "gray and alpha", 6: "RGBA"}
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""The passes of an interlaced PNG: the first column and row, and the steps."""
WEBP_PIXELS = (b"VP8 ", b"VP8L", b"ALPH")


def read_png(file: FileBytes) -> Decoded:
    """Read the samples of a PNG. Raises NotRepresentable, Unavailable."""
    width, height, depth, kind, _, _, interlaced = unpack(">IIBBBBB", file, 16)
    if depth not in PNG_DEPTHS.get(kind, ()):
        raise NotRepresentable(f"no PNG has colour type {kind} with {depth} bits")
    channels = PNG_CHANNELS[kind]
    media = Image(width, height, channels, 16 if depth == 16 else 8)
    check_size(file, media)
    passes = [(width, height)]
    if interlaced:
        passes = [(-((x - width) // right), -((y - height) // down)) for x, y, right, down in ADAM7]
    size = sum(h * (1 + -(-w * channels * depth // 8)) for w, h in passes if w > 0 and h > 0)
    carried, is_transparent = _check_png(file, size)
    what = f"{depth}-bit {PNG_KINDS[kind]} PNG"
    if depth < 8 or kind == 3 or (depth == 8 and is_transparent):
        scale = 255 // ((1 << depth) - 1) if kind == 0 else 1
        return by_pillow(file, what, carried, media=media, scale=scale)
    dropped = int(is_transparent and kind in (0, 2))  # libpng adds that colour to all pixels
    return by_imagecodecs("png_decode", file, what, carried, media, dropped=dropped)


def _check_png(file: FileBytes, size: int) -> tuple[int, bool]:
    """Check that a PNG is whole, and that its pixels inflate to `size` bytes.

    Returns:
        The bytes of the file that are compressed pixels, and whether a chunk makes some of them
        transparent.

    Raises:
        NotRepresentable: Otherwise, or if there is more than one picture.
    """
    at, carried, inflated, inflater = 8, 0, 0, zlib.decompressobj()
    name, is_transparent = b"", False
    while name != b"IEND":
        head = file[at : at + 8]
        length, name = int.from_bytes(head[:4]), head[4:]
        if len(head) < 8 or at + 12 + length > len(file):
            raise NotRepresentable("it breaks off before its end")
        is_transparent |= name == b"tRNS"
        if name == b"acTL":
            raise NotRepresentable("it is animated")
        if not name[0] & 0x20:  # a chunk that no reader may skip
            data = file[at + 8 : at + 12 + length]
            if zlib.crc32(name + data[:-4]) != int.from_bytes(data[-4:]):
                raise NotRepresentable(f"its chunk {name.decode('latin-1')!r} is damaged")
            if name == b"IDAT":
                carried += length
                inflated += _inflated(inflater, data[:-4], size + 1 - inflated)
        at += 12 + length
    check_end(file, at)
    if inflated != size or not inflater.eof or inflater.unused_data:
        raise NotRepresentable(f"its pixels are not the {size} bytes that its header claims")
    return carried, is_transparent


def _inflated(inflater: "zlib._Decompress", data: bytes, most: int) -> int:
    """Return how many bytes come out of the next piece of a zlib stream, `most` at most."""
    size = 0
    while size < most:
        room = min(WINDOW, most - size)
        try:
            piece = inflater.decompress(data, room)
        except zlib.error as error:
            raise NotRepresentable(f"its pixels are damaged: {error}") from error
        size += len(piece)
        data = inflater.unconsumed_tail
        if inflater.eof or (not data and len(piece) < room):
            break
    return size


def read_webp(file: FileBytes) -> Decoded:
    """Read the pixels of a WebP. Raises NotRepresentable, Unavailable."""
    end = int.from_bytes(file[4:8], "little") + 8
    check_end(file, end + end % 2)
    chunks = {name: (at, size) for name, at, size in _riff_chunks(file, end)}
    if b"ANIM" in chunks:
        raise NotRepresentable("it is animated")
    is_lossy = b"VP8L" not in chunks
    at, _ = chunks.get(b"VP8 " if is_lossy else b"VP8L", (end, 0))
    if is_lossy:
        width, height = (side & 0x3FFF for side in unpack("<HH", file, at + 6))
        has_alpha = b"ALPH" in chunks
    else:
        (bits,) = unpack("<I", file, at + 1)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        has_alpha = bool(bits >> 28 & 1)
    if b"VP8X" in chunks:
        has_alpha = bool(unpack("B", file, chunks[b"VP8X"][0])[0] & 0x10)
    media = Image(width, height, 4 if has_alpha else 3)
    carried = sum(size for name, (_, size) in chunks.items() if name in WEBP_PIXELS)
    what = "WebP" if is_lossy else "lossless WebP"
    return by_imagecodecs("webp_decode", file, what, carried, media, is_lossy)


def _riff_chunks(file: FileBytes, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place and size of each chunk."""
    at = 12
    while at + 8 <= end:
        name, size = unpack("<4sI", file, at)
        yield name, at + 8, size
        at += 8 + size + size % 2


def read_bitmap(file: FileBytes) -> Decoded:
    """Read the pixels of a BMP. Raises NotRepresentable, Unavailable."""
    start, header = unpack("<II", file, 10)
    is_old = header < 40
    width, height, _, bits = unpack("<HHHH" if is_old else "<iiHH", file, 18)
    compression, packed = (0, 0) if is_old else unpack("<II", file, 30)
    if bits not in (1, 4, 8, 24, 32):
        raise NotRepresentable(f"its pixels have {bits} bits")
    if compression not in (0, 1, 2):
        raise NotRepresentable(f"its pixels are laid out in a way of their own ({compression})")
    stride = -(-width * bits // 32) * 4
    size = packed if compression else stride * abs(height)
    if width < 1 or not size:
        raise NotRepresentable("its header does not say how many bytes it has")
    check_end(file, start + size)
    what = f"{bits}-bit BMP"
    if compression:
        return by_pillow(file, what, size)
    import numpy as np

    rows = np.frombuffer(file[start : start + size], np.uint8).reshape(-1, stride)
    rows = rows[::-1] if height > 0 else rows
    if bits == 1:
        rows = np.unpackbits(rows, axis=1)
    elif bits == 4:
        rows = np.stack((rows >> 4, rows & 15), axis=2).reshape(len(rows), -1)
    media = Image(width, abs(height), max(1, bits // 8))
    pixels = rows[:, : media.frame_size].reshape(media.height, width, media.channels)
    if bits == 32:  # blue, green, red, and a fourth byte
        pixels = np.concatenate((pixels[..., 2::-1], pixels[..., 3:]), axis=2)
    elif bits == 24:
        pixels = pixels[..., ::-1]
    return Decoded(media, pixels.tobytes(), what, size)

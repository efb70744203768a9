"""Pictures as the samples that their files store: PNG, JPEG, WebP, BMP.

A picture is read exactly or not at all: a file of several pictures, one with bytes behind its end,
or one whose samples a library would change, keeps its bytes. Orientation, colour profiles,
palettes and transparency are metadata and are left out; samples of less than 8 bits take a byte
each. The pixels of JPEG and of lossy WebP depend on the decoder, which the corpus names.
"""

import re
import zlib
from collections.abc import Iterator

from codelength.api.media import FileBytes, Image
from codelength_reading.decoded import WINDOW, Decoded, NotRepresentable, check_end, unpack
from codelength_reading.libraries import check_installed

EXPANSION = 1100
"""Bytes of pixels for a byte of file at most. Deflate reaches 1,032; a header that claims more is
not believed, so that memory is bounded by the file."""

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

PILLOW_CHANNELS = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
"""Pillow's modes of at most 8 bits a channel."""


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
    carried = _check_png(file, size)
    what = f"{depth}-bit {PNG_KINDS[kind]} PNG"
    if depth < 16:
        scale = 255 // ((1 << depth) - 1) if kind == 0 else 1
        return _by_pillow(file, what, carried, media=media, scale=scale)
    check_installed("imagecodecs", "imagecodecs", "image")
    import imagecodecs

    try:
        pixels = imagecodecs.png_decode(bytes(file))
    except Exception as error:  # imagecodecs raises an exception of its own for each format
        raise NotRepresentable(f"libpng does not read it: {error}") from error
    if pixels.ndim == 3 and pixels.shape[2] == channels + 1 and kind in (0, 2):
        pixels = pixels[..., :channels]  # libpng made a channel of the transparent colour
    data = pixels.astype("<u2", copy=False).tobytes()
    return _checked(media, data, what, carried, f"imagecodecs {imagecodecs.__version__}")


def _check_png(file: FileBytes, size: int) -> int:
    """Check that a PNG is whole, and that its pixels inflate to `size` bytes.

    Returns:
        The bytes of the file that are compressed pixels.

    Raises:
        NotRepresentable: Otherwise, or if there is more than one picture.
    """
    at, carried, inflated, inflater = 8, 0, 0, zlib.decompressobj()
    name = b""
    while name != b"IEND":
        head = file[at : at + 8]
        length, name = int.from_bytes(head[:4]), head[4:]
        if len(head) < 8 or at + 12 + length > len(file):
            raise NotRepresentable("it breaks off before its end")
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
    return carried


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


def read_jpeg(file: FileBytes) -> Decoded:
    """Read the pixels of a JPEG, as Pillow decodes them. Raises NotRepresentable, Unavailable."""
    end, beside = _walk_jpeg(bytes(file))
    check_end(file, end)
    return _by_pillow(file, "JPEG", end - beside, is_lossy=True)


def _walk_jpeg(data: bytes) -> tuple[int, int]:
    """Return where the first picture of a file ends, and the bytes of its metadata."""
    at, beside = 2, 0
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise NotRepresentable("it is damaged: a marker is missing")
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2, beside
        if marker == 0xFF or marker == 1 or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
            continue
        size = 2 + int.from_bytes(data[at + 2 : at + 4])
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            beside += size
        at += size
        if marker == 0xDA:
            after_scan = JPEG_MARKER.search(data, at)
            if after_scan is None:
                break
            at = after_scan.start()
    if data[at : at + 2] == b"\xff\xd9":
        return at + 2, beside
    raise NotRepresentable("it breaks off before its end")


JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The end of a scan: a marker that is neither a restart nor a stuffed byte."""


def read_webp(file: FileBytes) -> Decoded:
    """Read the pixels of a WebP. Raises NotRepresentable, Unavailable."""
    end = int.from_bytes(file[4:8], "little") + 8
    check_end(file, end + end % 2)
    chunks = list(_riff_chunks(file, end))
    names = [name for name, _ in chunks]
    if b"ANIM" in names:
        raise NotRepresentable("it is animated")
    pixels = [(name, size) for name, size in chunks if name in (b"VP8 ", b"VP8L", b"ALPH")]
    is_lossy = b"VP8L" not in names
    what = "WebP" if is_lossy else "lossless WebP"
    return _by_pillow(file, what, sum(size for _, size in pixels), is_lossy=is_lossy)


def _riff_chunks(file: FileBytes, end: int) -> Iterator[tuple[bytes, int]]:
    at = 12
    while at + 8 <= end:
        name, size = unpack("<4sI", file, at)
        yield name, size
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
        return _by_pillow(file, what, size)
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


def _by_pillow(
    file: FileBytes,
    what: str,
    carried: int,
    is_lossy: bool = False,
    media: Image | None = None,
    scale: int = 1,
) -> Decoded:
    """Decode by Pillow.

    Args:
        media: What the header says, if that is known; else what Pillow says of it.
        scale: What Pillow multiplies samples of few bits by.
    """
    check_installed("PIL", "pillow", "image")
    import PIL
    from PIL import Image as Pillow

    try:
        with file.path.open("rb") as stream, Pillow.open(stream) as image:
            frames = getattr(image, "n_frames", 1)
            if frames != 1:
                raise NotRepresentable(f"it has {frames} frames")
            if image.mode not in PILLOW_CHANNELS:
                raise NotRepresentable(f"Pillow reads it as pixels of mode {image.mode!r}")
            size = media or Image(*image.size, PILLOW_CHANNELS[image.mode])
            check_size(file, size)
            mode = image.mode  # the samples of mode `1` are bits
            data = (image.convert("L") if mode == "1" else image).tobytes()
    except NotRepresentable:
        raise
    except Exception as error:  # Pillow has no common ancestor for what its decoders raise
        raise NotRepresentable(f"Pillow does not read it: {error}") from error
    if scale > 1 or mode == "1":
        scale = 255 if mode == "1" else scale
        data = data.translate(bytes(value // scale for value in range(256)))
    return _checked(size, data, what, carried, f"Pillow {PIL.__version__}", is_lossy)


def _checked(
    media: Image, data: bytes, what: str, carried: int, reader: str, is_lossy: bool = False
) -> Decoded:
    if len(data) != media.height * media.frame_size:
        raise NotRepresentable(f"its decoder gives {len(data)} bytes, its header says {media}")
    return Decoded(media, data, what, carried, reader, is_lossy)


def check_size(file: FileBytes, media: Image) -> None:
    """Raise NotRepresentable if a header claims more pixels than a file can hold."""
    size = media.height * media.frame_size
    if size > EXPANSION * len(file) + (1 << 20):
        raise NotRepresentable(f"it claims {size} bytes of pixels in a file of {len(file)}")

"""Pictures as the samples that their files store: PNG, TIFF, BMP, Netpbm, WebP, JPEG.

A picture is read exactly or not at all: a file of several pictures, one with bytes behind its end,
or one whose samples a library would change, keeps its bytes. Orientation, colour profiles,
palettes and transparency are metadata and are left out; samples of less than 8 bits take a byte
each. The pixels of JPEG and of lossy WebP depend on the decoder, which the corpus names.
"""

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codelength.api.media import Image
from codelength_reading.errors import NotRepresentable
from codelength_reading.libraries import check_installed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXPANSION = 1100
"""Bytes of pixels for a byte of file at most. Deflate reaches 1,032; a header that claims more is
not believed, so that memory is bounded by the file."""

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_KINDS = {0: "gray", 2: "RGB", 3: "palette", 4: "gray and alpha", 6: "RGBA"}
PILLOW_CHANNELS = {"L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
"""Pillow's modes of 8 bits a channel."""

NETPBM = re.compile(rb"P([1-6])(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})")
NETPBM_DEPTH = re.compile(rb"(?:\s|#[^\n]*\n)+(\d{1,5})\s")

TIFF_LOSSY = {6, 7, 33003, 33004, 33005, 34892, 34933, 50001, 50002, 52546}
"""Compression numbers that lose, may lose, or convert colours: JPEG, JPEG 2000, WebP, JPEG XL."""
TIFF_SLACK = 1 << 16
"""Bytes beside pixels that need no explanation: tags, thumbnails in tags, padding."""


class Picture(NamedTuple):
    """Pixels as they are stored."""

    media: Image
    data: bytes
    """Rows from the top, channels interleaved; 16-bit samples are little-endian."""
    what: str
    """`16-bit RGB PNG`."""
    reader: str = ""
    """The library that decoded it; empty for this module."""
    lossy: bool = False
    """The pixels depend on the decoder's version."""


def read_picture(path: Path, file: memoryview) -> Picture:
    """Read the pixels of a picture.

    Raises:
        NotRepresentable: The file is damaged, or these are not all the pixels that it holds.
        Unavailable: The library that decodes it is not installed.
    """
    head = bytes(file[:16])
    readers: list[tuple[bool, Callable[[Path, memoryview], Picture]]] = [
        (head.startswith(PNG_HEAD), _png),
        (head.startswith(b"\xff\xd8\xff"), _jpeg),
        (head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")), _tiff),
        (head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
        (head[:2] == b"BM", _bitmap),
        (is_netpbm(file), _netpbm),
    ]
    for matches, read in readers:
        if matches:
            try:
                return read(path, file)
            except struct.error as error:
                raise NotRepresentable("its header breaks off") from error
    raise NotRepresentable("it is no picture")


def is_picture(file: memoryview) -> bool:
    """Tell whether the content of a file begins like a picture of a format that is read here."""
    head = bytes(file[:16])
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if head[:2] == b"BM":
        return head[6:10] == bytes(4) and int.from_bytes(head[2:6], "little") <= len(file)
    starts = (PNG_HEAD, b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    return head.startswith(starts) or is_netpbm(file)


def is_netpbm(file: memoryview) -> bool:
    """Tell whether a file has a whole Netpbm header and at least as many bytes as that claims.

    A note that begins with `P5` is text.
    """
    try:
        *_, start, size = _netpbm_header(file)
    except NotRepresentable:
        return False
    return size <= len(file) - start


def _png(path: Path, file: memoryview) -> Picture:
    width, height, depth, kind = struct.unpack_from(">IIBB", file, 16)
    _check_end(file, _png_end(file))
    channels = PNG_CHANNELS.get(kind)
    if channels is None:
        raise NotRepresentable(f"its colour type {kind} does not exist")
    if depth not in (1, 2, 4, 8, 16):
        raise NotRepresentable(f"its depth of {depth} bits does not exist")
    media = Image(width, height, channels, 16 if depth == 16 else 8)
    _check_size(file, media)
    what = f"{depth}-bit {PNG_KINDS[kind]} PNG"
    if depth < 16:
        return _by_pillow(path, media, what, 255 // ((1 << depth) - 1) if kind == 0 else 1)
    check_installed("imagecodecs", "imagecodecs", "image")
    import imagecodecs

    try:
        pixels = imagecodecs.png_decode(bytes(file))
    except Exception as error:  # imagecodecs raises an exception of its own for each format
        raise NotRepresentable(f"libpng does not read it: {error}") from error
    if pixels.ndim == 3 and pixels.shape[2] == channels + 1 and kind in (0, 2):
        pixels = pixels[..., :channels]  # libpng made a channel of the transparent colour
    return _picture(pixels, media, what, f"imagecodecs {imagecodecs.__version__}")


def _png_end(file: memoryview) -> int:
    at = len(PNG_HEAD)
    while at + 12 <= len(file):
        size, name = int.from_bytes(file[at : at + 4], "big"), bytes(file[at + 4 : at + 8])
        if name == b"acTL":
            raise NotRepresentable("it is animated")
        at += 12 + size
        if name == b"IEND":
            return at
    raise NotRepresentable("it breaks off before its end")


def _jpeg(path: Path, file: memoryview) -> Picture:
    _check_end(file, _jpeg_end(file))
    return _by_pillow(path, None, "JPEG", lossy=True)


def _jpeg_end(file: memoryview) -> int:
    """Return where the first picture of a JPEG file ends, after its EOI marker."""
    at, size = 2, len(file)
    while at + 4 <= size:
        if file[at] != 0xFF:
            raise NotRepresentable("it is damaged: a marker is missing")
        marker = file[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF or marker == 1 or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
            continue
        at += 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        if marker != 0xDA:
            continue
        data = bytes(file[at:])
        next_marker = re.search(rb"\xff[^\x00\xd0-\xd7\xff]", data)  # after the scan
        if next_marker is None:
            break
        at += next_marker.start()
    if at + 2 <= size and bytes(file[at : at + 2]) == b"\xff\xd9":
        return at + 2
    raise NotRepresentable("it breaks off before its end")


def _webp(path: Path, file: memoryview) -> Picture:
    size = int.from_bytes(file[4:8], "little") + 8
    _check_end(file, size + size % 2)
    lossless = bytes(file[12:16]) == b"VP8L" or (
        bytes(file[12:16]) == b"VP8X" and b"VP8L" in bytes(file[30 : 1 << 16])
    )
    return _by_pillow(path, None, "lossless WebP" if lossless else "WebP", lossy=not lossless)


def _bitmap(path: Path, file: memoryview) -> Picture:
    (bits,) = struct.unpack_from("<H", file, 28)
    if bits not in (1, 4, 8, 24):
        raise NotRepresentable(f"its pixels of {bits} bits would lose some of them")
    _check_end(file, int.from_bytes(file[2:6], "little"))
    return _by_pillow(path, None, f"{bits}-bit BMP")


def _by_pillow(
    path: Path, media: Image | None, what: str, scale: int = 1, lossy: bool = False
) -> Picture:
    """Decode by Pillow. `scale` is what it multiplies samples of few bits by."""
    check_installed("PIL", "pillow", "image")
    import numpy as np
    import PIL
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as image:
            frames = getattr(image, "n_frames", 1)
            if frames != 1:
                raise NotRepresentable(f"it has {frames} frames")
            modes = [tile[3] for tile in image.tile]
            # each codec of Pillow has a mode
            raws = {mode if isinstance(mode, str) else mode[0] for mode in modes}  # type: ignore[index]
            if image.mode not in ("1", *PILLOW_CHANNELS):
                raise NotRepresentable(f"Pillow reads it as pixels of mode {image.mode!r}")
            if media is None and any(map(_is_narrowed, raws)):
                raise NotRepresentable(f"Pillow would change the depth of its pixels: {raws}")
            size = media or Image(*image.size, PILLOW_CHANNELS.get(image.mode, 1))
            if media is None:
                _check_size(memoryview(bytes(path.stat().st_size)), size)
            pixels = np.asarray(image)
    except NotRepresentable:
        raise
    except Exception as error:  # Pillow has no common ancestor for what its decoders raise
        raise NotRepresentable(f"Pillow does not read it: {error}") from error
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8)
    elif scale > 1:
        pixels = pixels // scale
    return _picture(pixels, size, what, f"Pillow {PIL.__version__}", lossy)


def _is_narrowed(raw: str) -> bool:
    """Tell whether Pillow changes the depth of such pixels, as it halves that of 16-bit colour."""
    layout = raw.partition(";")[2]
    return any(letter.isdigit() for letter in layout) and raw.partition(";")[0] != "P"


def _netpbm_header(file: memoryview) -> tuple[str, int, int, int, int, int]:
    """Return kind, width, height, largest value, start of the raster and its least size."""
    head = bytes(file[:4096])
    match = NETPBM.match(head)
    if match is None:
        raise NotRepresentable("its header is no Netpbm header")
    kind, width, height = match[1].decode(), int(match[2]), int(match[3])
    largest, end = 1, match.end()
    if kind not in "14":
        depth = NETPBM_DEPTH.match(head, end)
        if depth is None:
            raise NotRepresentable("its header is no Netpbm header")
        largest, end = int(depth[1]), depth.end()
    elif not head[end : end + 1].isspace():
        raise NotRepresentable("its header is no Netpbm header")
    else:
        end += 1
    if not (0 < largest < 1 << 16 and width and height):
        raise NotRepresentable("its header claims no pixels")
    channels = 3 if kind in "36" else 1
    if kind in "123":
        return kind, width, height, largest, end, width * height * channels
    row = -(-width // 8) if kind == "4" else width * channels * (1 + (largest > 255))
    return kind, width, height, largest, end, row * height


def _netpbm(_path: Path, file: memoryview) -> Picture:
    import numpy as np

    kind, width, height, largest, start, size = _netpbm_header(file)
    channels, deep = (3 if kind in "36" else 1), largest > 255
    media = Image(width, height, channels, 16 if deep else 8)
    what = {"1": "PBM", "2": "PGM", "3": "PPM", "4": "PBM", "5": "PGM", "6": "PPM"}[kind]
    if kind in "123":
        pixels = _netpbm_text(bytes(file[start:]), kind, media)
    else:
        _check_end(file, start + size)
        raster = np.frombuffer(file, np.uint8, size, start)
        if kind == "4":
            rows = np.unpackbits(raster.reshape(height, -1), axis=1)
            pixels = rows[:, :width]
            if rows[:, width:].any():
                raise NotRepresentable("its rows are padded with bits that are not zero")
        else:
            pixels = raster.view(">u2") if deep else raster
    if pixels.size and int(pixels.max()) > largest:
        raise NotRepresentable(
            f"it has samples above {largest}, which its header claims to be most"
        )
    shape = pixels.reshape(height, width, channels)
    return _picture(shape, media, f"{'16' if deep else '8' if largest > 1 else '1'}-bit {what}", "")


def _netpbm_text(raster: bytes, kind: str, media: Image) -> "NDArray[np.integer]":
    import numpy as np

    text = re.sub(rb"#[^\n]*", b"", raster)
    try:
        if kind == "1":
            values = [digit - 48 for digit in text.translate(None, b" \t\r\n\v\f")]
        else:
            values = [int(word) for word in text.split()]
    except ValueError as error:
        raise NotRepresentable("its raster is no list of numbers") from error
    if len(values) != media.width * media.height * media.channels:
        raise NotRepresentable(f"it has {len(values)} samples, not what its header claims")
    if min(values) < 0 or max(values) >= 1 << media.depth:
        raise NotRepresentable("its samples are out of range")
    return np.array(values, np.uint16 if media.depth == 16 else np.uint8)


def _tiff(path: Path, file: memoryview) -> Picture:
    check_installed("tifffile", "tifffile", "image")
    import numpy as np
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            if len(tiff.pages) != 1:
                raise NotRepresentable(f"it has {len(tiff.pages)} pages")
            page = tiff.pages[0]
            if not isinstance(page, tifffile.TiffPage) or 330 in page.tags:
                raise NotRepresentable("it holds other pictures in SubIFDs")
            if int(page.compression) in TIFF_LOSSY:
                raise NotRepresentable(
                    f"it is compressed with {tifffile.COMPRESSION(page.compression).name}"
                )
            media = Image(
                page.imagewidth,
                page.imagelength,
                page.samplesperpixel,
                16 if page.bitspersample > 8 else 8,
            )
            if page.dtype is None or page.dtype.kind not in "ub" or page.bitspersample > 16:
                raise NotRepresentable(f"its samples are {page.dtype}, not of 1 to 16 bits")
            if page.imagedepth != 1 or media.channels > 4:
                raise NotRepresentable(f"it has {media.channels} samples a pixel")
            _check_size(file, media)
            beside = len(file) - sum(page.databytecounts)
            if beside > TIFF_SLACK + len(file) // 10:
                raise NotRepresentable(f"{beside} of its {len(file)} bytes are not its pixels")
            pixels = page.asarray()
            if page.planarconfig == 2 and media.channels > 1:
                pixels = np.moveaxis(pixels.reshape(media.channels, *pixels.shape[-2:]), 0, -1)
            what = f"{page.bitspersample}-bit {tifffile.PHOTOMETRIC(page.photometric).name} TIFF"
    except NotRepresentable:
        raise
    except Exception as error:  # tifffile raises whatever its decoders raise
        raise NotRepresentable(f"tifffile does not read it: {error}") from error
    return _picture(pixels, media, what, f"tifffile {tifffile.__version__}")


def _picture(
    pixels: "NDArray[np.integer]", media: Image, what: str, reader: str, lossy: bool = False
) -> Picture:
    """Lay pixels out as `Image` does. Raises NotRepresentable if they are not of that shape."""
    import numpy as np

    if pixels.size != media.width * media.height * media.channels or pixels.itemsize > 2:
        raise NotRepresentable(f"its decoder gives {pixels.shape}, its header says {media}")
    if media.depth == 8 and pixels.itemsize != 1:
        raise NotRepresentable(f"its decoder gives {pixels.dtype}, its header says {media}")
    stored = np.ascontiguousarray(pixels).astype("<u2" if media.depth == 16 else "u1", copy=False)
    return Picture(media, stored.tobytes(), what, reader, lossy)


def _check_size(file: memoryview, media: Image) -> None:
    size = media.height * media.frame_size
    if size > EXPANSION * len(file) + (1 << 20):
        raise NotRepresentable(f"it claims {size} bytes of pixels in a file of {len(file)}")


def _check_end(file: memoryview, end: int) -> None:
    """Raise NotRepresentable if the file breaks off, or is followed by bytes other than zero."""
    if end > len(file):
        raise NotRepresentable("it breaks off before its end")
    if any(bytes(file[end:])):
        raise NotRepresentable(f"{len(file) - end} bytes follow its end")

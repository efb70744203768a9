"""TIFF pictures, by tifffile: the samples as they are stored, whatever their tags say of them."""

import logging
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codelength.api.media import FileBytes, Image
from codelength_reading.decoded import Decoded, NotRepresentable, is_zero, unpack
from codelength_reading.libraries import check_installed, check_size

if TYPE_CHECKING:
    import numpy as np
    import tifffile
    from numpy.typing import NDArray

LOSSY = {6, 7, 33003, 33004, 33005, 34892, 34933, 50001, 50002, 52546}
"""Compression numbers that lose, may lose, or convert colours: JPEG, JPEG 2000, WebP, JPEG XL."""
CCITT = {2, 3, 4}
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES_BIG = {16: 8, 17: 8, 18: 8}
"""Bytes of a value, by type; the second in BigTIFF."""
OFFSETS = {273: 279, 324: 325, 513: 514, 288: 289}
"""Tags that say where data are → tags that say how many bytes."""
SUBDIRECTORIES = {330, 34665, 34853, 40965}
MOST_DIRECTORIES = 1000


def read_tiff(file: FileBytes) -> Decoded:
    """Read the samples of a picture.

    Raises:
        NotRepresentable: The file is damaged, or these are not all the samples that it holds.
        Unavailable: tifffile is not installed.
    """
    check_installed("tifffile", "tifffile", "image")
    import tifffile

    end = max(_ends(file))
    if end > len(file):
        raise NotRepresentable("it breaks off before its end")
    if not is_zero(file, end):
        raise NotRepresentable(f"{len(file) - end} bytes follow its end")
    doubts = _Doubts()
    log = tifffile.logger()
    propagates, log.propagate = log.propagate, False
    log.addHandler(doubts)
    try:
        with tifffile.TiffFile(file.path) as tiff:
            decoded = _read_page(file, tiff)
    except NotRepresentable:
        raise
    except Exception as error:  # tifffile raises whatever its decoders raise
        raise NotRepresentable(f"tifffile does not read it: {error}") from error
    finally:
        log.removeHandler(doubts)
        log.propagate = propagates
    if doubts.messages:
        raise NotRepresentable(f"tifffile doubts it: {doubts.messages[0]}")
    return decoded


class _Doubts(logging.Handler):
    """Keeps what tifffile logs of a file that it reads all the same."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _read_page(file: FileBytes, tiff: "tifffile.TiffFile") -> Decoded:
    import numpy as np
    import tifffile

    if len(tiff.pages) != 1:
        raise NotRepresentable(f"it has {len(tiff.pages)} pages")
    page = tiff.pages[0]
    if not isinstance(page, tifffile.TiffPage) or 330 in page.tags:
        raise NotRepresentable("it holds other pictures in SubIFDs")
    if int(page.compression) in LOSSY:
        raise NotRepresentable(
            f"it is compressed with {tifffile.COMPRESSION(page.compression).name}"
        )
    media = Image(
        page.imagewidth, page.imagelength, page.samplesperpixel, 16 if page.bitspersample > 8 else 8
    )
    if page.dtype is None or page.dtype.kind not in "ub" or page.bitspersample > 16:
        raise NotRepresentable(f"its samples are {page.dtype}, not of 1 to 16 bits")
    if page.imagedepth != 1 or media.channels > 4:
        raise NotRepresentable(f"it has {media.channels} samples a pixel")
    check_size(file, media)
    frames = [series.size for series in tiff.series]
    if frames != [media.width * media.height * media.channels]:
        raise NotRepresentable(f"it holds pictures of {frames} samples")
    pixels = page.asarray()
    if page.planarconfig == 2 and media.channels > 1:
        pixels = np.moveaxis(pixels.reshape(media.channels, *pixels.shape[-2:]), 0, -1)
    if int(page.compression) in CCITT and not _agrees(file, pixels):
        raise NotRepresentable("libtiff reads other pixels, so it is damaged")
    if pixels.size != frames[0]:
        raise NotRepresentable(f"it has {pixels.size} samples, its header claims {frames[0]}")
    photometric = tifffile.PHOTOMETRIC(page.photometric).name
    return Decoded(
        media=media,
        data=pixels.astype("<u2" if media.depth == 16 else "u1", copy=False).tobytes(),
        what=f"{page.bitspersample}-bit {photometric} TIFF",
        carried=min(len(file), sum(page.databytecounts)),
        reader=f"tifffile {tifffile.__version__}",
    )


def _agrees(file: FileBytes, pixels: "NDArray[np.integer]") -> bool:
    """Tell whether libtiff reads the same pixels. Fax codes have no checksum."""
    import imagecodecs
    import numpy as np

    try:
        others = imagecodecs.tiff_decode(bytes(file))
    except Exception:  # it has an exception of its own
        return False
    return np.array_equal(others.astype(bool), pixels.astype(bool))


def _ends(file: FileBytes) -> Iterator[int]:
    """Yield where each directory, value and strip ends, those of directories in tags included.

    Raises:
        NotRepresentable: The directories lead beyond the end, or in circles.
    """
    order = "<" if file[:2] == b"II" else ">"
    is_big = file[2:4] in (b"+\0", b"\0+")
    word, counter, entry = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    value_bytes = struct.calcsize("<" + word)
    sizes = SIZES | SIZES_BIG if is_big else SIZES
    waiting = list(unpack(order + word, file, 8 if is_big else 4))
    yield 16 if is_big else 8
    seen = {0}
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        if len(seen) > MOST_DIRECTORIES:
            raise NotRepresentable(f"it has more than {MOST_DIRECTORIES} directories")
        (count,) = unpack(order + counter, file, at)
        first = at + struct.calcsize("<" + counter)
        entries = file[first : first + count * entry]
        waiting += unpack(order + word, file, first + len(entries))
        yield first + len(entries) + value_bytes
        values: dict[int, tuple[int, ...]] = {}
        for tag, kind, number, place in struct.iter_unpack(
            order + "HH" + word + f"{value_bytes}s", entries
        ):
            size = number * sizes.get(kind, 1)
            if size > value_bytes:
                (start,) = struct.unpack(order + word, place)
                yield start + size
            if tag in SUBDIRECTORIES or tag in OFFSETS or tag in OFFSETS.values():
                data = file[start : start + size] if size > value_bytes else place[:size]
                letter = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(kind)
                if letter is None or len(data) != size:
                    raise NotRepresentable(f"its tag {tag} is damaged")
                values[tag] = struct.unpack(f"{order}{number}{letter}", data)
        for tag in SUBDIRECTORIES & set(values):
            waiting += values[tag]
        for tag in set(OFFSETS) & set(values):
            for start, size in zip(values[tag], values.get(OFFSETS[tag], ()), strict=False):
                yield start + size

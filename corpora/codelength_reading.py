"""How files become samples: images as pixels, recordings as PCM, all else as its own bytes.

What a file holds is found from its content; its name is no evidence. Shared by the corpus plugins.
"""

import codecs
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from codelength.api.corpus import mapped
from codelength.api.errors import CorpusError, Unavailable
from codelength.api.media import RAW, TEXT, Audio, Image, Media, Sample

WINDOW = 1 << 16
"""Bytes looked at in each of three places to tell text from other bytes."""

CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
"""Pillow's modes of 8 bits a channel."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8", 1),
    (codecs.BOM_UTF32_LE, "utf-32-le", 4),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be", 4),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
)
NOT_IN_TEXT = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f]")
"""Control characters other than white space, ESC (terminal logs) and SUB (the end in DOS)."""


class NotRepresentable(CorpusError):
    """An image or a recording that 8 or 16 bits a channel cannot carry, or that is damaged."""


def read_sample(path: Path, name: str) -> Sample:
    """The sample that `path` holds. An image or a recording that cannot be decoded here without
    loss is given as the bytes of its file. Raises CorpusError, naming the file."""
    data = mapped(path)
    found = signature(bytes(data[:16]))
    try:
        if found == "image":
            return pixels(path, name)
        if found == "audio":
            return pcm(path, name)
    except (NotRepresentable, Unavailable):
        return Sample(name, data)
    return Sample(name, data, media_of(data))


def signature(head: bytes) -> str | None:
    """`"image"`, `"audio"`, or None, as the first 16 bytes of a file tell."""
    if head[:4] == b"RIFF":
        return {b"WEBP": "image", b"WAVE": "audio"}.get(head[8:12])
    if head[:4] == b"FORM":
        return "audio" if head[8:12] in (b"AIFF", b"AIFC") else None
    if head.startswith((b"fLaC", b"OggS")):
        return "audio"
    images = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
    netpbm = re.match(rb"P[1-6]\s", head)
    bitmap = head[:2] == b"BM" and head[6:10] == bytes(4)
    return "image" if head.startswith(images) or netpbm or bitmap else None


def decoded_with_loss(path: Path) -> bool:
    """Whether the pixels depend on the decoder's version, as those of JPEG and WebP do."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False  # reading its sample will say so
    return head.startswith(b"\xff\xd8\xff") or head[8:] == b"WEBP"


def pixels(path: Path, name: str) -> Sample:
    """The pixels of an image of one frame and up to four channels of 8 bits, or one of 16.
    Colour profiles and orientation are left alone. Raises Unavailable, CorpusError."""
    needs("PIL", "pillow", "image")
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as image:
            raws = {tile[3] if isinstance(tile[3], str) else tile[3][0] for tile in image.tile}
            scaled = any(tile[0].startswith("ppm") for tile in image.tile)
            if getattr(image, "n_frames", 1) != 1:
                raise NotRepresentable(f"{path} has {image.n_frames} frames: no single image")
            if image.mode in CHANNELS and not scaled and not any(map(_narrowed, raws)):
                media = Image(*image.size, CHANNELS[image.mode])
                return Sample(name, image.tobytes(), media)
            if image.mode.startswith("I;16") or raws == {"I;16B"}:
                import numpy as np

                values = np.asarray(image).astype("<u2")
                return Sample(name, values.tobytes(), Image(*image.size, depth=16))
            raise NotRepresentable(f"{path} has pixels of mode {image.mode!r}, not 8 or 16 bits")
    except NotRepresentable:
        raise
    except Exception as error:  # Pillow has no common ancestor for what its decoders raise
        raise NotRepresentable(f"{path} is no image that Pillow reads: {error}") from error


def _narrowed(raw: str) -> bool:
    """Whether Pillow changes the depth of such pixels, as it halves that of 16-bit colour."""
    return any(letter.isdigit() for letter in raw.partition(";")[2])


def pcm(path: Path, name: str) -> Sample:
    """The PCM of a recording of 8 or 16 bits a frame and channel. Raises Unavailable,
    CorpusError."""
    needs("soundfile", "soundfile", "audio")
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            depth = {"PCM_16": 16, "PCM_U8": 8, "PCM_S8": 8}.get(file.subtype)
            if depth is None:
                raise NotRepresentable(f"{path} holds {file.subtype}, not PCM of 8 or 16 bits")
            frames = file.read(dtype="int16", always_2d=True)
            media = Audio(file.samplerate, file.channels, depth)
    except (soundfile.SoundFileError, OSError) as error:
        raise NotRepresentable(f"{path} is no recording that libsndfile reads: {error}") from error
    if depth == 8:  # libsndfile shifts 8 bits up to 16
        return Sample(name, ((frames >> 8) + 128).astype("u1").tobytes(), media)
    return Sample(name, frames.astype("<i2").tobytes(), media)


def needs(module: str, package: str, extra: str) -> None:
    """Raises Unavailable, with the command that mends it, unless `module` is installed."""
    if find_spec(module) is None:
        raise Unavailable(f"{package} is missing: python -m pip install 'codelength[{extra}]'")


def decoder() -> str:
    """`"Pillow 13.0.0"`: what decodes lossy images."""
    try:
        return f"Pillow {version('pillow')}"
    except PackageNotFoundError:
        return "no Pillow: read as files"


def media_of(data: bytes | memoryview) -> Media:
    """TEXT or RAW. Three windows are looked at, whatever the size: the head, the middle, the
    tail. Text is UTF-8, or begins with a byte-order mark, and has no control characters."""
    head = bytes(data[:4])
    codec, unit = next(((c, u) for bom, c, u in BOMS if head.startswith(bom)), ("utf-8", 1))
    if not len(data) or len(data) % unit:
        return RAW
    return TEXT if all(_is_text(*window, codec) for window in _windows(data, unit)) else RAW


def _windows(data: bytes | memoryview, unit: int) -> Iterator[tuple[bytes, bool, bool]]:
    """Pieces of `data`, whether each is its beginning, and whether it is its end."""
    middle = (len(data) - WINDOW) // 2 // unit * unit
    for start in sorted({0, max(0, middle), max(0, len(data) - WINDOW)}):
        stop = min(start + WINDOW, len(data))
        yield bytes(data[start:stop]), start == 0, stop == len(data)


def _is_text(window: bytes, begins: bool, ends: bool, codec: str) -> bool:
    if not begins:  # the cut may have gone through a character: begin with the next
        if codec == "utf-8":
            window = re.sub(rb"\A[\x80-\xbf]{1,3}", b"", window)
        elif codec.startswith("utf-16"):
            high = window[1] if codec.endswith("le") else window[0]
            window = window[2:] if 0xDC <= high <= 0xDF else window
    try:
        text = codecs.getincrementaldecoder(codec)().decode(window, final=ends)
    except UnicodeDecodeError:
        return False
    return NOT_IN_TEXT.search(text) is None

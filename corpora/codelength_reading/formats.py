"""The formats of pictures and recordings, told by the content of a file."""

import re
from collections.abc import Callable
from typing import NamedTuple

from codelength.api.media import FileBytes
from codelength_reading.arrays import read_npy
from codelength_reading.decoded import Decoded
from codelength_reading.flac import flac_start, read_flac
from codelength_reading.jpeg import read_jpeg
from codelength_reading.netpbm import is_netpbm, read_netpbm
from codelength_reading.pictures import read_bitmap, read_png, read_webp
from codelength_reading.sound import read_aiff, read_au, read_caf, read_wave, read_wave64
from codelength_reading.tiff import read_tiff

HEAD = 64
"""Bytes that the patterns look at."""


class Format(NamedTuple):
    """A format, and what reads it."""

    name: str
    begins: Callable[[FileBytes, bytes], bool]
    """Whether a file, given with its first bytes, is of this format."""
    read: Callable[[FileBytes], Decoded] | None = None
    """None: its files are measured as bytes."""


def _like(pattern: bytes) -> Callable[[FileBytes, bytes], bool]:
    match = re.compile(pattern, re.DOTALL).match
    return lambda _, head: match(head) is not None


FORMATS = (
    Format("PNG", _like(rb"\x89PNG\r\n\x1a\n"), read_png),
    Format("JPEG", _like(rb"\xff\xd8\xff"), read_jpeg),
    Format("TIFF", _like(rb"II[*+]\0|MM\0[*+]"), read_tiff),
    Format("WebP", _like(rb"RIFF....WEBP"), read_webp),
    Format("BMP", _like(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"), read_bitmap),
    Format("Netpbm", lambda file, head: head[:1] == b"P" and is_netpbm(file), read_netpbm),
    Format("WAV", _like(rb"(RIFF|RF64|BW64|RIFX)....WAVE"), read_wave),
    Format("Wave64", _like(rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"), read_wave64),
    Format("AIFF", _like(rb"FORM....AIF[FC]"), read_aiff),
    Format("CAF", _like(rb"caff"), read_caf),
    Format("AU", _like(rb"\.snd|dns\."), read_au),
    Format("FLAC", lambda file, _: flac_start(file) is not None, read_flac),
    Format("NumPy array", _like(rb"\x93NUMPY[\x01-\x03]\0"), read_npy),
    Format("GIF", _like(rb"GIF8[79]a")),
    Format("camera raw", _like(rb"IIR[OS]|MMOR|IIU\0|FUJIFILMCCD-RAW|\0MR[MI]|FOVb|....ftypcrx")),
    Format("AVIF", _like(rb"....ftypavi[fs]")),
    Format("HEIF", _like(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)")),
    Format("MP4", _like(rb"....ftyp")),
    Format("JPEG XL", _like(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    Format("JPEG 2000", _like(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  ")),
    Format("Photoshop", _like(rb"8BPS")),
    Format("OpenEXR", _like(rb"v/1\x01")),
    Format("QOI", _like(rb"qoif")),
    Format("PFM", _like(rb"P[Ff]\s\d+\s+\d+\s")),
    Format("Ogg", _like(rb"OggS")),
    Format("MP3", _like(rb"ID3[\x02-\x04]")),
    Format("WavPack", _like(rb"wvpk")),
    Format("Monkey's Audio", _like(rb"MAC ..\0\0")),
    Format("AVI", _like(rb"RIFF....AVI ")),
    Format("Matroska", _like(rb"\x1a\x45\xdf\xa3")),
)
"""In the order in which they are tried."""


def format_of(file: FileBytes) -> Format | None:
    """Return the format that a file is of, by its content; None for anything else."""
    head = file[:HEAD]
    return next((format for format in FORMATS if format.begins(file, head)), None)

"""How text is told from other bytes."""

import codecs
import re
from collections.abc import Iterator

from codelength.api.media import RAW, TEXT, FileBytes, Media

WINDOW = 1 << 16
"""Bytes looked at in each of three places to tell text from other bytes."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8", 1),
    (codecs.BOM_UTF32_LE, "utf-32-le", 4),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be", 4),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
)
NOT_IN_TEXT = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f]")
"""Control characters other than white space, ESC (terminal logs) and SUB (the end in DOS)."""


def media_of(data: bytes | memoryview | FileBytes) -> Media:
    """Return TEXT or RAW.

    Only three windows are read: the head, the middle and the tail. Text is UTF-8,
    or begins with a byte-order mark, and has no control characters.
    """
    head = bytes(data[:4])
    codec, unit = next(((c, u) for bom, c, u in BOMS if head.startswith(bom)), ("utf-8", 1))
    if not len(data) or len(data) % unit:
        return RAW
    return TEXT if all(_is_text(*window, codec) for window in _windows(data, unit)) else RAW


def _windows(data: bytes | memoryview | FileBytes, unit: int) -> Iterator[tuple[bytes, bool, bool]]:
    """Yield windows of `data`, and whether each is the beginning, and whether it is the end."""
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

"""JPEG as the pixels that a library decodes, if every code of it is there.

They depend on the decoder, which the corpus names.
"""

import re

from codelength.api.media import FileBytes, Image
from codelength_reading.decoded import Decoded, NotRepresentable, check_end
from codelength_reading.libraries import by_imagecodecs, by_pillow, check_installed, check_size

MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The end of a scan: a marker that is neither a restart nor a stuffed byte."""
START, END, SCAN, TABLES, INTERVAL = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD
SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), 0xC2
OTHER_WAYS = {*range(0xC3, 0xD0), 0xDC, 0xDE, 0xDF} - {TABLES, 0xC8}
"""Lossless, hierarchical and arithmetic coding; a height that follows the picture."""


def read_jpeg(file: FileBytes) -> Decoded:
    """Read the pixels of a JPEG. Raises NotRepresentable, Unavailable."""
    check_installed("numba", "numba", "image")
    from codelength_reading.jpeg_scan import Frame

    data, frame = bytes(file), Frame()
    at, beside = 2, 0
    while (marker := _marker(data, at)) != END:
        if marker in (1, 0xFF):
            at += 1 if marker == 0xFF else 2
            continue
        size = 2 + int.from_bytes(data[at + 2 : at + 4])
        segment, at = data[at + 4 : at + size], at + size
        if marker in (*SEQUENTIAL, PROGRESSIVE):
            frame.begin(segment, marker == PROGRESSIVE)
            check_size(file, Image(frame.width, frame.height, len(frame.components)))
        elif marker in OTHER_WAYS:
            raise NotRepresentable("it is coded in a way that is not read here")
        elif marker == TABLES:
            frame.define(segment)
        elif marker == INTERVAL:
            frame.interval = int.from_bytes(segment)
        elif marker == SCAN:
            end = MARKER.search(data, at)
            if end is None:
                raise NotRepresentable("it breaks off before its end")
            frame.check_scan(segment, data[at : end.start()])
            at = end.start()
        elif marker == 0xFE or 0xE0 <= marker <= 0xEF:
            beside += size
    check_end(file, at + 2)
    if not frame.is_begun:
        raise NotRepresentable("it is damaged: it has no scan of some of its components")
    carried, channels = at + 2 - beside, len(frame.components)
    if channels in (1, 3):
        media = Image(frame.width, frame.height, channels)
        return by_imagecodecs("jpeg8_decode", file, "JPEG", carried, media, is_lossy=True)
    return by_pillow(file, "JPEG", carried, is_lossy=True)


def _marker(data: bytes, at: int) -> int:
    """Return the marker at a place. Raises NotRepresentable."""
    if at + 2 > len(data) or (at + 4 > len(data) and data[at + 1] != END):
        raise NotRepresentable("it breaks off before its end")
    if data[at] != 0xFF:
        raise NotRepresentable("it is damaged: a marker is missing")
    return data[at + 1]

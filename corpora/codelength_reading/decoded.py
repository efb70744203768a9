"""What a reader makes of a file, or why it does not."""

import struct
from typing import Any, NamedTuple

from codelength.api.errors import CorpusError
from codelength.api.media import Array, Audio, FileBytes, Image

WINDOW = 1 << 20
"""Bytes of a file that are looked at together."""


class NotRepresentable(CorpusError):
    """A picture or a recording that cannot be read exactly as it is stored.

    The message follows the file's name: `it has 3 frames`.
    """


class Decoded(NamedTuple):
    """The samples of a file, as they are stored in it."""

    media: Image | Audio | Array
    data: bytes | FileBytes
    """As `media` lays them out."""
    what: str
    """`16-bit RGB PNG`."""
    carried: int
    """Bytes of the file that stand for these samples."""
    reader: str = ""
    """The library that decoded it, with its version; empty for this package."""
    is_lossy: bool = False
    """The samples depend on the decoder's version."""


def unpack(layout: str, file: FileBytes, at: int) -> tuple[Any, ...]:
    """Unpack the bytes at a place of a file. Raises struct.error if it ends before."""
    return struct.unpack(layout, file[at : at + struct.calcsize(layout)])


def is_zero(file: FileBytes, start: int) -> bool:
    """Tell whether nothing but zeros follows in a file."""
    places = range(start, len(file), WINDOW)
    return not any(file[at : at + WINDOW].strip(b"\0") for at in places)


def check_end(file: FileBytes, end: int) -> None:
    """Raise NotRepresentable if the file breaks off, or is followed by bytes other than zero."""
    if end > len(file):
        raise NotRepresentable("it breaks off before its end")
    if not is_zero(file, end):
        raise NotRepresentable(f"{len(file) - end} bytes follow its end")

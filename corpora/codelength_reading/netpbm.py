"""Netpbm: PBM, PGM, PPM (P1 to P6) and PAM (P7)."""

import re
from typing import TYPE_CHECKING, NamedTuple

from codelength.api.media import TEXT, FileBytes, Image
from codelength_reading.decoded import Decoded, NotRepresentable, check_end
from codelength_reading.text import media_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPACE = rb"(?:\s|#[^\n]*\n)+"
HEADER = re.compile(rb"P([1-6])" + SPACE + rb"(\d{1,9})" + SPACE + rb"(\d{1,9})")
LARGEST = re.compile(SPACE + rb"(\d{1,5})\s")
PAM_HEADER = re.compile(rb"P7\s*\n((?:[A-Z#][^\n]*\n)*?)ENDHDR\n")
PAM_FIELD = re.compile(rb"^(WIDTH|HEIGHT|DEPTH|MAXVAL)\s+(\d{1,9})\s*$", re.MULTILINE)
NAMES = {"1": "PBM", "2": "PGM", "3": "PPM", "4": "PBM", "5": "PGM", "6": "PPM", "7": "PAM"}


class Header(NamedTuple):
    """What a file says of itself."""

    kind: str
    """`1` to `7`."""
    width: int
    height: int
    channels: int
    largest: int
    """The largest value that a sample may have."""
    end: int
    """Where the raster begins."""

    @property
    def size(self) -> int:
        """Bytes of the raster, or the fewest that it can have if its numbers are written out."""
        if self.kind == "4":
            return -(-self.width // 8) * self.height
        samples = self.width * self.height * self.channels
        return samples * (2 if self.kind in "567" and self.largest > 255 else 1)


def is_netpbm(file: FileBytes) -> bool:
    """Tell whether a file has a whole Netpbm header, and is no text that begins like one.

    A note that begins with `P5` is text if it has fewer bytes than that claims.
    """
    header = read_header(file)
    is_whole = header is not None and header.size <= len(file) - header.end
    return is_whole or (header is not None and media_of(file).kind != TEXT.kind)


def read_header(file: FileBytes) -> Header | None:
    """Parse the header; None if there is none."""
    head = file[:4096]
    if pam := PAM_HEADER.match(head):
        fields = {name.decode().lower(): int(value) for name, value in PAM_FIELD.findall(pam[1])}
        if len(fields) < 4:
            return None
        shape = fields["width"], fields["height"], fields["depth"]
        header = Header("7", *shape, fields["maxval"], pam.end())
    else:
        match = HEADER.match(head)
        if match is None:
            return None
        kind, end, largest = match[1].decode(), match.end() + 1, 1
        if kind not in "14":
            most = LARGEST.match(head, match.end())
            if most is None:
                return None
            largest, end = int(most[1]), most.end()
        elif not head[end - 1 : end].isspace():
            return None
        header = Header(kind, int(match[2]), int(match[3]), 3 if kind in "36" else 1, largest, end)
    can_be = 0 < header.largest < 1 << 16 and header.size
    return header if can_be else None


def read_netpbm(file: FileBytes) -> Decoded:
    """Read the samples of a picture. Raises NotRepresentable."""
    import numpy as np

    header = read_header(file)
    if header is None:
        raise NotRepresentable("its header is no Netpbm header")
    kind, width, height, channels, largest, start = header
    is_deep = largest > 255
    media = Image(width, height, channels, 16 if is_deep else 8)
    what = f"{16 if is_deep else 8 if largest > 1 else 1}-bit {NAMES[kind]}"
    if kind in "123":
        samples = _written_out(file[start:], kind, media)
        _check_largest(samples, largest)
        return Decoded(media, samples.astype("<u2" if is_deep else "u1").tobytes(), what, len(file))
    size = header.size
    check_end(file, start + size)
    if largest == 255:
        return Decoded(media, file.part(start, start + size), what, size)
    raster = np.frombuffer(file[start : start + size], np.uint8)
    if kind == "4":
        rows = np.unpackbits(raster.reshape(height, -1), axis=1)
        if rows[:, width:].any():
            raise NotRepresentable("its rows are padded with bits that are not zero")
        return Decoded(media, rows[:, :width].tobytes(), what, size)
    samples = raster.view(">u2") if is_deep else raster
    _check_largest(samples, largest)
    data = samples.astype("<u2").tobytes() if is_deep else raster.tobytes()
    return Decoded(media, data, what, size)


def _written_out(raster: bytes, kind: str, media: Image) -> "NDArray[np.integer]":
    """Parse numbers in decimal, or (PBM) digits with or without space between them."""
    import numpy as np

    text = re.sub(rb"#[^\n]*", b"", raster)
    if not re.fullmatch(rb"[\d\s]*", text) or (re.search(rb"\d{6}", text) and kind != "1"):
        raise NotRepresentable("its raster is no list of numbers")
    if kind == "1":
        values = np.frombuffer(text.translate(None, b" \t\r\n\v\f"), np.uint8) - np.uint8(48)
    else:
        values = np.fromstring(text, np.int32, sep=" ")
    if values.size != media.width * media.height * media.channels:
        raise NotRepresentable(f"it has {values.size} samples, not what its header claims")
    return values


def _check_largest(samples: "NDArray[np.integer]", largest: int) -> None:
    if int(samples.max()) > largest:
        raise NotRepresentable(
            f"it has samples above {largest}, which its header claims to be most"
        )

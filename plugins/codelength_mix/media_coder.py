"""Blobs of `mixer-media`: one byte that says what the data are coded as, and then that blob."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from codelength import RAW, CorruptBlob, Image, Media
from codelength.coding.coder import stream_ledger
from codelength_mix.coder import MixCoder
from codelength_mix.picture_coder import decode_picture, encode_picture
from codelength_mix.shapes import has_model, read_shape

PLAIN, PICTURE = b"\0", b"\1"
"""The first bytes. A format that replaces one of them gets a byte of its own."""

SMALL = 1 << 16
"""A picture of at most so many bytes is coded both ways, and the smaller blob is taken."""


class MediaCoder:
    """Codes pictures as such, and all other data as `mixer` does."""

    def __init__(self, mebibytes: int) -> None:
        self._plain = MixCoder(mebibytes)

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        """Return a blob."""
        if not isinstance(media, Image) or not _fits(data, media):
            return PLAIN + self._plain.encode([data])[0]
        blob = PICTURE + encode_picture(data, media)[0]
        if len(data) > SMALL:
            return blob
        return min(blob, PLAIN + self._plain.encode([data])[0], key=len)

    def decode(self, blob: bytes) -> bytes:
        """Return the data. Raises CorruptBlob."""
        if blob[:1] == PICTURE:
            return decode_picture(blob[1:])
        if blob[:1] == PLAIN:
            return self._plain.decode([blob[1:]])[0]
        raise CorruptBlob(f"a blob that begins with {blob[:1]!r}")

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """Return where the bytes of a blob went."""
        if blob[:1] == PICTURE:
            return stream_ledger(len(blob), [blob[read_shape(blob, 1)[1] :]])
        ledger = dict(self._plain.ledger(blob[1:]))
        ledger["length"] += 1
        return ledger

    def code_lengths(self, data: bytes, media: Media) -> NDArray[np.float64]:
        """Return the bits of each byte, (bytes,)."""
        if isinstance(media, Image) and self.encode(data, media)[:1] == PICTURE:
            return encode_picture(data, media, measure=True)[1]
        return next(iter(self._plain.code_lengths([data])))


def _fits(data: bytes, media: Image) -> bool:
    return has_model(media) and len(data) == media.height * media.frame_size

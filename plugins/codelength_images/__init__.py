"""PNG, WebP and JPEG XL as codecs for pixels and for any other bytes."""

from collections.abc import Iterable

from codelength import Codec, hookimpl
from codelength_images.formats import JpegXl, Png, WebP


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return Png(), WebP(8), JpegXl(7), JpegXl(9)

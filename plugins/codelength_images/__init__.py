"""Image formats as codecs for pixels and for any other bytes.

PNG, WebP and JPEG XL are part of every run, the other standards of those that name them.
"""

from collections.abc import Iterable

from codelength import Codec, hookimpl
from codelength_images.formats import JpegXl, Png, WebP
from codelength_images.standards import Avif, Htj2k, Jpeg2000, JpegLs, JpegXr, Qoi


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield from (Png(), WebP(8), JpegXl(7), JpegXl(9))
    yield from (JpegLs(), Jpeg2000(), Htj2k(), JpegXr(), Avif(), Qoi())

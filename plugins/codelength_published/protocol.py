"""The protocol of the published experiments."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codelength import Audio, Image, Protocol, Sample
from codelength.api.protocol import Chunks


@dataclass(frozen=True)
class Paper(Protocol):
    """The cut of Delétang et al., "Language Modeling Is Compression" (ICLR 2024), section 3.1.

    2048 bytes at a time; images as grayscale patches of 32 rows and 64 columns in raster order;
    sound as 8-bit mono at 16 kHz. Incomplete patches and trailing pieces of sound are dropped, as
    in its published code; text keeps its tail. A codec's fixed header is counted once.
    """

    name = "paper"
    summary = "2048 bytes; images as grayscale 32×64 patches; sound as 8-bit 16 kHz; header once"
    header_once = True

    def split(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        from codelength_published.cuts import patches, speech

        for sample in samples:
            if isinstance(sample.media, Image):
                yield from patches(sample, sample.media)
            elif isinstance(sample.media, Audio):
                yield from speech(sample, sample.media)
            else:
                yield from Chunks(2048).split([sample])

"""What a sample's bytes stand for. A hint is advice: a codec may use it, never rely on it."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

Kind = str
"""The name of a kind of media. A plugin may add one with a class of its own."""


@dataclass(frozen=True, slots=True)
class Media:
    """Nothing known: just bytes."""

    kind: ClassVar[Kind] = "raw"

    @property
    def frame_size(self) -> int:
        """Bytes that belong together; a cut at any other place loses the geometry."""
        return 1

    def resized(self, size: int) -> "Media":
        """The hint for `size` bytes cut out of such data at a multiple of `frame_size`."""
        return self


@dataclass(frozen=True, slots=True)
class Text(Media):
    """Text in some encoding, UTF-8 as a rule."""

    kind: ClassVar[Kind] = "text"


@dataclass(frozen=True, slots=True)
class Image(Media):
    """Pixels in raster order, channels interleaved; `depth` 8, or 16 as little-endian pairs."""

    kind: ClassVar[Kind] = "image"
    width: int
    height: int
    channels: int = 1
    depth: int = 8

    @property
    def frame_size(self) -> int:
        """Bytes of one row."""
        return self.width * self.channels * self.depth // 8

    def resized(self, size: int) -> Media:
        rows, rest = divmod(size, self.frame_size)
        return RAW if rest or not rows else replace(self, height=rows)


@dataclass(frozen=True, slots=True)
class Audio(Media):
    """PCM, channels interleaved, as in WAV.

    Samples of 8 bits are unsigned, those of 16, 24 and 32 bits are signed and little-endian; floats
    (`floating`) have 32 or 64 bits.
    """

    kind: ClassVar[Kind] = "audio"
    rate: int
    channels: int = 1
    depth: int = 16
    floating: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        """What digests of corpora contain: for integers as it was before there were floats."""
        return f"{self!r}{' of floats' if self.floating else ''}"

    @property
    def frame_size(self) -> int:
        """Bytes of one frame."""
        return self.channels * self.depth // 8

    def resized(self, size: int) -> Media:
        return RAW if size % self.frame_size else self


def known_kinds(media: type[Media] = Media) -> set[Kind]:
    """Return the kinds of all classes of media that have been imported."""
    return {media.kind}.union(*map(known_kinds, media.__subclasses__()))


RAW = Media()
TEXT = Text()


@dataclass(frozen=True, slots=True)
class Sample:
    """A named piece of a corpus.

    `data` may be a view of a mapped file, so that a corpus larger than memory can be cut; a
    protocol hands codecs plain bytes.
    """

    name: str
    data: bytes | memoryview = field(repr=False)
    media: Media = RAW
    cluster: str = field(default="", repr=False)
    """What it was drawn from: a file, a speaker, a document. Samples of one cluster are alike, so
    only clusters are independent evidence. By default its name, without the `@…` of a piece."""

    def __post_init__(self) -> None:
        if not self.cluster:
            object.__setattr__(self, "cluster", self.name.rpartition("@")[0] or self.name)

    def split(self, start: int, stop: int) -> "Sample":
        """Bytes `start` to `stop`, named after their place, with what the hint still says."""
        data = bytes(self.data[start:stop])
        aligned = start % self.media.frame_size == 0
        media = self.media.resized(len(data)) if aligned else RAW
        return Sample(f"{self.name}@{start}", data, media, self.cluster)

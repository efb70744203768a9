"""How a corpus is cut before coding. A cut sample decodes by itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from codelength.api.errors import UsageError
from codelength.api.media import LARGE, RAW, Array, Audio, Image, Media, Sample

SOLID = 1 << 26


@dataclass(frozen=True)
class Protocol(ABC):
    """A way to cut samples; its bytes on a corpus are the same for every codec."""

    name: ClassVar[str]
    summary: ClassVar[str]
    header_once: ClassVar[bool] = False
    """Report, beside the true size, one that counts a codec's fixed header only once."""

    @abstractmethod
    def split(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The samples that codecs see, in order, with plain bytes.

        One of more than LARGE bytes may stay a file that is not read yet.
        """

    @property
    def spec(self) -> str:
        """`chunks:2048`, as the command line takes it."""
        return self.name


@dataclass(frozen=True)
class Whole(Protocol):
    """Each sample as it is."""

    name = "whole"
    summary = "each sample as it is: a file, an image, a recording"

    def split(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            data = sample.data if len(sample.data) > LARGE else bytes(sample.data)
            yield Sample(sample.name, data, sample.media, sample.cluster)


@dataclass(frozen=True)
class Chunks(Protocol):
    """Pieces of `size` bytes, the last of each sample shorter."""

    name = "chunks"
    summary = "chunks:N cuts each sample into pieces of N bytes, the last one shorter"
    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise UsageError(f"chunks:{self.size} cannot be: a chunk has at least one byte")

    def split(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            for start in range(0, len(sample.data), self.size):
                yield sample.split(start, start + self.size)

    @property
    def spec(self) -> str:
        return f"chunks:{self.size}"


@dataclass(frozen=True)
class Solid(Protocol):
    """All samples joined, as a solid archive would; a new block whenever 64 MiB are full."""

    name = "solid"
    summary = "all samples joined end to end, in blocks of 64 MiB"

    def split(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        block, blocks = bytearray(), 0
        kinds: set[Media] = set()
        for sample in samples:
            kind = sample.media if not isinstance(sample.media, Image | Audio | Array) else RAW
            for start in range(0, len(sample.data), SOLID):
                piece = sample.data[start : start + SOLID]
                space = SOLID - len(block)
                block += piece[:space]
                kinds.add(kind)
                if len(block) == SOLID:
                    yield Sample(f"solid@{blocks * SOLID}", bytes(block), _common(kinds))
                    block, blocks = bytearray(piece[space:]), blocks + 1
                    kinds = {kind} if block else set()
        if block:
            yield Sample(f"solid@{blocks * SOLID}", bytes(block), _common(kinds))


def head(samples: Iterable[Sample], limit: int | None) -> Iterator[Sample]:
    """The first `limit` bytes of a corpus; images and recordings end at a whole row or frame."""
    if limit is None:
        yield from samples
        return
    left = limit
    for sample in samples:
        if len(sample.data) <= left:
            left -= len(sample.data)
            yield sample
        else:
            size = left - left % sample.media.frame_size
            if size:
                media = sample.media.resized(size)
                yield Sample(sample.name, sample.data[:size], media, sample.cluster)
            return
        if not left:
            return


def _common(kinds: set[Media]) -> Media:
    return next(iter(kinds)) if len(kinds) == 1 else RAW

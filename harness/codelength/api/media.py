"""What a sample's bytes stand for. A hint is advice: a codec may use it, never rely on it."""

import os
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import ClassVar, overload

from codelength.api.errors import CorpusError

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


@dataclass(frozen=True, slots=True)
class Array(Media):
    """Numbers of one type in C order: an array of NumPy, or a column of a table."""

    kind: ClassVar[Kind] = "array"
    dtype: str
    """As NumPy writes it: `<i2`, `<f8`, `|u1`."""
    shape: tuple[int, ...]

    @property
    def item_size(self) -> int:
        """Bytes of one number."""
        return int(self.dtype[2:])

    @property
    def frame_size(self) -> int:
        """Bytes of all that has the same first index."""
        return self.item_size * prod(self.shape[1:])

    def resized(self, size: int) -> Media:
        rows, rest = divmod(size, self.frame_size)
        return RAW if rest or not rows else replace(self, shape=(rows, *self.shape[1:]))


def known_kinds(media: type[Media] = Media) -> set[Kind]:
    """Return the kinds of all classes of media that have been imported."""
    return {media.kind}.union(*map(known_kinds, media.__subclasses__()))


LARGE = 1 << 26
"""A sample of more bytes is not held in memory, where a codec can take it piece by piece."""

RAW = Media()
TEXT = Text()


class FileBytes:
    """A file whose bytes are read when they are asked for: by an index, a slice, or `bytes`.

    It takes no memory however large the file is, and a file that shrinks is an error. (A mapped
    file that shrinks ends the process.) All methods raise CorpusError, naming the file.
    """

    def __init__(self, path: Path, start: int = 0, stop: int | None = None) -> None:
        self.path, self._start = path, start
        self._stop = self._read(0, 0)[1] if stop is None else stop

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, part: int) -> int: ...
    @overload
    def __getitem__(self, part: slice) -> bytes: ...
    def __getitem__(self, part: int | slice) -> int | bytes:
        if not isinstance(part, slice):
            return self[part : part + 1 or None][0]
        start, stop, step = part.indices(len(self))
        size = max(0, stop - start)
        data, end = self._read(self._start + start, size)
        if len(data) < size:
            raise CorpusError(f"{self.path} was shortened to {end} bytes while it was read")
        return data[::step]

    def __bytes__(self) -> bytes:
        return self[:]

    def part(self, start: int, stop: int) -> "FileBytes":
        """Return these bytes of the file, unread."""
        return FileBytes(self.path, self._start + start, self._start + stop)

    def _read(self, start: int, size: int) -> tuple[bytes, int]:
        """Return bytes of the file, and its size."""
        try:
            with self.path.open("rb") as file:
                end = os.fstat(file.fileno()).st_size
                file.seek(start)
                return file.read(max(0, min(size, end - start))), end
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CorpusError(f"{self.path} cannot be read: {reason}") from error


@dataclass(frozen=True, slots=True)
class Sample:
    """A named piece of a corpus.

    `data` may be a file that is not read yet, so that a corpus larger than memory can be cut. What
    a protocol yields is plain bytes, up to LARGE of them.
    """

    name: str
    data: bytes | memoryview | FileBytes = field(repr=False)
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

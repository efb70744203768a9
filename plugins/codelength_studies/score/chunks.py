"""A corpus as chunks of pieces, each of which its codec codes from an empty state."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codelength.api.codec import Codec
from codelength.api.media import Sample

CHUNK = 1 << 20
"""Bytes of a chunk, unless a single piece is larger: what a killed process loses."""
BLOCKS = 4
"""Blocks of the sample that is coded."""
PIECES = 1 << 12
"""Pieces of a chunk, at most."""


@dataclass(frozen=True)
class Pieces:
    """Some pieces of a corpus, in order."""

    pieces: tuple[bytes, ...]
    places: tuple[tuple[str, int], ...] = ()
    """The sample of each piece, and where it begins there."""

    @property
    def bytes(self) -> int:
        """Raw bytes, all together."""
        return sum(map(len, self.pieces))

    @property
    def digest(self) -> str:
        """A digest that is equal only for the same bytes, cut in the same places."""
        sha = hashlib.sha256()
        for piece in self.pieces:
            sha.update(len(piece).to_bytes(8, "big") + piece)
        return sha.hexdigest()[:32]


def cut_chunks(codec: Codec, samples: Iterable[Sample]) -> Iterator[Pieces]:
    """Cut all of `samples` into chunks of the codec's own pieces, in order."""
    waiting: list[bytes] = []
    places: list[tuple[str, int]] = []
    size = 0
    for sample in samples:
        at = 0
        for piece in codec.pieces(bytes(sample.data)):
            if waiting and (size + len(piece) > CHUNK or len(waiting) == PIECES):
                yield Pieces(tuple(waiting), tuple(places))
                waiting, places, size = [], [], 0
            waiting.append(piece)
            places.append((sample.name, at))
            size += len(piece)
            at += len(piece)
    if waiting:
        yield Pieces(tuple(waiting), tuple(places))


def take_sample(samples: Iterable[Sample], total: int, size: int) -> Pieces:
    """Take about `size` bytes from all over the `total` bytes of a corpus.

    They come in BLOCKS blocks or, where samples are shorter, as many whole samples as it takes: the
    first one, and another whenever those taken fall behind their share.
    """
    blocks: list[bytes] = []
    passed = taken = 0
    length = max(1, size // BLOCKS)
    for sample in samples:
        for start in range(0, len(sample.data), length):
            block = bytes(sample.data[start : start + length])
            if taken * total <= size * passed and taken < size:
                blocks.append(block)
                taken += len(block)
            passed += len(block)
    return Pieces(tuple(blocks))

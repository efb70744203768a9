"""A cut corpus as chunks of pieces, each of which its codec would code from an empty state."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codelength.api.codec import Codec
from codelength.api.media import Sample

CHUNK = 1 << 20
"""Bytes of a chunk, unless a single piece is larger: what a killed run loses of each process."""
BLOCKS = 4
"""Blocks of the sample that is coded."""
PIECES = 1 << 12
"""Pieces of a chunk, at most."""


@dataclass(frozen=True)
class Pieces:
    """Consecutive pieces of a corpus."""

    pieces: tuple[bytes, ...]

    @property
    def bytes(self) -> int:
        """Raw bytes, all together."""
        return sum(map(len, self.pieces))

    @property
    def digest(self) -> str:
        """Equal only for the same bytes, cut in the same places."""
        sha = hashlib.sha256()
        for piece in self.pieces:
            sha.update(len(piece).to_bytes(8, "big") + piece)
        return sha.hexdigest()[:32]


def chunks(codec: Codec, samples: Iterable[Sample]) -> Iterator[Pieces]:
    """All of `samples`, in order."""
    waiting: list[bytes] = []
    size = 0
    for piece in _pieces(codec, samples):
        if waiting and (size + len(piece) > CHUNK or len(waiting) == PIECES):
            yield Pieces(tuple(waiting))
            waiting, size = [], 0
        waiting.append(piece)
        size += len(piece)
    if waiting:
        yield Pieces(tuple(waiting))


def spread(samples: Iterable[Sample], total: int, size: int) -> Pieces:
    """About `size` bytes from all over the `total` bytes of a corpus, in BLOCKS blocks or, where
    samples are shorter, as many whole samples as it takes: the first one, and another whenever
    those taken fall behind their share."""
    taken: list[bytes] = []
    at = sum_taken = 0
    block = max(1, size // BLOCKS)
    for sample in samples:
        for start in range(0, len(sample.data), block):
            piece = bytes(sample.data[start : start + block])
            if sum_taken * total <= size * at and sum_taken < size:
                taken.append(piece)
                sum_taken += len(piece)
            at += len(piece)
    return Pieces(tuple(taken))


def _pieces(codec: Codec, samples: Iterable[Sample]) -> Iterator[bytes]:
    for sample in samples:
        yield from codec.pieces(bytes(sample.data))

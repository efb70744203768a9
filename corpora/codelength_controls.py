"""Embedded controls: sources of known entropy, the same bytes on every machine.

No codec that has not seen the sample can code it in less than its ideal code length, but by luck:
it gains k bits with a chance below 2^-k. So a row below the entropy is a bug in the accounting.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, count, islice, pairwise, repeat
from math import fsum, log2
from typing import ClassVar

from codelength import Corpus, Sample, hookimpl


def uniform(seed: str) -> Iterator[int]:
    """Yield uniform bytes without end: SHA-256 of the seed and a counter."""
    blocks = (hashlib.sha256(f"codelength {seed} {block}".encode()).digest() for block in count())
    return chain.from_iterable(blocks)


def entropy(frequencies: Iterable[int]) -> float:
    """Return the entropy in bits a symbol of the distribution with these frequencies."""
    used = [frequency for frequency in frequencies if frequency]
    total = sum(used)
    return fsum(f * log2(total / f) for f in used) / total


class Distribution(ABC):
    """A source of bytes with integer frequencies."""

    @abstractmethod
    def draw(self, size: int, seed: str) -> bytes:
        """Return `size` bytes of the source."""

    @abstractmethod
    def bits(self, data: bytes) -> float:
        """Return the code length of `data` in bits: −log2 of its probability."""

    @property
    @abstractmethod
    def entropy(self) -> float:
        """Return the entropy rate in bits a byte."""


class Independent(Distribution):
    """Each byte by itself: byte value → frequency, out of 65,536."""

    def __init__(self, frequencies: dict[int, int]) -> None:
        assert sum(frequencies.values()) == 1 << 16
        self.frequencies = frequencies

    def draw(self, size: int, seed: str) -> bytes:
        table = bytes(chain.from_iterable(repeat(b, f) for b, f in self.frequencies.items()))
        source = uniform(seed)
        return bytes(
            table[high << 8 | low] for high, low in islice(zip(source, source, strict=True), size)
        )

    def bits(self, data: bytes) -> float:
        assert set(data) <= self.frequencies.keys(), "not drawn from this distribution"
        return fsum(data.count(b) * (16 - log2(f)) for b, f in self.frequencies.items())

    @property
    def entropy(self) -> float:
        return entropy(self.frequencies.values())


class Markov(Distribution):
    """Each letter by the one before it: a row of frequencies out of 256 for each.

    It starts as if the first letter had come before.
    """

    def __init__(self, letters: bytes, rows: Sequence[Sequence[int]]) -> None:
        assert all(sum(row) == 256 and len(row) == len(letters) for row in rows)
        self.letters, self.rows = letters, rows

    def draw(self, size: int, seed: str) -> bytes:
        follow = [bytes(chain.from_iterable(map(repeat, count(), row))) for row in self.rows]
        # each letter's place, from the last place and one uniform byte
        places = accumulate(islice(uniform(seed), size), lambda at, u: follow[at][u], initial=0)
        return bytes(self.letters[place] for place in islice(places, 1, None))

    def bits(self, data: bytes) -> float:
        place = {letter: place for place, letter in enumerate(self.letters)}
        steps = [0] * len(self.letters) ** 2
        for before, after in pairwise(chain(self.letters[:1], data)):
            steps[place[before] * len(self.letters) + place[after]] += 1
        frequencies = chain.from_iterable(self.rows)
        return fsum(n * (8 - log2(f)) for n, f in zip(steps, frequencies, strict=True) if n)

    @property
    def stationary(self) -> list[float]:
        """Return the stationary distribution of the letters."""
        shares = [1 / len(self.rows)] * len(self.rows)
        for _ in range(100):  # the chain forgets more than half at each step
            flows = (
                [share * f / 256 for f in row] for share, row in zip(shares, self.rows, strict=True)
            )
            shares = [fsum(flow) for flow in zip(*flows, strict=True)]
        return shares

    @property
    def entropy(self) -> float:
        return fsum(
            share * entropy(row) for share, row in zip(self.stationary, self.rows, strict=True)
        )


class Control(Corpus):
    """One sample drawn from a distribution."""

    licence = "CC0-1.0"
    source = "made by integer arithmetic from SHA-256"
    published = "2026-11"
    embedded = True
    distribution: ClassVar[Distribution]
    size: ClassVar[int]

    def samples(self) -> Iterator[Sample]:
        yield Sample(self.name, self.distribution.draw(self.size, self.name))

    def ideal_bits(self) -> float:
        """Return the code length of the sample under the distribution that it was drawn from.

        It differs from `size * entropy` by the sampling error.
        """
        return fsum(self.distribution.bits(bytes(sample.data)) for sample in self.samples())


class Random(Control):
    name = "random"
    title = "uniform bytes: nothing to gain"
    digest = "bf1fc35d3721f6cd7895d1c23b3ec8e4d0f28fb1cd16617e44da6745722bafbf"
    distribution = Independent(dict.fromkeys(range(256), 256))
    entropy = distribution.entropy
    size = 1 << 16


class Skewed(Control):
    name = "iid"
    title = "independent bytes, spaces and 48 letters of quadratic frequencies"
    digest = "dd51592a1543415cbea249f7406e440d979d27580abc57e8cc18c185f45d88df"
    distribution = Independent({32: 65_536 - 38_024} | {65 + i: (i + 1) ** 2 for i in range(48)})
    entropy = distribution.entropy
    size = 1 << 17


class Chain(Control):
    name = "markov"
    title = "a first-order Markov chain over eight letters"
    digest = "cefdacb9e54611b54959ebc8732a46b25d4903689d77ff7118703aa0abdb81bb"
    distribution = Markov(
        b"abcdefgh",
        (
            (10, 120, 60, 30, 15, 10, 8, 3),
            (5, 5, 150, 50, 20, 10, 10, 6),
            (90, 5, 5, 100, 25, 15, 10, 6),
            (16, 16, 16, 16, 128, 32, 16, 16),
            (2, 4, 8, 16, 32, 64, 128, 2),
            (40, 40, 40, 40, 32, 32, 16, 16),
            (200, 8, 8, 8, 8, 8, 8, 8),
            (32, 32, 32, 32, 32, 32, 32, 32),
        ),
    )
    entropy = distribution.entropy
    size = 1 << 17


class Zeros(Control):
    name = "zeros"
    title = "one value throughout: what a codec charges for nothing"
    digest = "ec2979af98504618efe3ccb1eda642a2d7a4517c1926bb4d8ffa3197a201267b"
    distribution = Independent({0: 1 << 16})
    entropy = 0.0
    size = 1 << 16


@hookimpl
def codelength_corpora() -> list[Corpus]:
    return [Random(), Skewed(), Chain(), Zeros()]

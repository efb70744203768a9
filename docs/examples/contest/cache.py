"""A cache of counts whose "probabilities" do not sum to one, and what it costs to code with it.

python cache.py open.txt                               # what it claims
codelength judge cache.toml                            # what its blobs are

The cache counts in `buckets` cells how often a context of two bytes came, and how often a byte
followed it. Both counts share their cell with whatever else hashes to it. Of one bucket, the
quotient is T/T = 1 for every byte that could follow: −log2 of it is 0 bits, whatever the text is.
A decoder must tell 256 bytes apart. So the codec divides by the sum, and the claim is gone.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from codelength import Predictor, PredictorCodec, Stepper, hookimpl

EVERY = np.arange(256)


class CacheStepper(Stepper):
    """Some texts that grow by one byte each at a time."""

    def __init__(self, buckets, streams):
        self.buckets = buckets
        self.contexts = np.ones((streams, buckets))  # how often a context came
        self.followed = np.ones((streams, buckets))  # how often a byte came behind a context
        self.last = np.zeros((2, streams), np.int64)  # the last two bytes of each text

    def quotients(self):
        """What the cache takes for the probability of each byte: (streams, 256)."""
        context = self.last[0] * 31 + self.last[1] * 1009
        self.at = context % self.buckets
        self.behind = (context[:, None] * 7 + EVERY * 8191) % self.buckets
        rows = np.arange(len(self.at))
        seen = np.take_along_axis(self.followed, self.behind, 1)
        return np.minimum(1, seen / self.contexts[rows, self.at][:, None])

    def frequencies(self):
        quotients = self.quotients()
        shares = quotients / quotients.sum(1, keepdims=True)
        return (shares * ((1 << 24) - 512)).astype(np.int32) + 1

    def advance(self, symbols):
        rows, symbols = np.arange(len(symbols)), symbols.astype(np.int64)
        self.contexts[rows, self.at] += 1
        self.followed[rows, self.behind[rows, symbols]] += 1
        self.last = np.stack([self.last[1], symbols])

    def keep(self, streams):
        self.contexts, self.followed = self.contexts[:streams], self.followed[:streams]
        self.last = self.last[:, :streams]


@dataclass(frozen=True)
class Cache(Predictor):
    """What the cache would predict if its quotients summed to one."""

    name: ClassVar[str] = "cache"
    buckets: int

    def stepper(self, lengths):
        return CacheStepper(self.buckets, len(lengths))


@dataclass(frozen=True)
class CacheCodec(PredictorCodec):
    """The cache with a range coder."""

    name: ClassVar[str] = "cache"
    segment_size: ClassVar[int] = 1 << 15
    buckets: int = 64

    @property
    def predictor(self):
        return Cache(self.buckets)


def claim(text, buckets):
    """Return bits a byte by the quotients alone, and what the quotients sum to, on average."""
    stepper, bits, total = CacheStepper(buckets, 1), 0.0, 0.0
    for byte in text:
        quotients = stepper.quotients()[0]
        bits -= np.log2(quotients[byte])
        total += quotients.sum()
        stepper.advance(np.array([byte]))
    return bits / len(text), total / len(text)


@hookimpl
def codelength_codecs():
    return [CacheCodec()]


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_bytes()[:100_000]
    for buckets in (1, 64, 4096, 1 << 20):
        bits, total = claim(text, buckets)
        print(f"{buckets:7} buckets: claims {bits:.3f} bits a byte; they sum to {total:.1f}")

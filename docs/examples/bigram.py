"""A language model as a codec: each byte is predicted from the one before it.

python bigram.py book.txt                              # trains: writes bigram.npy
codelength check-plugin ./bigram.py
codelength run --plugin ./bigram.py --codecs bigram,order2 --corpora prose
codelength score --plugin ./bigram.py --codecs bigram --corpora prose
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from codelength import Predictor, PredictorCodec, Stepper, hookimpl


class BigramStepper(Stepper):
    """Some texts that grow by one byte each at a time."""

    def __init__(self, table, streams):
        self.table = table  # (256, 256) int32: the byte before, the next byte
        self.last = np.zeros(streams, np.int64)  # the model's state: the last byte of each text

    def frequencies(self):
        return self.table[self.last]  # (streams, 256)

    def advance(self, symbols):
        self.last = symbols.astype(np.int64)

    def keep(self, streams):
        self.last = self.last[:streams]


@dataclass(frozen=True)
class Bigram(Predictor):
    """The frequencies of pairs of bytes that a file of weights holds."""

    name: ClassVar[str] = "bigram"
    weights: str

    def stepper(self, lengths):
        return BigramStepper(np.load(self.weights), len(lengths))

    def frequencies(self, batch):  # not needed, but faster than stepping: all positions at once
        table = np.load(self.weights)
        for text, symbols in enumerate(batch):
            yield text, table[np.concatenate([[0], symbols[:-1]])[: len(symbols)]]

    @property
    def model_bytes(self):  # what the receiver must hold, which a leaderboard can charge for
        return {"weights": Path(self.weights).stat().st_size}


@dataclass(frozen=True)
class BigramCodec(PredictorCodec):
    """A table of pairs of bytes, with a range coder."""

    name: ClassVar[str] = "bigram"
    segment_size: ClassVar[int] = 4096  # a long text is decoded in segments, all in step
    weights: str = "bigram.npy"  # a setting: bigram:weights=other.npy

    @property
    def predictor(self):
        return Bigram(self.weights)

    @property
    def requires(self):  # a blob decodes with these weights and no others
        return {"weights": hashlib.sha256(Path(self.weights).read_bytes()).hexdigest()[:16]}


def train(text, weights):
    """Counts the pairs in `text`. Each row is scaled to integers that sum to less than 2^24, the
    least of them 1, so that no byte is impossible."""
    counts, symbols = np.zeros((256, 256)), np.frombuffer(text, np.uint8)
    np.add.at(counts, (symbols[:-1], symbols[1:]), 1)
    shares = (counts + 0.01) / (counts + 0.01).sum(axis=1, keepdims=True)
    np.save(weights, (shares * ((1 << 24) - 512)).astype(np.int32) + 1)


@hookimpl
def codelength_codecs():
    return [BigramCodec()]


if __name__ == "__main__":
    train(Path(sys.argv[1]).read_bytes(), "bigram.npy")

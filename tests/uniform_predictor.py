"""A predictor for tests: all bytes are equally likely, so a stream is the bytes themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray


@dataclass(frozen=True)
class UniformPredictor(Predictor):
    """Gives each byte the same frequency."""

    name: ClassVar[str] = "uniform"

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return UniformStepper(len(lengths))

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for i, symbols in enumerate(batch):
            yield i, np.ones((len(symbols), 256), np.int32)


class UniformStepper(Stepper):
    def __init__(self, streams: int) -> None:
        self.streams = streams

    def frequencies(self) -> IntArray:
        return np.ones((self.streams, 256), np.int32)

    def advance(self, symbols: IntArray) -> None:
        pass

    def keep(self, streams: int) -> None:
        self.streams = streams

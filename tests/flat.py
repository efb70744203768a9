"""A law under which a stream is the bytes themselves: all are equally likely, eight bits each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray


@dataclass(frozen=True)
class Flat(Predictor):
    """Knows nothing."""

    name: ClassVar[str] = "flat"

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return FlatStepper(len(lengths))

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for i, symbols in enumerate(batch):
            yield i, np.ones((len(symbols), 256), np.int32)


class FlatStepper(Stepper):
    def __init__(self, streams: int) -> None:
        self.streams = streams

    def frequencies(self) -> IntArray:
        return np.ones((self.streams, 256), np.int32)

    def advance(self, symbols: IntArray) -> None:
        pass

    def keep(self, streams: int) -> None:
        self.streams = streams

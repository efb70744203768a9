"""The distributions that the coder codes with, as frequencies of bytes.

The coder itself does not use them: coding bit by bit takes a thirtieth of the time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from codelength import Unsupported
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray
from codelength_mix.bits import END, HI
from codelength_mix.coding import DEAREST, NO_FREQUENCIES, Coding, Plan, plan_of
from codelength_mix.distribution import predict_byte

BLOCK = 256
"""Positions at a time without a model."""


@dataclass(frozen=True)
class MixPredictor(Predictor):
    """Predicts by an online memory of `mebibytes` at most, with or without a model.

    The longer a sequence, the larger its memory. A sequence that the coder deals out to several
    lanes is not predicted.
    """

    name: ClassVar[str] = "mix"
    needs: ClassVar[Mapping[str, str]] = {"numba": "codelength[learned]"}
    batch: ClassVar[int] = 8
    mebibytes: int
    model: Predictor | None = None
    lanes: int = 1

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {} if self.model is None else self.model.model_bytes

    def initialised(self, seed: int) -> Predictor | None:
        model = None if self.model is None else self.model.initialised(seed)
        return None if model is None else replace(self, model=model)

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        model = None if self.model is None else self.model.stepper(lengths)
        return MixStepper(self._learners(lengths), model)

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        learners = self._learners([len(symbols) for symbols in batch])
        if self.model is None:
            for stream, (symbols, learner) in enumerate(zip(batch, learners, strict=True)):
                for start in range(0, len(symbols), BLOCK):
                    yield stream, learner.follow(symbols[start : start + BLOCK])
            return
        for stream, rows in self.model.frequencies(batch):
            learner = learners[stream]
            symbols = batch[stream][learner.step : learner.step + len(rows)]
            yield stream, learner.follow(symbols, np.asarray(rows, np.int32))

    def _learners(self, lengths: Sequence[int]) -> list["Learner"]:
        modelled = self.model is not None
        return [
            Learner(size, plan_of(size, self.mebibytes, modelled, self.lanes)) for size in lengths
        ]


class MixStepper(Stepper):
    """Steps streams, each with a memory of its own."""

    def __init__(self, learners: list["Learner"], model: Stepper | None) -> None:
        self._learners, self._model = learners, model

    def _rows(self) -> NDArray[np.int32]:
        if self._model is None:
            return np.empty((len(self._learners), 0), np.int32)
        return np.asarray(self._model.frequencies(), np.int32)

    def frequencies(self) -> IntArray:
        pairs = zip(self._learners, self._rows(), strict=True)
        rows = [learner.frequencies(given) for learner, given in pairs]
        return np.stack(rows) if rows else np.empty((0, 256), np.int32)

    def advance(self, symbols: IntArray) -> None:
        for learner, given, symbol in zip(self._learners, self._rows(), symbols, strict=True):
            learner.learn(int(symbol), given)
        if self._model is not None:
            self._model.advance(symbols)

    def keep(self, streams: int) -> None:
        del self._learners[streams:]
        if self._model is not None:
            self._model.keep(streams)


class Learner(Coding):
    """A memory that learns one sequence. Its coded stream is thrown away.

    `rows` (positions, 256) are a model's frequencies at the next positions; (positions, 0) without
    a model.
    """

    def __init__(self, size: int, plan: Plan) -> None:
        """Raises Unsupported for a plan of several lanes."""
        if plan.lanes > 1:
            raise Unsupported(
                f"{size} bytes are coded in {plan.lanes} lanes, so a byte is predicted from others "
                "than all that come before it; mix:lanes=1 takes them in order"
            )
        super().__init__(size, plan)
        self._room = np.empty(DEAREST + 8, np.uint8)

    def follow(self, symbols: IntArray, rows: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
        """Learn `symbols` (n,), and return the frequencies before each: (n, 256)."""
        if rows is None:
            rows = np.empty((len(symbols), 0), np.int32)
        out = np.empty((len(symbols), 256), np.int32)
        for row, symbol, given in zip(out, symbols.tolist(), rows, strict=True):
            self._predict(given, row)
            self.learn(symbol, given)
        return out

    def frequencies(self, given: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the frequencies of the next symbol: (256,)."""
        row = np.empty(256, np.int32)
        self._predict(given, row)
        return row

    def learn(self, symbol: int, given: NDArray[np.int32]) -> None:
        """Learn a symbol."""
        self._remember(self.step + 1)
        history = self._memory.history
        history[self.step] = symbol
        self._coder[:] = 0
        self._coder[HI] = END
        rows = given[None, None] if len(given) else NO_FREQUENCIES
        self._code(self.step + 1, rows, history, self._room)

    def _predict(self, given: NDArray[np.int32], row: NDArray[np.int32]) -> None:
        self._remember(self.step + 1)
        predict_byte(self._memory, self._lanes[0], given, row)

"""The coder's law as frequencies of bytes: what scores, curves and samples are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray
from codelength_mix.bits import END, HI, code
from codelength_mix.coding import DEAREST, NO_LAWS
from codelength_mix.law import law
from codelength_mix.memory import Memory, grown, lanes, memory

FIRST = 1 << 17
"""Bytes that a memory has room for in the beginning, when nobody knows how many there will be."""

FOREVER = 1 << 62

BLOCK = 256
"""Positions at a time without a model."""


@dataclass(frozen=True)
class MixPredictor(Predictor):
    """The law of the online memory, of `mebibytes` at most, with a model's or by itself."""

    name: ClassVar[str] = "mix"
    needs: ClassVar[Mapping[str, str]] = {"numba": "numba"}
    batch: ClassVar[int] = 8
    mebibytes: int
    model: Predictor | None = None

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {} if self.model is None else self.model.model_bytes

    def scrambled(self, seed: int) -> Predictor | None:
        model = None if self.model is None else self.model.scrambled(seed)
        return None if model is None else replace(self, model=model)

    def stepper(self, streams: int) -> Stepper:
        model = None if self.model is None else self.model.stepper(streams)
        learners = [Learner(self.mebibytes, model is not None) for _ in range(streams)]
        return MixStepper(learners, model)

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        if self.model is None:
            for stream, symbols in enumerate(batch):
                learner = Learner(self.mebibytes, modelled=False)
                for start in range(0, len(symbols), BLOCK):
                    yield stream, learner.follow(symbols[start : start + BLOCK])
            return
        learners = [Learner(self.mebibytes, modelled=True) for _ in batch]
        for stream, laws in self.model.frequencies(batch):
            learner = learners[stream]
            symbols = batch[stream][learner.known : learner.known + len(laws)]
            yield stream, learner.follow(symbols, np.asarray(laws, np.int32))


class MixStepper(Stepper):
    """Streams of which each has a memory of its own."""

    def __init__(self, learners: list["Learner"], model: Stepper | None) -> None:
        self._learners, self._model = learners, model

    def _laws(self) -> IntArray:
        if self._model is None:
            return np.empty((len(self._learners), 0), np.int32)
        return np.asarray(self._model.frequencies(), np.int32)

    def frequencies(self) -> IntArray:
        pairs = zip(self._learners, self._laws(), strict=True)
        rows = [learner.frequencies(laws) for learner, laws in pairs]
        return np.stack(rows) if rows else np.empty((0, 256), np.int32)

    def advance(self, symbols: IntArray) -> None:
        for learner, laws, symbol in zip(self._learners, self._laws(), symbols, strict=True):
            learner.learn(int(symbol), laws)
        if self._model is not None:
            self._model.advance(symbols)

    def keep(self, streams: int) -> None:
        del self._learners[streams:]
        if self._model is not None:
            self._model.keep(streams)


class Learner:
    """One stream. `laws` (…, 256) are the frequencies that a model gives at its next positions;
    (…, 0) if there is none."""

    def __init__(self, mebibytes: int, modelled: bool) -> None:
        self._mebibytes = mebibytes
        self._memory: Memory = memory(FIRST, mebibytes, modelled)
        self._memory = self._memory._replace(history=np.zeros(FIRST, np.uint8))
        self._lanes = lanes(FOREVER, 1, FOREVER)
        self._coder = np.zeros(4, np.int64)
        self._room = np.empty(DEAREST + 8, np.uint8)  # what is written there is of no use
        self.known = 0

    def follow(self, symbols: IntArray, laws: IntArray | None = None) -> NDArray[np.int32]:
        """The frequencies before each of `symbols` (n,), which are learnt: (n, 256)."""
        if laws is None:
            laws = np.empty((len(symbols), 0), np.int32)
        rows = np.empty((len(symbols), 256), np.int32)
        for row, symbol, frequencies in zip(rows, symbols.tolist(), laws, strict=True):
            law(self._memory, self._lanes[0], frequencies, row)
            self.learn(symbol, frequencies)
        return rows

    def frequencies(self, laws: IntArray) -> NDArray[np.int32]:
        """Those of the next symbol: (256,)."""
        row = np.empty(256, np.int32)
        law(self._memory, self._lanes[0], laws, row)
        return row

    def learn(self, symbol: int, laws: IntArray) -> None:
        """Appends a symbol."""
        if self.known == len(self._memory.history):
            history = np.concatenate((self._memory.history, np.zeros(self.known, np.uint8)))
            self._memory = grown(self._memory, self._mebibytes)._replace(history=history)
        history = self._memory.history
        history[self.known] = symbol
        self._coder[:] = 0
        self._coder[HI] = END
        now = laws[None, None] if len(laws) else NO_LAWS
        start, stop, lanes = self.known, self.known + 1, self._lanes
        code(
            self._memory, lanes, FOREVER, start, stop, now, history, self._room, self._coder, False
        )
        self.known = stop

"""The exact model as a predictor of bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength.coding import device
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray
from codelength_exact.recurrent_shape import BEGIN
from codelength_recurrent.compiled_model import CompiledRecurrent
from codelength_recurrent.model import QuantizedRecurrent, State
from codelength_recurrent.weights import read

AnyRecurrent: TypeAlias = QuantizedRecurrent[Any]
"""A model of either implementation."""

BLOCK = 64
"""Positions of a stream that the parallel view hands out at a time."""


@dataclass(frozen=True)
class RecurrentPredictor(Predictor):
    """Predicts by the model in a file of weights."""

    name: ClassVar[str] = "recurrent"
    needs: ClassVar[Mapping[str, str]] = {
        "numba": "codelength[learned]",
        "safetensors": "codelength[lm]",
    }
    batch: ClassVar[int] = 256
    path: Path
    initial: int | None = None
    """The seed of weights as training begins with: a control, no codec."""

    @property
    def model(self) -> AnyRecurrent:
        """Return the model on the device that was asked for. It is loaded once in a process."""
        return _load(self.path, self.initial, device.chosen())

    def initialised(self, seed: int) -> Predictor:
        return replace(self, initial=seed)

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {"weights": self.path.stat().st_size}

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return ModelStepper(self.model, len(lengths))

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        return all_positions(self.model, batch)


def all_positions(model: AnyRecurrent, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
    """Yield the frequencies of all positions, as `Predictor.frequencies` does."""
    order = sorted(range(len(batch)), key=lambda i: -len(batch[i]))
    lengths = [len(batch[i]) for i in order]
    alive = sum(length > 0 for length in lengths)
    state = model.begin(alive)
    symbols = _inputs([batch[i] for i in order[:alive]])
    for start in range(0, symbols.shape[1], BLOCK):
        alive = sum(length > start for length in lengths)
        state = model.keep(state, alive)
        rows = _block(model, state, symbols[:alive, start : start + BLOCK])
        for stream in range(alive):
            yield order[stream], rows[stream, : lengths[stream] - start]


def _block(
    model: QuantizedRecurrent[State], state: State, symbols: NDArray[np.int32]
) -> NDArray[np.int32]:
    time = max(1, model.positions_at_once // len(symbols))
    pieces = range(0, symbols.shape[1], time)
    return np.concatenate([model.run(state, symbols[:, at : at + time]) for at in pieces], axis=1)


class ModelStepper(Stepper):
    """Steps the streams of a model. A step costs the same however long the streams are."""

    def __init__(self, model: AnyRecurrent, streams: int) -> None:
        self._model = model
        self._state = model.begin(streams)
        self._last = np.full((streams, 1), BEGIN)
        self._frequencies: NDArray[np.int32] | None = None

    def frequencies(self) -> IntArray:
        if self._frequencies is None:
            self._frequencies = self._model.run(self._state, self._last)[:, 0]
        return self._frequencies

    def advance(self, symbols: IntArray) -> None:
        self.frequencies()  # takes in the symbols before
        self._frequencies = None
        self._last = np.asarray(symbols)[:, None]

    def keep(self, streams: int) -> None:
        self._state = self._model.keep(self._state, streams)
        self._last = self._last[:streams]
        if self._frequencies is not None:
            self._frequencies = self._frequencies[:streams]


def _inputs(batch: Sequence[IntArray]) -> NDArray[np.int32]:
    """Return the model's inputs (sequences, longest): BEGIN, then all but the last symbol.

    Shorter sequences are padded with zeros, whose results are cut off.
    """
    inputs = np.zeros((len(batch), max(map(len, batch), default=0)), np.int32)
    for row, symbols in zip(inputs, batch, strict=True):
        row[0] = BEGIN
        row[1 : len(symbols)] = symbols[:-1]
    return inputs


@lru_cache(maxsize=2)
def _load(path: Path, initial: int | None, device_name: str) -> AnyRecurrent:
    weights = read(path)
    for name, array in weights.arrays.items():
        if not np.isfinite(array).all():
            raise UsageError(f"{path}: {name} has values that are no numbers; train it again")
    if initial is not None:
        from codelength_recurrent.recurrent import initial_weights

        weights = initial_weights(weights.shape, initial)
    if device_name == device.PROCESSOR:
        return CompiledRecurrent(weights)
    from codelength_recurrent.torch_model import TorchRecurrent

    return TorchRecurrent(weights, device_name)

"""The quantised recurrent model on a CPU: one compiled function takes all steps of a position."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength_exact.kernels import FloatArray
from codelength_exact.products import COLUMNS, GROUP, PackedMatrix
from codelength_exact.recurrent_shape import Shape
from codelength_recurrent import kernels
from codelength_recurrent.kernels import Blocks, Input, PackedBlocks, Table
from codelength_recurrent.model import QuantizedRecurrent
from codelength_recurrent.weights import Weights


class RecurrentState(NamedTuple):
    """What streams remember of what they have taken in. Kernels change the arrays in place."""

    history: NDArray[np.int64]
    """(streams, history − 1): the last symbols plus one, zero for none."""
    carried: FloatArray
    """(layers, streams, 3 · state): what the last position gives to the next."""
    r: FloatArray
    """(layers, streams, state)"""


class CompiledRecurrent(QuantizedRecurrent[RecurrentState]):
    """A recurrent model in compiled loops."""

    positions_at_once: ClassVar[int] = 512
    """What they need fits into a core's cache."""

    def __init__(self, weights: Weights) -> None:
        self.shape: Shape = weights.shape
        shape = self.shape
        layers = [f"blocks.{layer}." for layer in range(shape.layers)]

        def pack(name: str) -> PackedBlocks:
            return _pack([weights.matrix(layer + name) for layer in layers])

        def both(layer: str) -> Table:
            now, before = weights.matrix(layer + "now"), weights.matrix(layer + "before")
            return np.concatenate([now[0], before[0]]), np.concatenate([now[1], before[1]])

        self._blocks: Blocks = (
            _pack([both(layer) for layer in layers]),
            np.array([weights.vector(layer + "gate") for layer in layers], np.float32).reshape(
                len(layers), shape.state
            ),
            pack("out"),
            pack("up"),
            pack("down"),
        )
        if shape.orders:
            tables, lookup = weights.matrix("tables"), [weights.matrix("lookup")]
        else:
            tables, lookup = (np.empty((0, 0), np.int8), np.empty(0, np.float32)), []
        self._input: Input = (
            weights.matrix("byte"),
            np.array(shape.orders, np.int64),
            shape.rows,
            tables,
            _pack(lookup),
        )
        self._head = _pack([weights.matrix("head")]), weights.vector("head.bias")

    def begin(self, streams: int) -> RecurrentState:
        shape = self.shape
        return RecurrentState(
            np.zeros((streams, shape.history - 1), np.int64),
            np.zeros((shape.layers, streams, 3 * shape.state), np.float32),
            np.zeros((shape.layers, streams, shape.state), np.float32),
        )

    def keep(self, state: RecurrentState, streams: int) -> RecurrentState:
        if streams == len(state.history):
            return state
        carried, r = (np.ascontiguousarray(array[:, :streams]) for array in state[1:])
        return RecurrentState(state.history[:streams], carried, r)

    def run(self, state: RecurrentState, symbols: NDArray[np.integer]) -> NDArray[np.int32]:
        frequencies = np.empty((*symbols.shape, 256), np.int32)
        taken = np.ascontiguousarray(symbols, np.int64)
        kernels.run(taken, self._input, self._blocks, self._head, state[:], frequencies)
        return frequencies


def _pack(matrices: Sequence[Table]) -> PackedBlocks:
    """Return matrices (outputs, inputs) of one shape, packed for tiles under each other."""
    if not matrices:
        return (
            np.empty((0, 0, 0, COLUMNS, GROUP), np.int8),
            np.empty((0, 0), np.int32),
            np.empty((0, 0), np.float32),
        )
    packed = [PackedMatrix(values) for values, _ in matrices]
    return (
        np.stack([matrix.panels for matrix in packed]),
        np.stack([matrix.start for matrix in packed]),
        np.stack([scales for _, scales in matrices]),
    )

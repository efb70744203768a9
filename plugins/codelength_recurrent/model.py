"""The quantised recurrent byte model: the same integers for the same bytes.

They depend neither on the batch nor on the number of positions at a time, the threads or the
device. There is one way to run the model: some streams, some positions each. All positions of a
known sequence and one step of an unknown one differ only in how many positions they take at a time.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend import Floats, Ints, Matrix
from codelength_exact.recurrent_shape import Shape
from codelength_recurrent.backend import NgramTables, RecurrentBackend
from codelength_recurrent.weights import Weights


@dataclass
class RecurrentState(Generic[Floats]):
    """What streams remember of what they have taken in."""

    history: NDArray[np.int64]
    """(streams, history − 1): the last symbols plus one."""
    carried: list[Floats]
    """For each block (streams, 3 · state): what the last position gives to the next."""
    r: list[Floats]
    """For each block (streams, state)."""

    def keep(self, streams: int) -> None:
        """Forget all but the first `streams`."""
        self.history = self.history[:streams]
        self.carried = [array[:streams] for array in self.carried]
        self.r = [array[:streams] for array in self.r]


@dataclass(frozen=True)
class _Block(Generic[Ints, Floats]):
    zbg: Matrix[Ints, Floats]
    """(6 · state, width): what a position gives to its own z, b and g, then to the next one's."""
    gate: Floats
    """(state,)"""
    out: Matrix[Ints, Floats]
    """(width, state)"""
    up: Matrix[Ints, Floats]
    """(hidden, width)"""
    down: Matrix[Ints, Floats]
    """(width, hidden)"""


class QuantizedRecurrent(Generic[Ints, Floats]):
    """A recurrent model ready to run."""

    def __init__(self, weights: Weights, backend: RecurrentBackend[Ints, Floats]) -> None:
        self.shape: Shape = weights.shape
        self.positions_at_once = backend.positions_at_once
        self._backend = backend
        self._bytes = backend.table(*weights.matrix("byte"))
        if self.shape.orders:
            entries = backend.table(*weights.matrix("tables"))
            self._tables = NgramTables(np.array(self.shape.orders), self.shape.rows, entries)
            self._lookup = backend.matrix(*weights.matrix("lookup"))
        self._blocks = [self._block(weights, f"blocks.{i}.") for i in range(self.shape.layers)]
        self._head = backend.matrix(*weights.matrix("head"), weights.vector("head.bias"))

    def _block(self, weights: Weights, name: str) -> _Block[Ints, Floats]:
        now, before = weights.matrix(name + "now"), weights.matrix(name + "before")
        values, scales = np.concatenate([now[0], before[0]]), np.concatenate([now[1], before[1]])
        matrix = self._backend.matrix
        return _Block(
            matrix(values, scales),
            self._backend.floats(weights.vector(name + "gate")),
            matrix(*weights.matrix(name + "out")),
            matrix(*weights.matrix(name + "up")),
            matrix(*weights.matrix(name + "down")),
        )

    def begin(self, streams: int) -> RecurrentState[Floats]:
        """Return `streams` sequences at their beginning."""

        def zeros(columns: int) -> Floats:
            return self._backend.floats(np.zeros((streams, columns), np.float32))

        shape = self.shape
        return RecurrentState(
            np.zeros((streams, shape.history - 1), np.int64),
            [zeros(3 * shape.state) for _ in range(shape.layers)],
            [zeros(shape.state) for _ in range(shape.layers)],
        )

    def run(self, state: RecurrentState[Floats], symbols: NDArray[np.integer]) -> NDArray[np.int32]:
        """Take in symbols, and return the frequencies of what follows each.

        Args:
            state: What the streams remember; it is brought forward.
            symbols: (streams, time), each stream's next ones. The first symbol is BEGIN.

        Returns:
            (streams, time, 256)
        """
        streams, time = symbols.shape
        backend = self._backend
        taken = symbols.astype(np.int64, copy=False)
        x = backend.look_up(self._bytes, taken.reshape(-1))  # (streams · time, width)
        if self.shape.orders:
            recent = np.concatenate([state.history, taken + 1], 1)
            state.history = recent[:, time:]
            rows = backend.look_up_ngrams(recent, time, self._tables)
            rows = backend.add_and_normalise(x, self._lookup.times(rows))
        else:
            rows = backend.normalise(x)
        for block, carried, r in zip(self._blocks, state.carried, state.r, strict=True):
            rows = backend.advance_gated(block.zbg.times(rows), block.gate, carried, r)
            rows = backend.add_and_normalise(x, block.out.times(rows))
            rows = backend.square_relu(block.up.times(rows))
            rows = backend.add_and_normalise(x, block.down.times(rows))
        no_escapes = np.zeros(streams * time, np.int32)
        frequencies = backend.frequencies(self._head.times(rows), no_escapes, 0)
        return frequencies.reshape(streams, time, frequencies.shape[1])


AnyQuantizedRecurrent: TypeAlias = QuantizedRecurrent[Any, Any]
"""A model on whichever backend."""

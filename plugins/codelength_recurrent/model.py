"""The recurrent byte model in exact arithmetic: the same integers for the same bytes, whatever the
batch, the number of positions at a time, the threads or the device.

There is one way to run it: some streams, some positions each. All positions of a known sequence and
one step of an unknown one differ only in how many positions they take at a time.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength_exact.recurrent_shape import Shape
from codelength_recurrent.backend import Arithmetic, Matrix, Tables
from codelength_recurrent.weights import Weights


@dataclass
class State:
    """What streams remember: their last symbols plus one (streams, history − 1), and for each block
    what the last position gives to the next (streams, 3 · state) and r (streams, state)."""

    history: NDArray[np.int64]
    carried: list[Any]
    r: list[Any]

    def keep(self, streams: int) -> None:
        """Forgets all but the first `streams`."""
        self.history = self.history[:streams]
        self.carried = [array[:streams] for array in self.carried]
        self.r = [array[:streams] for array in self.r]


@dataclass(frozen=True)
class _Block:
    mix: Matrix
    gate: Any
    out: Matrix
    up: Matrix
    down: Matrix


class Exact:
    """A model ready to run."""

    def __init__(self, weights: Weights, arithmetic: Arithmetic) -> None:
        self.shape: Shape = weights.shape
        self.together = arithmetic.together
        self._with = arithmetic
        values, scales = weights.matrix("byte")
        self._bytes = arithmetic.array(values.astype(np.float32) * scales[:, None])
        if self.shape.orders:
            values, scales = weights.matrix("tables")
            self._tables = Tables(
                np.array(self.shape.orders),
                self.shape.rows,
                arithmetic.array(values),
                arithmetic.array(scales),
            )
            self._lookup = arithmetic.matrix(*weights.matrix("lookup"))
        self._blocks = [self._block(weights, f"blocks.{i}.") for i in range(self.shape.layers)]
        self._head = arithmetic.matrix(*weights.matrix("head"))
        self._bias = arithmetic.array(weights.arrays["head.bias"])

    def _block(self, weights: Weights, name: str) -> _Block:
        now, before = weights.matrix(name + "now"), weights.matrix(name + "before")
        values, scales = np.concatenate([now[0], before[0]]), np.concatenate([now[1], before[1]])
        matrix = self._with.matrix
        return _Block(
            matrix(values, scales),
            self._with.array(weights.arrays[name + "gate"]),
            matrix(*weights.matrix(name + "out")),
            matrix(*weights.matrix(name + "up")),
            matrix(*weights.matrix(name + "down")),
        )

    def begin(self, streams: int) -> State:
        """`streams` sequences at their beginning."""

        def zeros(columns: int) -> Any:
            return self._with.array(np.zeros((streams, columns), np.float32))

        shape = self.shape
        return State(
            np.zeros((streams, shape.history - 1), np.int64),
            [zeros(3 * shape.state) for _ in range(shape.layers)],
            [zeros(shape.state) for _ in range(shape.layers)],
        )

    def run(self, state: State, symbols: NDArray[Any]) -> NDArray[np.int32]:
        """Takes in `symbols` (streams, time), each stream's next ones, BEGIN being its first. The
        frequencies of what follows each: (streams, time, 256)."""
        streams, time = symbols.shape
        do = self._with
        symbols = symbols.astype(np.int64)
        x = self._bytes[do.array(symbols.reshape(-1))]
        if self.shape.orders:
            recent = np.concatenate([state.history, symbols + 1], 1)
            state.history = recent[:, time:]
            rows = do.look_up(do.array(recent), time, self._tables)
            rows = do.add_and_normalise(x, do.product(rows, self._lookup), rows, self._lookup)
        else:
            rows = do.normalise(x)
        for block, carried, r in zip(self._blocks, state.carried, state.r, strict=True):
            made = do.product(rows, block.mix)
            rows = do.gated(made, rows, block.mix, block.gate, carried, r)
            rows = do.add_and_normalise(x, do.product(rows, block.out), rows, block.out)
            rows = do.squared(do.product(rows, block.up), rows, block.up)
            rows = do.add_and_normalise(x, do.product(rows, block.down), rows, block.down)
        made = do.frequencies(do.product(rows, self._head), rows, self._head, self._bias)
        return made.reshape(streams, time, made.shape[1])

"""The quantised recurrent model in PyTorch operations, for any device."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength_exact.backend import Product, Rows
from codelength_exact.backend_torch import TorchBackend, TorchMatrix, scaled
from codelength_exact.recurrent_shape import Shape, row_numbers
from codelength_exact.tensors import divided, over, quantised, sigmoid, square_root
from codelength_recurrent.model import QuantizedRecurrent
from codelength_recurrent.weights import Weights

TensorRows = Rows[Tensor, Tensor]
TensorProduct = Product[Tensor, Tensor]


@dataclass
class TensorState:
    """What streams remember of what they have taken in."""

    history: NDArray[np.int64]
    """(streams, history − 1): the last symbols plus one, zero for none."""
    carried: list[Tensor]
    """For each block (streams, 3 · state): what the last position gives to the next."""
    r: list[Tensor]
    """For each block (streams, state)."""


@dataclass(frozen=True)
class _Block:
    zbg: TorchMatrix
    """(6 · state, width): what a position gives to its own z, b and g, then to the next one's."""
    gate: Tensor
    """(state,)"""
    out: TorchMatrix
    """(width, state)"""
    up: TorchMatrix
    """(hidden, width)"""
    down: TorchMatrix
    """(width, hidden)"""


class TorchRecurrent(QuantizedRecurrent[TensorState]):
    """A recurrent model on any device."""

    positions_at_once: ClassVar[int] = 1 << 14
    """An operation takes as long to begin as to do for thousands of them."""

    def __init__(self, weights: Weights, device: str = "cpu") -> None:
        self.shape: Shape = weights.shape
        self._backend = backend = TorchBackend(device)
        self._bytes = backend.table(*weights.matrix("byte"))
        if self.shape.orders:
            self._tables = backend.table(*weights.matrix("tables"))
            self._lookup = backend.matrix(*weights.matrix("lookup"))
        self._blocks = [self._block(weights, f"blocks.{i}.") for i in range(self.shape.layers)]
        self._head = backend.matrix(*weights.matrix("head"), weights.vector("head.bias"))

    def _block(self, weights: Weights, name: str) -> _Block:
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

    def begin(self, streams: int) -> TensorState:
        def zeros(columns: int) -> Tensor:
            return self._backend.floats(np.zeros((streams, columns), np.float32))

        shape = self.shape
        return TensorState(
            np.zeros((streams, shape.history - 1), np.int64),
            [zeros(3 * shape.state) for _ in range(shape.layers)],
            [zeros(shape.state) for _ in range(shape.layers)],
        )

    def keep(self, state: TensorState, streams: int) -> TensorState:
        return TensorState(
            state.history[:streams],
            [array[:streams] for array in state.carried],
            [array[:streams] for array in state.r],
        )

    def run(self, state: TensorState, symbols: NDArray[np.integer]) -> NDArray[np.int32]:
        streams, time = symbols.shape
        taken = symbols.astype(np.int64, copy=False)
        x = self._backend.look_up(self._bytes, taken.reshape(-1))  # (streams · time, width)
        if self.shape.orders:
            recent = np.concatenate([state.history, taken + 1], 1)
            state.history = recent[:, time:]
            x += scaled(self._lookup.times(self._look_up_ngrams(recent, time)))
        for block, carried, r in zip(self._blocks, state.carried, state.r, strict=True):
            gated = _advance_gated(block.zbg.times(_normalise(x)), block.gate, carried, r)
            x += scaled(block.out.times(gated))
            hidden = scaled(block.up.times(_normalise(x))).clamp_min(0)
            x += scaled(block.down.times(quantised(hidden * hidden)))
        no_escapes = np.zeros(streams * time, np.int32)
        logits = self._head.times(_normalise(x))
        frequencies = self._backend.frequencies(logits, no_escapes, 0)
        return frequencies.reshape(streams, time, frequencies.shape[1])

    def _look_up_ngrams(self, symbols: NDArray[np.int64], time: int) -> TensorRows:
        """Return what the tables hold for the last n symbols at the last `time` positions.

        Args:
            symbols: (streams, history − 1 + time): symbols plus one, zero for none.
            time: Positions of each stream.

        Returns:
            (streams · time, orders · columns)
        """
        recent, shape = self._backend.integers(symbols), self.shape
        last = [recent[:, back : back + time] for back in range(shape.history)]
        at = row_numbers(last, shape.orders, shape.rows)
        values, scales = self._tables
        ngrams = values[at].float() * scales[at][..., None]
        return quantised(ngrams.reshape(-1, shape.looked_up))


def _normalise(x: Tensor) -> TensorRows:
    """Return the RMS norm of x (rows, width)."""
    q, _ = quantised(x)
    total = (q * q).sum(1, dtype=torch.float64).clamp_min(1).float()
    return q, over(1.0, square_root(divided(total, x.shape[1])))


def _advance_gated(product: TensorProduct, gate: Tensor, carried: Tensor, r: Tensor) -> TensorRows:
    """Take the gated recurrence over all positions.

    Args:
        product: (rows, 6 · state): what z, b and g get from the current position, and then what it
            gives to the next one.
        gate: (state,)
        carried: (streams, 3 · state), what the position before gave; changed in place.
        r: (streams, state), the state; changed in place.

    Returns:
        r · silu(g): (rows, state)
    """
    streams, state = r.shape
    given = scaled(product).view(streams, -1, 6 * state)
    now, later = torch.split(given, 3 * state, 2)
    before = torch.cat([carried[:, None], later[:, :-1]], 1)
    z, b, g = torch.split(now + before, state, 2)  # each (streams, time, state)
    z = sigmoid(z + gate)
    out = torch.empty_like(b)
    for at in range(b.shape[1]):
        change = z[:, at] * (b[:, at] - r)
        r += change
        out[:, at] = r
    carried.copy_(later[:, -1])
    return quantised((out * (g * sigmoid(g))).view(-1, state))

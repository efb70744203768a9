"""The exact arithmetic in PyTorch operations, each its own, for any device: the plain statement of
what `compiled` does, and the way to run on an accelerator."""

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength_exact import constants, tensors
from codelength_exact.recurrent_shape import row_numbers
from codelength_exact.tensors import FARTHEST, LOG2E, divided, exp2, over, sigmoid, square_root
from codelength_recurrent.backend import Arithmetic, Matrix, Rows, Tables

UNITS, TOTAL = float(constants.UNITS), float(constants.frequency_total(256))


class OnTorch(Arithmetic):
    """On `device`."""

    together: ClassVar[int] = 1 << 14
    """An operation takes as long to begin as to do for thousands of them."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = tensors.taken(device)

    def array(self, values: NDArray[Any]) -> Tensor:
        return torch.tensor(values, device=self._device)

    def matrix(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> Matrix:
        return Matrix(tensors.parts(values, self._device), self.array(scales))

    def product(self, rows: Rows, matrix: Matrix) -> Tensor:
        return tensors.product(rows.q, matrix.values)

    def look_up(self, symbols: Tensor, time: int, tables: Tables) -> Rows:
        first = symbols.shape[1] - time - max(tables.orders) + 1
        last = [
            symbols[:, first + back : first + back + time] for back in range(max(tables.orders))
        ]
        at = row_numbers(last, list(tables.orders), tables.rows)
        found = tables.values[at].float() * tables.scales[at][..., None]
        return _quantised(found.reshape(-1, len(tables.orders) * tables.values.shape[1]))

    def normalise(self, x: Tensor) -> Rows:
        q = _quantised(x).q
        total = (q * q).sum(1, dtype=torch.float64).clamp_min(1).float()
        return Rows(q, over(1.0, square_root(divided(total, x.shape[1]))))

    def add_and_normalise(self, x: Tensor, product: Tensor, rows: Rows, matrix: Matrix) -> Rows:
        x += _scaled(product, rows, matrix)
        return self.normalise(x)

    def gated(
        self, product: Any, rows: Rows, matrix: Matrix, gate: Any, carried: Any, r: Any
    ) -> Rows:
        batch, state = r.shape
        given = _scaled(product, rows, matrix).view(batch, -1, 6 * state)
        now, later = torch.split(given, 3 * state, 2)
        before = torch.cat([carried[:, None], later[:, :-1]], 1)
        z, b, g = torch.split(now + before, state, 2)
        z = sigmoid(z + gate)
        out = torch.empty_like(b)
        for at in range(b.shape[1]):
            change = z[:, at] * (b[:, at] - r)
            r += change
            out[:, at] = r
        carried.copy_(later[:, -1])
        gates = g * sigmoid(g)
        return _quantised((out * gates).view(-1, state))

    def squared(self, product: Tensor, rows: Rows, matrix: Matrix) -> Rows:
        x = _scaled(product, rows, matrix).clamp_min(0)
        return _quantised(x * x)

    def frequencies(
        self, product: Tensor, rows: Rows, matrix: Matrix, bias: Tensor
    ) -> NDArray[np.int32]:
        logits = _scaled(product, rows, matrix)
        y = (logits + bias) * LOG2E
        below = (y - y.amax(1, keepdim=True)).clamp_min(-FARTHEST)
        e = (exp2(below) * UNITS).to(torch.int32)
        total = e.sum(1, keepdim=True).float()
        shares = e.float() * over(TOTAL, total)
        result: NDArray[np.int32] = (shares.to(torch.int32) + 1).cpu().numpy()
        return result


def _scaled(product: Tensor, rows: Rows, matrix: Matrix) -> Tensor:
    scaled: Tensor = product.float() * (rows.s[:, None] * matrix.channels)
    return scaled


def _quantised(x: Tensor) -> Rows:
    return Rows(*tensors.quantised(x))

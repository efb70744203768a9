"""The exact arithmetic in PyTorch operations, each its own, for any device: the plain statement of
what `compiled` does, and the way to run on an accelerator."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength_lm import fixed
from codelength_lm.arithmetic import Arithmetic, Matrix, Rows, Tables, checked
from codelength_lm.shape import row_numbers

LARGEST, SMALLEST, MAGIC = (float(x) for x in (fixed.LARGEST, fixed.SMALLEST, fixed.MAGIC))
FARTHEST, LOG2E = float(fixed.FARTHEST), float(fixed.LOG2E)
UNITS, TOTAL = float(fixed.UNITS), float(fixed.TOTAL)
EXP2 = [float(c) for c in fixed.EXP2]


class OnTorch(Arithmetic):
    """On `device`."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = device

    def array(self, values: NDArray[Any]) -> Tensor:
        return torch.tensor(values, device=self._device)

    def matrix(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> Matrix:
        return Matrix({"float32": self.array(checked(values)).float().T}, self.array(scales))

    def product(self, rows: Rows, matrix: Matrix) -> Tensor:
        product: Tensor = rows.q @ matrix.forms["float32"]
        return product

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
        root = _square_root(total / torch.full_like(total, x.shape[1]))
        return Rows(q, torch.ones_like(root) / root)

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
        z = _sigmoid(z + gate)
        out = torch.empty_like(b)
        for at in range(b.shape[1]):
            change = z[:, at] * (b[:, at] - r)
            r += change
            out[:, at] = r
        carried.copy_(later[:, -1])
        gates = g * _sigmoid(g)
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
        e = (_exp2(below) * UNITS).to(torch.int32)
        total = e.sum(1, keepdim=True).float()
        by = torch.full_like(total, TOTAL) / total
        result: NDArray[np.int32] = ((e.float() * by).to(torch.int32) + 1).cpu().numpy()
        return result


def _scaled(product: Tensor, rows: Rows, matrix: Matrix) -> Tensor:
    by = rows.s[:, None] * matrix.channels
    scaled: Tensor = product.float() * by
    return scaled


def _quantised(x: Tensor) -> Rows:
    most = x.abs().amax(1).clamp_min(SMALLEST)
    inverse = torch.full_like(most, LARGEST) / most
    return Rows(torch.round(x * inverse[:, None]), most / torch.full_like(most, LARGEST))


def _square_root(x: Tensor) -> Tensor:
    """PyTorch's float32 root on a CPU is MKL's, which is often one ulp off. In float64 that does
    not matter: no root of a float32 is so close to the middle between two others."""
    return torch.sqrt(x.double()).float()


def _exp2(y: Tensor) -> Tensor:
    k = torch.round(y)
    f = y - k
    p = torch.full_like(f, EXP2[0])
    for c in EXP2[1:]:
        p = p * f
        p = p + c
    bits: Tensor = p.view(torch.int32) + (k.to(torch.int32) << 23)
    result: Tensor = bits.view(torch.float32)
    return result


def _sigmoid(x: Tensor) -> Tensor:
    y = (-x * LOG2E).clamp(-FARTHEST, FARTHEST)
    below = _exp2(y) + 1
    return torch.ones_like(below) / below

"""The steps of a recurrent model in PyTorch operations, for any device."""

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength_exact.backend import Product, Rows
from codelength_exact.backend_torch import TorchBackend, scaled
from codelength_exact.recurrent_shape import row_numbers
from codelength_exact.tensors import divided, over, quantised, sigmoid, square_root
from codelength_recurrent.backend import NgramTables, RecurrentBackend

TensorRows = Rows[Tensor, Tensor]
TensorProduct = Product[Tensor, Tensor]


class TorchRecurrentBackend(TorchBackend, RecurrentBackend[Tensor, Tensor]):
    """On any device."""

    positions_at_once: ClassVar[int] = 1 << 14
    """An operation takes as long to begin as to do for thousands of them."""

    def look_up_ngrams(
        self, symbols: NDArray[np.int64], time: int, tables: NgramTables[Tensor, Tensor]
    ) -> TensorRows:
        recent, longest = self.integers(symbols), int(max(tables.orders))
        first = recent.shape[1] - time - longest + 1
        last = [recent[:, first + back : first + back + time] for back in range(longest)]
        at = row_numbers(last, tables.orders.tolist(), tables.rows)
        values, scales = tables.entries
        ngrams = values[at].float() * scales[at][..., None]
        return quantised(ngrams.reshape(-1, len(tables.orders) * values.shape[1]))

    def normalise(self, x: Tensor) -> TensorRows:
        q, _ = quantised(x)
        total = (q * q).sum(1, dtype=torch.float64).clamp_min(1).float()
        return q, over(1.0, square_root(divided(total, x.shape[1])))

    def add_and_normalise(self, x: Tensor, product: TensorProduct) -> TensorRows:
        x += scaled(product)
        return self.normalise(x)

    def advance_gated(
        self, product: TensorProduct, gate: Tensor, carried: Tensor, r: Tensor
    ) -> TensorRows:
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

    def square_relu(self, product: TensorProduct) -> TensorRows:
        x = scaled(product).clamp_min(0)
        return quantised(x * x)

"""The exact arithmetic in PyTorch operations, for any device.

Each operation is its own and rounded by itself. This is the plain statement of what the compiled
loops do, and the way to run on an accelerator.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength.coding.range_coder import PRECISION
from codelength_exact import constants, tensors
from codelength_exact.backend import Backend, Matrix, Product, Rows
from codelength_exact.groups import Groups
from codelength_exact.tensors import FARTHEST, LOG2E, exp2

UNITS, FINE_UNITS = float(constants.UNITS), float(constants.FINE_UNITS)


class TorchMatrix(Matrix[Tensor, Tensor]):
    """A matrix in float32, split where sums of products would not be exact."""

    def __init__(
        self, parts: tensors.Parts, channel_scales: Tensor, bias: Tensor | None, wide: bool
    ) -> None:
        self._parts, self._product = parts, tensors.wide_product if wide else tensors.product
        self.channel_scales = channel_scales
        self.bias = torch.zeros_like(channel_scales) if bias is None else bias

    def times(self, rows: Rows[Tensor, Tensor]) -> Product[Tensor, Tensor]:
        values, scales = rows
        return self._product(values, self._parts), scales, self.channel_scales, self.bias


class TorchGroups(Matrix[Tensor, Tensor]):
    """A matrix in groups, as float64 integers."""

    def __init__(
        self, integers: Tensor, channel_scales: Tensor, bias: Tensor, rounded: bool
    ) -> None:
        self._integers, self._rounded = integers, rounded
        self.channel_scales, self.bias = channel_scales, bias

    def times(self, rows: Rows[Tensor, Tensor]) -> Product[Tensor, Tensor]:
        values, scales = rows
        if self._rounded:
            values = tensors.rounded_groups(values)
        sums = (values.double() @ self._integers).float()
        return sums, scales, self.channel_scales, self.bias


class TorchBackend(Backend[Tensor, Tensor]):
    """Computes on `device`; `wide` and `rounded` as in `NumbaBackend`."""

    def __init__(self, device: str = "cpu", wide: bool = False, rounded: bool = False) -> None:
        self._device, self._wide = tensors.prepare(device), wide
        self._rounded = rounded

    def quantise(self, x: Tensor) -> Rows[Tensor, Tensor]:
        """Quantise the rows of x (…, columns)."""
        return tensors.quantised(x, tensors.WIDEST if self._wide else tensors.LARGEST)

    def floats(self, values: NDArray[np.float32]) -> Tensor:
        return torch.tensor(values, device=self._device)

    def integers(self, values: NDArray[np.integer]) -> Tensor:
        """Return integers where this backend computes."""
        return torch.tensor(values, device=self._device)

    def matrix(
        self,
        values: NDArray[np.int8],
        scales: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
    ) -> TorchMatrix:
        parts = tensors.parts(values, self._device)
        added = None if bias is None else self.floats(bias)
        return TorchMatrix(parts, self.floats(scales), added, self._wide)

    def grouped(
        self, groups: Groups, scales: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> TorchGroups:
        integers = self.integers(groups.integers()).double().T.contiguous()
        return TorchGroups(integers, self.floats(scales), self.floats(bias), self._rounded)

    def table(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> Rows[Tensor, Tensor]:
        return self.integers(values), self.floats(scales)

    def look_up(self, table: Rows[Tensor, Tensor], rows: NDArray[np.int64]) -> Tensor:
        (values, scales), at = table, self.integers(rows)
        return values[at].float() * scales[at][:, None]

    def frequencies(
        self,
        logits: Product[Tensor, Tensor],
        escape: NDArray[np.int32],
        escapes: int,
        precision: int = PRECISION,
    ) -> NDArray[np.int32]:
        y = scaled(logits) * LOG2E
        below = (y - y.amax(1, keepdim=True)).clamp_min(-FARTHEST)
        e = (exp2(below) * (UNITS if precision == PRECISION else FINE_UNITS)).to(torch.int32)
        total = constants.frequency_total(y.shape[1] + escapes, precision)
        left = self.integers(total - escapes * escape).float()
        share = (left / e.sum(1).float())[:, None]
        frequencies: NDArray[np.int32] = ((e.float() * share).to(torch.int32) + 1).cpu().numpy()
        beyond = np.repeat(escape[:, None] + np.int32(1), escapes, 1)
        return np.concatenate([frequencies, beyond], 1) if escapes else frequencies


def scaled(product: Product[Tensor, Tensor]) -> Tensor:
    """Return a product as float32: the integers times their scales, and the bias added."""
    integers, row_scales, channel_scales, bias = product
    outputs = integers * (row_scales[:, None] * channel_scales)
    outputs += bias
    return outputs

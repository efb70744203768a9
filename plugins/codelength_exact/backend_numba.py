"""The exact arithmetic on a CPU: products in tiles, and compiled loops."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.coding.range_coder import PRECISION
from codelength_exact import kernels
from codelength_exact.backend import Backend, Matrix
from codelength_exact.constants import frequency_total
from codelength_exact.groups import Groups, PackedGroups, multiply_grouped
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray, IntArray
from codelength_exact.products import PackedMatrix, from_panels, multiply
from codelength_exact.quantisation import quantise_matrix


class NumbaMatrix(Matrix[IntArray, FloatArray]):
    """A matrix packed for tiles."""

    def __init__(
        self, values: NDArray[np.int8], scales: FloatArray, bias: FloatArray | None
    ) -> None:
        self._values, self._inputs = PackedMatrix(values), values.shape[1]
        self.channel_scales = scales
        self.bias = np.zeros(len(scales), np.float32) if bias is None else bias

    def unpacked(self) -> NDArray[np.int8]:
        """Return the values (outputs, inputs)."""
        return from_panels(self._values.panels, self._values.outputs, self._inputs)

    def times(self, rows: CpuRows) -> CpuProduct:
        values, scales = rows
        return multiply(values, self._values), scales, self.channel_scales, self.bias


class NumbaGroups(Matrix[IntArray, FloatArray]):
    """A matrix in groups packed for tiles. Rows have so many parts."""

    def __init__(self, groups: Groups, scales: FloatArray, bias: FloatArray, parts: int) -> None:
        self._values, self._parts = PackedGroups(groups), parts
        self.channel_scales, self.bias = scales, bias

    def unpacked(self) -> tuple[NDArray[np.int8], FloatArray]:
        """Return the matrix in int8 (outputs, inputs), and its scales (outputs,)."""
        integers = self._values.unpacked().integers()
        return quantise_matrix(integers * self.channel_scales[:, None])

    def times(self, rows: CpuRows) -> CpuProduct:
        values, scales = rows
        sums: Any = multiply_grouped(values, self._values, self._parts)  # float32, as wide ones
        return sums, scales, self.channel_scales, self.bias


class NumbaBackend(Backend[IntArray, FloatArray]):
    """Computes on a CPU.

    Args:
        wide: Rows are wide.
        rounded: Matrices in groups take them rounded to 8 bits in each group.
    """

    def __init__(self, wide: bool = False, rounded: bool = False) -> None:
        self._wide, self._parts = wide, 1 if rounded else 2

    def floats(self, values: FloatArray) -> FloatArray:
        return values

    def matrix(
        self, values: NDArray[np.int8], scales: FloatArray, bias: FloatArray | None = None
    ) -> NumbaMatrix:
        return NumbaMatrix(values, scales, bias)

    def grouped(self, groups: Groups, scales: FloatArray, bias: FloatArray) -> NumbaGroups:
        return NumbaGroups(groups, scales, bias, self._parts)

    def table(self, values: NDArray[np.int8], scales: FloatArray) -> CpuRows:
        return values, scales

    def look_up(self, table: CpuRows, rows: NDArray[np.int64]) -> FloatArray:
        out = np.empty((len(rows), table[0].shape[1]), np.float32)
        kernels.look_up(table, rows, out)
        return out

    def empty_rows(self, rows: int, columns: int) -> CpuRows:
        """Return room for quantised rows."""
        scales = np.empty(rows, np.float32)
        if self._wide:
            return np.empty((rows, columns), np.int16), scales
        return np.empty((rows, columns), np.int8), scales

    def frequencies(
        self,
        logits: CpuProduct,
        escape: NDArray[np.int32],
        escapes: int,
        precision: int = PRECISION,
    ) -> NDArray[np.int32]:
        rows, outputs = logits[0].shape
        frequencies = np.empty((rows, outputs + escapes), np.int32)
        total = frequency_total(outputs + escapes, precision)
        kernels.frequencies(logits, total, escape, frequencies)
        return frequencies

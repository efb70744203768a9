"""The exact arithmetic on a CPU: products in tiles, and compiled loops."""

import numpy as np
from numpy.typing import NDArray

from codelength_exact import kernels
from codelength_exact.backend import Backend, Matrix
from codelength_exact.constants import frequency_total
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray, IntArray
from codelength_exact.products import PackedMatrix, multiply


class NumbaMatrix(Matrix[IntArray, FloatArray]):
    """A matrix packed for tiles."""

    def __init__(
        self, values: NDArray[np.int8], scales: FloatArray, bias: FloatArray | None
    ) -> None:
        self._values = PackedMatrix(values)
        self.channel_scales = scales
        self.bias = np.zeros(len(scales), np.float32) if bias is None else bias

    def times(self, rows: CpuRows) -> CpuProduct:
        values, scales = rows
        return multiply(values, self._values), scales, self.channel_scales, self.bias


class NumbaBackend(Backend[IntArray, FloatArray]):
    """Computes on a CPU."""

    def floats(self, values: FloatArray) -> FloatArray:
        return values

    def matrix(
        self, values: NDArray[np.int8], scales: FloatArray, bias: FloatArray | None = None
    ) -> NumbaMatrix:
        return NumbaMatrix(values, scales, bias)

    def table(self, values: NDArray[np.int8], scales: FloatArray) -> CpuRows:
        return values, scales

    def look_up(self, table: CpuRows, rows: NDArray[np.int64]) -> FloatArray:
        out = np.empty((len(rows), table[0].shape[1]), np.float32)
        kernels.look_up(table, rows, out)
        return out

    @staticmethod
    def empty_rows(rows: int, columns: int) -> CpuRows:
        """Return room for quantised rows."""
        return np.empty((rows, columns), np.int8), np.empty(rows, np.float32)

    def frequencies(
        self, logits: CpuProduct, escape: NDArray[np.int32], escapes: int
    ) -> NDArray[np.int32]:
        rows, outputs = logits[0].shape
        frequencies = np.empty((rows, outputs + escapes), np.int32)
        kernels.frequencies(logits, frequency_total(outputs + escapes), escape, frequencies)
        return frequencies

"""The steps of a recurrent model on a CPU, as the compiled loops of `kernels`."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend_numba import NumbaBackend
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray, IntArray
from codelength_recurrent import kernels
from codelength_recurrent.backend import NgramTables, RecurrentBackend


class NumbaRecurrentBackend(NumbaBackend, RecurrentBackend[IntArray, FloatArray]):
    """On a CPU."""

    positions_at_once: ClassVar[int] = 512
    """What they need fits into a core's cache."""

    def look_up_ngrams(
        self, symbols: NDArray[np.int64], time: int, tables: NgramTables[IntArray, FloatArray]
    ) -> CpuRows:
        columns = len(tables.orders) * tables.entries[0].shape[1]
        rows = self.empty_rows(len(symbols) * time, columns)
        kernels.look_up_ngrams(symbols, tables.orders, tables.entries, tables.rows, rows)
        return rows

    def normalise(self, x: FloatArray) -> CpuRows:
        rows = self.empty_rows(*x.shape)
        kernels.normalise(x, rows)
        return rows

    def add_and_normalise(self, x: FloatArray, product: CpuProduct) -> CpuRows:
        rows = self.empty_rows(*x.shape)
        kernels.add_and_normalise(x, product, rows)
        return rows

    def advance_gated(
        self, product: CpuProduct, gate: FloatArray, carried: FloatArray, r: FloatArray
    ) -> CpuRows:
        rows = self.empty_rows(len(product[0]), r.shape[1])
        kernels.advance_gated(product, gate, carried, r, rows)
        return rows

    def square_relu(self, product: CpuProduct) -> CpuRows:
        rows = self.empty_rows(*product[0].shape)
        kernels.square_relu(product, rows)
        return rows

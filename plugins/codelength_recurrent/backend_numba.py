"""The exact arithmetic on a CPU: the machine's fastest products, and the compiled loops of
`compiled`."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from codelength_exact import frequencies
from codelength_exact.constants import frequency_total
from codelength_exact.products import Products
from codelength_recurrent import kernels
from codelength_recurrent.backend import Arithmetic, Matrix, Rows, Tables


class OnCpu(Arithmetic):
    """With the products that this machine does best, or with others."""

    together: ClassVar[int] = 512
    """What they need fits into a core's cache."""

    def __init__(self, products: Products | None = None) -> None:
        self._products = products or Products.fastest()

    def array(self, values: NDArray[Any]) -> NDArray[Any]:
        return values

    def matrix(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> Matrix:
        return Matrix(self._products.matrix(values), scales)

    def product(self, rows: Rows, matrix: Matrix) -> NDArray[Any]:
        return self._products.of(rows.q, matrix.values)

    def _rows(self, rows: int, columns: int) -> Rows:
        return Rows(self._products.rows(rows, columns), np.empty(rows, np.float32))

    def look_up(self, symbols: NDArray[np.int64], time: int, tables: Tables) -> Rows:
        found = self._rows(len(symbols) * time, len(tables.orders) * tables.values.shape[1])
        kernels.look_up(
            symbols, tables.orders, tables.values, tables.scales, tables.rows, found.q, found.s
        )
        return found

    def normalise(self, x: NDArray[np.float32]) -> Rows:
        made = self._rows(*x.shape)
        kernels.normalise(x, made.q, made.s)
        return made

    def add_and_normalise(
        self, x: NDArray[np.float32], product: NDArray[Any], rows: Rows, matrix: Matrix
    ) -> Rows:
        made = self._rows(*x.shape)
        kernels.add_and_normalise(x, product, rows.s, matrix.channels, made.q, made.s)
        return made

    def gated(
        self, product: Any, rows: Rows, matrix: Matrix, gate: Any, carried: Any, r: Any
    ) -> Rows:
        made = self._rows(len(product), r.shape[1])
        kernels.gated(product, rows.s, matrix.channels, gate, carried, r, made.q, made.s)
        return made

    def squared(self, product: NDArray[Any], rows: Rows, matrix: Matrix) -> Rows:
        made = self._rows(*product.shape)
        kernels.squared(product, rows.s, matrix.channels, made.q, made.s)
        return made

    def frequencies(self, product: Any, rows: Rows, matrix: Matrix, bias: Any) -> NDArray[np.int32]:
        out = np.empty(product.shape, np.int32)
        total, no_escapes = frequency_total(out.shape[1]), np.zeros(len(out), np.int32)
        frequencies.frequencies(product, rows.s, matrix.channels, bias, total, no_escapes, out)
        return out

"""The exact arithmetic on a CPU: the machine's fastest products, and the compiled loops of
`kernels`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength_exact import frequencies
from codelength_exact.constants import frequency_total
from codelength_exact.products import COLUMNS, Products
from codelength_hf import attention as loops
from codelength_hf import kernels
from codelength_hf.architecture import Activation
from codelength_hf.backend import (
    Arithmetic,
    Attention,
    Cache,
    Matrix,
    Norm,
    Rows,
    Table,
)
from codelength_hf.weights import Quantised

KINDS = {
    "gelu": kernels.GELU,
    "gelu_tanh": kernels.GELU_TANH,
    "silu": kernels.SILU,
    "relu": kernels.RELU,
    "relu2": kernels.RELU2,
}


Floats = NDArray[np.float32]


class OnCpu(Arithmetic):
    """With the products that this machine does best, or with others."""

    def __init__(self, products: Products | None = None) -> None:
        self._products = products or Products.fastest()

    def array(self, values: NDArray[Any]) -> NDArray[Any]:
        return values

    def matrix(self, weights: Quantised) -> Matrix:
        return Matrix(self._products.matrix(weights.values), weights.scales, weights.bias)

    def table(self, weights: Quantised) -> Table:
        return Table(weights.values, weights.scales)

    def cache(self, streams: int, heads: int, window: int, columns: int) -> Cache:
        """Keys (streams, heads, panels of positions, pairs of columns, COLUMNS, 2), values
        (streams, heads, panels of columns, pairs of positions, COLUMNS, 2)."""

        def scales() -> Floats:
            return np.empty((streams, heads, window), np.float32)

        def rows(panels: int, inputs: int) -> NDArray[np.int8]:
            sizes = -(-panels // COLUMNS), -(-inputs // 2)
            return np.empty((streams, heads, *sizes, COLUMNS, 2), np.int8)

        padded = -(-window // COLUMNS) * COLUMNS
        keys, values = rows(window, columns), rows(columns, padded)
        return Cache(keys, scales(), values, scales(), scales())

    def look_up(self, table: Table, rows: NDArray[np.int64]) -> Floats:
        found: Floats = table.rows[rows].astype(np.float32)
        found *= table.scales[rows][:, None]
        return found

    def product(self, rows: Rows, matrix: Matrix) -> NDArray[Any]:
        return self._products.of(rows.q, matrix.values)

    def _rows(self, rows: int, columns: int) -> Rows:
        return Rows(self._products.rows(rows, columns), np.empty(rows, np.float32))

    def normalise(self, x: Floats, norm: Norm) -> Rows:
        made = self._rows(*x.shape)
        kernels.normalise(x, norm.gain, norm.bias, norm.epsilon, norm.centre, made.q, made.s)
        return made

    def add(self, x: Floats, product: Floats, rows: Rows, matrix: Matrix) -> None:
        kernels.add(x, product, rows.s, matrix.channels, matrix.bias)

    def activate(
        self, kind: Activation, gated: bool, product: Floats, rows: Rows, matrix: Matrix
    ) -> Rows:
        hidden = product.shape[1] // (2 if gated else 1)
        made = self._rows(len(product), hidden)
        given = product, rows.s, matrix.channels, matrix.bias
        kernels.activate(KINDS[kind], gated, *given, made.q, made.s)
        return made

    def attend(
        self,
        attention: Attention,
        norm: Norm,
        product: Floats,
        rows: Rows,
        matrix: Matrix,
        cache: Cache,
        at: int,
    ) -> Rows:
        streams, time = len(cache.keys), len(product) // len(cache.keys)
        heads, columns = attention.heads, attention.columns
        queries = np.empty((streams, time, heads, columns + columns % 2), np.int16)
        a = np.empty((streams, time, heads), np.float32)
        given = product, rows.s, matrix.channels, matrix.bias
        constants = attention.cos, attention.sin, attention.by, at, columns
        cached = cache.keys, cache.b, cache.values, cache.c, cache.v
        normed = norm.gain, norm.bias, norm.epsilon, norm.centre
        loops.split_heads(*given, *constants, *normed, queries, a, *cached)
        out = np.empty((streams * time, heads * columns), np.float32)
        loops.attend(queries, a, *cached, at, attention.share, attention.units, out)
        made = self._rows(*out.shape)
        kernels.quantise_rows(out, made.q, made.s)
        return made

    def frequencies(
        self, product: Floats, rows: Rows, matrix: Matrix, escape: NDArray[np.int32], escapes: int
    ) -> NDArray[np.int32]:
        out = np.empty((len(product), product.shape[1] + escapes), np.int32)
        whole = frequency_total(out.shape[1])
        frequencies.frequencies(product, rows.s, matrix.channels, matrix.bias, whole, escape, out)
        return out

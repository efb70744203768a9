"""The steps of a transformer on a CPU, as the compiled loops of `kernels` and `attention`."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend_numba import NumbaBackend
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray, IntArray
from codelength_hf import attention as loops
from codelength_hf import kernels
from codelength_hf.architecture import Activation
from codelength_hf.attention import COLUMNS
from codelength_hf.backend import Attention, Cache, Norm, TransformerBackend
from codelength_hf.constants import WIDE_COLUMNS

KINDS = {
    "gelu": kernels.GELU,
    "gelu_tanh": kernels.GELU_TANH,
    "silu": kernels.SILU,
    "relu": kernels.RELU,
    "relu2": kernels.RELU2,
}


def as_product(x: FloatArray) -> CpuProduct:
    """Return what stands for x (rows, outputs). `kernels.frequencies` takes floats, too."""
    rows, outputs = x.shape
    ones = np.ones(max(rows, outputs), np.float32)
    product = x, ones[:rows], ones[:outputs], np.zeros(outputs, np.float32)
    return cast("CpuProduct", product)


class NumbaTransformerBackend(NumbaBackend, TransformerBackend[IntArray, FloatArray]):
    """On a CPU."""

    def cache(
        self, streams: int, key_heads: int, window: int, head_dim: int
    ) -> Cache[IntArray, FloatArray]:
        """Return room for keys and values as tiles read them.

        Keys are (streams, key_heads, panels of positions, pairs of columns, COLUMNS, 2), values
        (streams, key_heads, panels of columns, pairs of positions, COLUMNS, 2).
        """

        def scales() -> FloatArray:
            return np.empty((streams, key_heads, window), np.float32)

        def panels(outputs: int, inputs: int) -> NDArray[np.int8]:
            sizes = -(-outputs // COLUMNS), -(-inputs // 2)
            return np.empty((streams, key_heads, *sizes, COLUMNS, 2), np.int8)

        padded = -(-window // COLUMNS) * COLUMNS
        keys, values = panels(window, head_dim), panels(head_dim, padded)
        return Cache(keys, scales(), values, scales(), scales())

    def add_positions(
        self, x: FloatArray, positions: FloatArray, start: int, time: int
    ) -> FloatArray:
        sum_ = x.reshape(-1, time, x.shape[1]) + positions[start : start + time]
        return sum_.reshape(x.shape)

    def normalise(self, x: FloatArray, norm: Norm[FloatArray]) -> CpuRows:
        rows = self.empty_rows(*x.shape)
        kernels.normalise(x, norm[:], rows)
        return rows

    def quantise(self, x: FloatArray) -> CpuRows:
        rows = self.empty_rows(*x.shape)
        kernels.quantise_rows(x, rows)
        return rows

    def normed(self, x: FloatArray, norm: Norm[FloatArray]) -> FloatArray:
        out = np.empty_like(x)
        kernels.normed(x, norm[:], out)
        return out

    def to_floats(self, product: CpuProduct) -> FloatArray:
        out = np.zeros(product[0].shape, np.float32)
        kernels.write(out, product)
        return out

    def add(self, x: FloatArray, product: CpuProduct) -> None:
        kernels.add(x, product)

    def cap(self, product: CpuProduct, most: float) -> CpuProduct:
        x = self.to_floats(product)
        kernels.cap(x, np.float32(most))
        return as_product(x)

    def sigmoid(self, product: CpuProduct) -> FloatArray:
        x = self.to_floats(product)
        kernels.to_sigmoid(x)
        return x

    def route(
        self, product: CpuProduct, chosen: int, normalised: bool
    ) -> tuple[NDArray[np.int64], FloatArray]:
        logits = self.to_floats(product)
        experts = np.empty((len(logits), chosen), np.int64)
        weights = np.empty((len(logits), chosen), np.float32)
        kernels.route(logits, normalised, experts, weights)
        return experts, weights

    def take(self, rows: CpuRows, at: NDArray[np.int64]) -> CpuRows:
        values, scales = rows
        return values[at], scales[at]

    def put(
        self, out: FloatArray, at: NDArray[np.int64], rank: NDArray[np.int64], values: FloatArray
    ) -> None:
        out[at, rank] = values

    def plus(self, x: FloatArray, y: FloatArray) -> FloatArray:
        return x + y

    def times(self, x: FloatArray, y: FloatArray) -> FloatArray:
        return x * y

    def weighted_sum(self, parts: FloatArray, weights: FloatArray) -> FloatArray:
        total = parts[:, 0] * weights[:, :1]
        for rank in range(1, weights.shape[1]):
            total = total + parts[:, rank] * weights[:, rank : rank + 1]
        return total

    def empty(self, *shape: int) -> FloatArray:
        return np.empty(shape, np.float32)

    def activate(self, kind: Activation, gated: bool, product: CpuProduct) -> CpuRows:
        count, outputs = product[0].shape
        rows = self.empty_rows(count, outputs // (2 if gated else 1))
        kernels.activate(KINDS[kind], gated, product, rows)
        return rows

    def attend(
        self,
        attention: Attention[FloatArray],
        norm: Norm[FloatArray],
        qkv: CpuProduct,
        cache: Cache[IntArray, FloatArray],
        start: int,
    ) -> CpuRows:
        streams, heads, head_dim = len(cache.keys), attention.heads, attention.head_dim
        time = len(qkv[0]) // streams
        queries = (
            np.empty((streams, time, heads, head_dim + head_dim % 2), np.int16),
            np.empty((streams, time, heads), np.float32),
        )
        wide = self._wide and head_dim <= WIDE_COLUMNS
        loops.split_heads(qkv, attention[:], norm[:], start, queries, cache[:], wide)
        rows = self.empty_rows(streams * time, heads * head_dim)
        loops.attend(queries, cache[:], attention[:], start, rows)
        return rows

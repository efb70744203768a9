"""The steps of a transformer on a CPU, as the compiled loops of `kernels` and `attention`."""

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend_numba import NumbaBackend
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray, IntArray
from codelength_hf import attention as loops
from codelength_hf import kernels
from codelength_hf.architecture import Activation
from codelength_hf.attention import COLUMNS
from codelength_hf.backend import Attention, Cache, Norm, TransformerBackend

KINDS = {
    "gelu": kernels.GELU,
    "gelu_tanh": kernels.GELU_TANH,
    "silu": kernels.SILU,
    "relu": kernels.RELU,
    "relu2": kernels.RELU2,
}


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

    def add(self, x: FloatArray, product: CpuProduct) -> None:
        kernels.add(x, product)

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
        loops.split_heads(qkv, attention[:], norm[:], start, queries, cache[:])
        rows = self.empty_rows(streams * time, heads * head_dim)
        loops.attend(queries, cache[:], attention[:], start, rows)
        return rows

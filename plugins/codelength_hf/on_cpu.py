"""The exact arithmetic on a CPU: NumPy's float32 products, or PyTorch's int8 ones where the machine
has instructions for them, and the compiled loops of `kernels`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength_hf import kernels
from codelength_hf.architecture import Activation
from codelength_hf.arithmetic import (
    Arithmetic,
    Attention,
    Cache,
    Matrix,
    Norm,
    Rows,
    Table,
    exact_parts,
)
from codelength_hf.fixed import total
from codelength_hf.weights import Quantised
from codelength_lm.on_cpu import int8_from

KINDS = {
    "gelu": kernels.GELU,
    "gelu_tanh": kernels.GELU_TANH,
    "silu": kernels.SILU,
    "relu": kernels.RELU,
    "relu2": kernels.RELU2,
}


Floats = NDArray[np.float32]


class OnCpu(Arithmetic):
    """`int8` says from how many rows products are of int8, if ever."""

    def __init__(self, int8: int | None = None) -> None:
        self._int8 = int8

    @classmethod
    def fastest(cls) -> "OnCpu":
        """The products that this machine is best at."""
        return cls(int8_from())

    def array(self, values: NDArray[Any]) -> NDArray[Any]:
        return values

    def matrix(self, weights: Quantised) -> Matrix:
        floats = np.ascontiguousarray(weights.values.T, np.float32)
        forms: dict[str, Any] = {"float32": floats}
        if self._int8 is not None:
            import torch

            forms["int8"] = torch.from_numpy(weights.values).T
        return Matrix(forms, exact_parts(weights.values), weights.scales, weights.bias)

    def table(self, weights: Quantised) -> Table:
        return Table(weights.values, weights.scales)

    def cache(self, streams: int, heads: int, window: int, columns: int) -> Cache:
        def scales() -> Floats:
            return np.empty((streams, heads, window), np.float32)

        def rows() -> NDArray[np.int8]:
            return np.empty((streams, heads, window, columns), np.int8)

        return Cache(rows(), scales(), rows(), scales(), scales())

    def look_up(self, table: Table, rows: NDArray[np.int64]) -> Floats:
        found: Floats = table.rows[rows].astype(np.float32)
        found *= table.scales[rows][:, None]
        return found

    def product(self, rows: Rows, matrix: Matrix) -> Floats:
        if self._int8 is not None and len(rows.q) >= self._int8:
            import torch

            integers = torch._int_mm(torch.from_numpy(rows.q.astype(np.int8)), matrix.forms["int8"])
            return integers.numpy().astype(np.float32)
        floats = matrix.forms["float32"]
        if len(matrix.parts) == 1:
            whole: Floats = rows.q @ floats
            return whole
        total = np.zeros((len(rows.q), floats.shape[1]), np.int32)
        for part in matrix.parts:
            total += (rows.q[:, part] @ floats[part]).astype(np.int32)
        return total.astype(np.float32)

    def normalise(self, x: Floats, norm: Norm) -> Rows:
        made = Rows(np.empty_like(x), np.empty(len(x), np.float32))
        kernels.normalise(x, norm.gain, norm.bias, norm.epsilon, norm.centre, made.q, made.s)
        return made

    def add(self, x: Floats, product: Floats, rows: Rows, matrix: Matrix) -> None:
        kernels.add(x, product, rows.s, matrix.channels, matrix.bias)

    def activate(
        self, kind: Activation, gated: bool, product: Floats, rows: Rows, matrix: Matrix
    ) -> Rows:
        hidden = product.shape[1] // (2 if gated else 1)
        q, s = np.empty((len(product), hidden), np.float32), np.empty(len(product), np.float32)
        kernels.activate(KINDS[kind], gated, product, rows.s, matrix.channels, matrix.bias, q, s)
        return Rows(q, s)

    def attend(
        self,
        attention: Attention,
        product: Floats,
        rows: Rows,
        matrix: Matrix,
        cache: Cache,
        at: int,
    ) -> Rows:
        streams, _, _, columns = cache.keys.shape
        time, heads = len(product) // streams, attention.heads
        queries = np.empty((streams, time, heads, columns), np.float32)
        a = np.empty((streams, time, heads), np.float32)
        kernels.split_heads(
            product,
            rows.s,
            matrix.channels,
            matrix.bias,
            attention.cos,
            attention.sin,
            attention.by,
            at,
            queries,
            a,
            cache.keys,
            cache.b,
            cache.values,
            cache.c,
            cache.v,
        )
        out = np.empty((streams * time, heads * columns), np.float32)
        share, units = attention.share, attention.units
        if time == 1:
            kernels.step(
                queries,
                a,
                cache.keys,
                cache.b,
                cache.values,
                cache.c,
                cache.v,
                at + 1,
                share,
                units,
                out,
            )
        else:
            _attend_in_products(attention, queries, a, cache, at, out)
        made = Rows(out, np.empty(len(out), np.float32))
        kernels.quantise_rows(out, made.q, made.s)
        return made

    def frequencies(
        self, product: Floats, rows: Rows, matrix: Matrix, escape: NDArray[np.int32], escapes: int
    ) -> NDArray[np.int32]:
        out = np.empty((len(product), product.shape[1] + escapes), np.int32)
        whole = total(out.shape[1])
        kernels.frequencies(product, rows.s, matrix.channels, matrix.bias, whole, escape, out)
        return out


def _attend_in_products(
    attention: Attention, queries: Floats, a: Floats, cache: Cache, at: int, out: Floats
) -> None:
    """The same as `kernels.step`, for many positions: exact float32 products of all queries with
    all keys, and of all weights with all values."""
    streams, time, heads, columns = queries.shape
    key_heads, seen = cache.keys.shape[1], at + time
    group, share = heads // key_heads, attention.share
    scores = np.empty((time, seen), np.float32)
    rows = out.reshape(streams, time, heads, columns)
    for stream in range(streams):
        for h in range(key_heads):
            keys = cache.keys[stream, h, :seen].astype(np.float32).T
            values = cache.values[stream, h, :seen].astype(np.float32)
            b, c, v = (scales[stream, h, :seen] for scales in (cache.b, cache.c, cache.v))
            for head in range(h * group, (h + 1) * group):
                np.matmul(queries[stream, :, head], keys, out=scores)
                kernels.weigh(scores, a[stream, :, head], b, c, v, at, share, attention.units)
                kernels.scale_values(scores @ values, v, at, share, rows[stream, :, head])

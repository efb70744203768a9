"""The exact arithmetic in PyTorch operations, each its own, for any device: the plain statement of
what `kernels` does, and the way to run on an accelerator."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength_exact import constants as common
from codelength_exact import scalars, tensors
from codelength_exact.tensors import (
    FARTHEST,
    LOG2E,
    divided,
    exp2,
    largest,
    over,
    sigmoid,
    square_root,
)
from codelength_hf import constants as fixed
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

UNITS = float(common.UNITS)
GRID = float(fixed.GRID)
CUBE, TANH = float(scalars.GELU_CUBE), float(scalars.GELU_TANH)
ROOT_HALF, ERF = float(scalars.ROOT_HALF), float(scalars.ERF)
SERIES = [float(c) for c in (scalars.ERF5, scalars.ERF4, scalars.ERF3, scalars.ERF2, scalars.ERF1)]


class OnTorch(Arithmetic):
    """On `device`."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = tensors.taken(device)

    def array(self, values: NDArray[Any]) -> Tensor:
        return torch.tensor(values, device=self._device)

    def matrix(self, weights: Quantised) -> Matrix:
        parts = tensors.parts(weights.values, self._device)
        return Matrix(parts, self.array(weights.scales), self.array(weights.bias))

    def table(self, weights: Quantised) -> Table:
        return Table(self.array(weights.values), self.array(weights.scales))

    def cache(self, streams: int, heads: int, window: int, columns: int) -> Cache:
        def scales() -> Tensor:
            return torch.zeros((streams, heads, window), device=self._device)

        def rows() -> Tensor:
            return torch.zeros(
                (streams, heads, window, columns), dtype=torch.int8, device=self._device
            )

        return Cache(rows(), scales(), rows(), scales(), scales())

    def look_up(self, table: Table, rows: NDArray[np.int64]) -> Tensor:
        at = self.array(rows)
        found: Tensor = table.rows[at].float() * table.scales[at][:, None]
        return found

    def product(self, rows: Rows, matrix: Matrix) -> Tensor:
        return tensors.product(rows.q, matrix.values)

    def normalise(self, x: Tensor, norm: Norm) -> Rows:
        return _quantised(_normed(x, norm))

    def add(self, x: Tensor, product: Tensor, rows: Rows, matrix: Matrix) -> None:
        x += _scaled(product, rows, matrix)

    def activate(
        self, kind: Activation, gated: bool, product: Tensor, rows: Rows, matrix: Matrix
    ) -> Rows:
        out = _scaled(product, rows, matrix)
        if not gated:
            return _quantised(FUNCTIONS[kind](out))
        gate, up = out.chunk(2, 1)
        return _quantised(FUNCTIONS[kind](gate) * up)

    def attend(
        self,
        attention: Attention,
        norm: Norm,
        product: Tensor,
        rows: Rows,
        matrix: Matrix,
        cache: Cache,
        at: int,
    ) -> Rows:
        streams, key_heads, _, columns = cache.keys.shape
        time, heads = len(product) // streams, attention.heads
        end = at + time
        split = _scaled(product, rows, matrix).view(streams, time, -1, columns)
        sought = [split[:, :, :heads], split[:, :, heads : heads + key_heads]]
        for i, (gain, bias) in enumerate(zip(norm.gain, norm.bias, strict=True)):
            sought[i] = _normed(sought[i], Norm(gain, bias, norm.epsilon, norm.centre))
        cos, sin = attention.cos[at:end, None], attention.sin[at:end, None]
        rotated = _rotated(torch.cat(sought, 2), cos, sin)
        queries = _quantised(rotated[:, :, :heads].transpose(1, 2))
        keys = _quantised(rotated[:, :, heads:].transpose(1, 2))
        values = _quantised(split[:, :, heads + key_heads :].transpose(1, 2))
        cache.keys[:, :, at:end] = keys.q.to(torch.int8)
        cache.values[:, :, at:end] = values.q.to(torch.int8)
        cache.b[:, :, at:end], cache.c[:, :, at:end] = keys.s, values.s
        cache.v[:, :, at:end] = values.s
        cache.v[:, :, :end] = cache.v[:, :, :end].cummax(2).values
        group = heads // key_heads

        def seen(part: Tensor) -> Tensor:
            """What each head sees of a cache."""
            return part[:, :, :end].repeat_interleave(group, 1)

        a = queries.s * float(attention.by)
        scores = queries.q @ seen(cache.keys).float().transpose(2, 3)
        y = scores * (a[..., None] * seen(cache.b)[:, :, None])
        later = torch.ones((time, end), dtype=torch.bool, device=y.device).triu(at + 1)
        top = y.masked_fill(later, -torch.inf).amax(3, keepdim=True)
        e = (exp2((y - top).clamp_min(-FARTHEST).clamp_max(0)) * float(attention.units)).long()
        e = e.masked_fill(later, 0)
        v = seen(cache.v)[:, :, at:]
        by = over(float(attention.share), e.sum(3).float()) / v
        p = torch.round(e.float() * (seen(cache.c)[:, :, None] * by[..., None]))
        out = (p @ seen(cache.values).float()) * divided(v, float(attention.share))[..., None]
        return _quantised(out.transpose(1, 2).reshape(streams * time, heads * columns))

    def frequencies(
        self, product: Tensor, rows: Rows, matrix: Matrix, escape: NDArray[np.int32], escapes: int
    ) -> NDArray[np.int32]:
        y = _scaled(product, rows, matrix) * LOG2E
        below = (y - y.amax(1, keepdim=True)).clamp_min(-FARTHEST)
        e = (exp2(below) * UNITS).to(torch.int32)
        left = self.array(common.frequency_total(y.shape[1] + escapes) - escapes * escape).float()
        by = (left / e.sum(1).float())[:, None]
        made: NDArray[np.int32] = ((e.float() * by).to(torch.int32) + 1).cpu().numpy()
        beyond = np.repeat(escape[:, None] + np.int32(1), escapes, 1)
        return np.concatenate([made, beyond], 1) if escapes else made


def _scaled(product: Tensor, rows: Rows, matrix: Matrix) -> Tensor:
    made: Tensor = product * (rows.s[:, None] * matrix.channels)
    made += matrix.bias
    return made


def _quantised(x: Tensor) -> Rows:
    return Rows(*tensors.quantised(x))


def _normed(x: Tensor, norm: Norm) -> Tensor:
    """The norm over the last dimension."""
    grid = over(GRID, largest(x))[..., None]
    whole = torch.round(x * grid).long()
    wide, columns = grid.double(), float(x.shape[-1])
    mean = divided(whole.sum(-1, keepdim=True).double(), columns)
    if not norm.centre:
        mean = torch.zeros_like(mean)
    square = divided((whole * whole).sum(-1, keepdim=True).double(), columns)
    spread = mean * mean
    square = (square - spread).clamp_min(0)
    least = norm.epsilon * wide * wide
    by = grid / square_root((square + least).float())
    middle = (mean / wide).float()
    scaled = (x - middle) * by * norm.gain
    return scaled + norm.bias


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = cos.shape[-1]
    first, second, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    one, two = first * cos, second * sin
    three, four = second * cos, first * sin
    return torch.cat([one - two, three + four, rest], -1)


def _silu(x: Tensor) -> Tensor:
    return x * sigmoid(x)


def _gelu_tanh(x: Tensor) -> Tensor:
    cube = x * x * x * CUBE
    return x * sigmoid((x + cube) * TANH)


def _gelu(x: Tensor) -> Tensor:
    z = x.abs() * ROOT_HALF
    below = z * ERF
    t = over(1.0, below + 1)
    series = t * SERIES[0]
    for c in SERIES[1:]:
        series = (series + c) * t
    square = z * z
    tail = series * exp2((-square * LOG2E).clamp_min(-FARTHEST)) * 0.5
    return x * torch.where(x < 0, tail, 1 - tail)


def _squared_relu(x: Tensor) -> Tensor:
    up = x.clamp_min(0)
    return up * up


FUNCTIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "relu": torch.relu,
    "relu2": _squared_relu,
}

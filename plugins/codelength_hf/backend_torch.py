"""The steps of a transformer in PyTorch operations, for any device.

Each operation is its own and rounded by itself. This is the plain statement of what `kernels` and
`attention` do.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength_exact import scalars
from codelength_exact.backend import Product, Rows
from codelength_exact.backend_torch import UNITS, TorchBackend, scaled
from codelength_exact.tensors import (
    FARTHEST,
    LOG2E,
    divided,
    exp2,
    largest,
    over,
    quantised,
    sigmoid,
    square_root,
    wide_parts,
)
from codelength_hf import constants
from codelength_hf.architecture import Activation
from codelength_hf.backend import Attention, Cache, Norm, TransformerBackend

TensorRows = Rows[Tensor, Tensor]
TensorProduct = Product[Tensor, Tensor]

GRID = float(constants.GRID)
CUBE, TANH = float(scalars.GELU_CUBE), float(scalars.GELU_TANH)
ROOT_HALF, ERF = float(scalars.ROOT_HALF), float(scalars.ERF)
SERIES = [float(c) for c in (scalars.ERF5, scalars.ERF4, scalars.ERF3, scalars.ERF2, scalars.ERF1)]


class TorchTransformerBackend(TorchBackend, TransformerBackend[Tensor, Tensor]):
    """On any device."""

    def cache(
        self, streams: int, key_heads: int, window: int, head_dim: int
    ) -> Cache[Tensor, Tensor]:
        """Return room for keys and values (streams, key_heads, window, head_dim) int8."""

        def scales() -> Tensor:
            return torch.zeros((streams, key_heads, window), device=self._device)

        def rows() -> Tensor:
            return torch.zeros(
                (streams, key_heads, window, head_dim), dtype=torch.int8, device=self._device
            )

        return Cache(rows(), scales(), rows(), scales(), scales())

    def add_positions(self, x: Tensor, positions: Tensor, start: int, time: int) -> Tensor:
        total = x.reshape(-1, time, x.shape[1]) + positions[start : start + time]
        return total.reshape(x.shape)

    def normalise(self, x: Tensor, norm: Norm[Tensor]) -> TensorRows:
        return self.quantise(normed(x, norm))

    def normed(self, x: Tensor, norm: Norm[Tensor]) -> Tensor:
        return normed(x, norm)

    def to_floats(self, product: TensorProduct) -> Tensor:
        return scaled(product)

    def add(self, x: Tensor, product: TensorProduct) -> None:
        x += scaled(product)

    def cap(self, product: TensorProduct, most: float) -> TensorProduct:
        x = _capped(scaled(product), float(np.float32(most)))
        ones = torch.ones_like(x[:1].flatten()), torch.ones_like(x[:, 0])
        return x, ones[1], ones[0], torch.zeros_like(ones[0])

    def sigmoid(self, product: TensorProduct) -> Tensor:
        return sigmoid(scaled(product))

    def route(
        self, product: TensorProduct, chosen: int, normalised: bool
    ) -> tuple[NDArray[np.int64], Tensor]:
        logits = scaled(product)
        y = logits * LOG2E
        below = (y - y.amax(1, keepdim=True)).clamp_min(-FARTHEST)
        e = (exp2(below) * UNITS).long()
        order = torch.sort(logits, dim=1, descending=True, stable=True).indices[:, :chosen]
        best = e.gather(1, order)
        whole = (best if normalised else e).sum(1).clamp_min(1).float()
        return order.cpu().numpy(), best.float() / whole[:, None]

    def take(self, rows: TensorRows, at: NDArray[np.int64]) -> TensorRows:
        (values, scales), index = rows, self.integers(at)
        return values[index], scales[index]

    def put(
        self, out: Tensor, at: NDArray[np.int64], rank: NDArray[np.int64], values: Tensor
    ) -> None:
        out[self.integers(at), self.integers(rank)] = values

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y

    def times(self, x: Tensor, y: Tensor) -> Tensor:
        return x * y

    def weighted_sum(self, parts: Tensor, weights: Tensor) -> Tensor:
        total = parts[:, 0] * weights[:, :1]
        for rank in range(1, weights.shape[1]):
            total = total + parts[:, rank] * weights[:, rank : rank + 1]
        return total

    def empty(self, *shape: int) -> Tensor:
        return torch.empty(shape, device=self._device)

    def activate(self, kind: Activation, gated: bool, product: TensorProduct) -> TensorRows:
        hidden = scaled(product)
        if not gated:
            return self.quantise(FUNCTIONS[kind](hidden))
        gate, up = hidden.chunk(2, 1)
        return self.quantise(FUNCTIONS[kind](gate) * up)

    def attend(
        self,
        attention: Attention[Tensor],
        norm: Norm[Tensor],
        qkv: TensorProduct,
        cache: Cache[Tensor, Tensor],
        start: int,
    ) -> TensorRows:
        streams, key_heads, _, head_dim = cache.keys.shape
        heads, time = attention.heads, len(qkv[0]) // streams
        end = start + time
        split = scaled(qkv).view(streams, time, heads + 2 * key_heads, head_dim)
        q, k, v = torch.split(split, [heads, key_heads, key_heads], 2)
        if not attention.norms_last:
            q, k = _normed_heads(q, k, norm, attention.whole_norms)
        if attention.clip > 0:
            clip = float(attention.clip)
            q, k, v = (part.clamp(-clip, clip) for part in (q, k, v))
        cos, sin = attention.cos[start:end, None], attention.sin[start:end, None]
        q, k = _rotated(q, cos, sin), _rotated(k, cos, sin)
        if attention.norms_last:
            q, k = _normed_heads(q, k, norm, attention.whole_norms)
        wide = self._wide and head_dim <= constants.WIDE_COLUMNS
        to_rows = self.quantise if wide else quantised
        queries, query_scales = to_rows(q.transpose(1, 2))
        keys, key_scales = quantised(k.transpose(1, 2))
        values, value_scales = quantised(v.transpose(1, 2))
        cache.keys[:, :, start:end] = keys.to(torch.int8)
        cache.values[:, :, start:end] = values.to(torch.int8)
        cache.key_scales[:, :, start:end] = key_scales
        cache.value_scales[:, :, start:end] = value_scales
        largest_scales = cache.largest_scales
        largest_scales[:, :, start:end] = value_scales
        largest_scales[:, :, :end] = largest_scales[:, :, :end].cummax(2).values

        def seen(part: Tensor) -> Tensor:
            """Return the part of a cache that each head attends to: (streams, heads, end, …)."""
            return part[:, :, :end].repeat_interleave(heads // key_heads, 1)

        query_scales = query_scales * float(attention.query_factor)
        keys = seen(cache.keys).float().transpose(2, 3)
        if wide:
            high, low = (part @ keys for part in wide_parts(queries))
            scores = (high.long() * 256 + low.long()).float()
        else:
            scores = queries @ keys
        y = scores * (query_scales[..., None] * seen(cache.key_scales)[:, :, None])
        if attention.cap > 0:
            y = _capped(y, float(attention.cap))
        if len(attention.bias):
            y = y + attention.bias[:, None, :end]
        all_ = torch.ones((time, end), dtype=torch.bool, device=y.device)
        hidden = all_.triu(start + 1) | all_.tril(start - attention.window)
        top = y.masked_fill(hidden, -torch.inf).amax(3, keepdim=True)
        e = (exp2((y - top).clamp_min(-FARTHEST).clamp_max(0)) * float(attention.units)).long()
        e = e.masked_fill(hidden, 0)  # (streams, heads, time, end)
        most = seen(largest_scales)[:, :, start:]
        by = over(float(attention.share), e.sum(3).float()) / most
        p = torch.round(e.float() * (seen(cache.value_scales)[:, :, None] * by[..., None]))
        sums = p @ seen(cache.values).float()
        out = sums * divided(most, float(attention.share))[..., None]
        return self.quantise(out.transpose(1, 2).reshape(streams * time, heads * head_dim))


def normed(x: Tensor, norm: Norm[Tensor]) -> Tensor:
    """Return the norm of x over its last axis."""
    grid = over(GRID, largest(x))[..., None]
    whole = torch.round(x * grid).long()
    wide, columns = grid.double(), float(x.shape[-1])
    mean = divided(whole.sum(-1, keepdim=True).double(), columns)
    if not norm.centred:
        mean = torch.zeros_like(mean)
    square = divided((whole * whole).sum(-1, keepdim=True).double(), columns)
    spread = mean * mean
    square = (square - spread).clamp_min(0)
    least = norm.epsilon * wide * wide
    by = grid / square_root((square + least).float())
    middle = (mean / wide).float()
    scaled = (x - middle) * by * norm.gain
    return scaled + norm.bias


def _normed_heads(
    q: Tensor, k: Tensor, norm: Norm[Tensor], is_whole: bool
) -> tuple[Tensor, Tensor]:
    """Return the norms of queries and keys (streams, time, heads, head_dim), if there are any."""
    if not len(norm.gain):
        return q, k
    parts, first = [], 0
    for part in (q, k):
        heads = part.shape[2]
        gain, bias = norm.gain[first : first + heads], norm.bias[first : first + heads]
        if is_whole:
            own = Norm(gain.flatten(), bias.flatten(), norm.epsilon, norm.centred)
            parts.append(normed(part.flatten(2), own).view(part.shape))
        else:
            parts.append(normed(part, Norm(gain, bias, norm.epsilon, norm.centred)))
        first += heads
    return parts[0], parts[1]


def _capped(x: Tensor, most: float) -> Tensor:
    """Return most · tanh(x / most)."""
    s = sigmoid(x * float(np.float32(2) / np.float32(most)))
    return (s + s - 1) * most


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = cos.shape[-1]
    first, second, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    one, two = first * cos, second * sin
    three, four = second * cos, first * sin
    return torch.cat([one - two, three + four, rest], -1)


def silu(x: Tensor) -> Tensor:
    """Return x · sigmoid(x)."""
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
    "silu": silu,
    "relu": torch.relu,
    "relu2": _squared_relu,
}

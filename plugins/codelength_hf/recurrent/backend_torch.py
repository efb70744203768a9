"""The steps of a recurrent model in PyTorch operations, for any device: what `kernels` do, plainly.

Sums are taken in the same order, one term at a time.
"""

from math import sqrt

import numpy as np
import torch
from torch import Tensor

from codelength_exact.tensors import FARTHEST, LOG2E, exp2, sigmoid, softplus
from codelength_hf.backend import Norm
from codelength_hf.backend_torch import TorchTransformerBackend, normed, silu
from codelength_hf.recurrent import backend
from codelength_hf.recurrent.backend import (
    SMALL_LENGTH,
    Delta,
    DeltaVectors,
    HeadScan,
    RecurrentBackend,
    Scan,
)

LOWEST_DECAY = float(backend.LOWEST_DECAY)


class TorchRecurrentBackend(TorchTransformerBackend, RecurrentBackend[Tensor, Tensor]):
    """On any device."""

    def full(self, value: np.float32, *shape: int) -> Tensor:
        return torch.full(shape, float(value), device=self._device)

    def bytes_of(self, x: Tensor) -> int:
        return x.nbytes

    def columns(self, x: Tensor, start: int, stop: int) -> Tensor:
        return x[:, start:stop]

    def mixed(self, x: Tensor, mixes: Tensor, last: Tensor) -> list[Tensor]:
        by_stream = x.view(len(last), -1, x.shape[1])
        before = torch.cat([last[:, None], by_stream[:, :-1]], 1).view(x.shape)
        last.copy_(by_stream[:, -1])
        out = []
        for share in mixes:
            change = (before - x) * share
            out.append(x + change)
        return out

    def blended(self, x: Tensor, y: Tensor, share: Tensor) -> Tensor:
        change = (y - x) * sigmoid(share)
        return x + change

    def convolved(
        self, x: Tensor, start: int, taps: Tensor, bias: Tensor, before: Tensor
    ) -> Tensor:
        streams, kept, columns = before.shape
        new = x[:, start : start + columns].view(streams, -1, columns)
        time = new.shape[1]
        seen = torch.cat([before, new], 1)
        before.copy_(seen[:, time:])
        total = bias.expand_as(new)
        for k in range(kept + 1):
            term = seen[:, k : k + time] * taps[k]
            total = total + term
        return silu(total).reshape(-1, columns)

    def scanned(
        self, scan: Scan[Tensor], a: Tensor, d: Tensor, gain: Tensor, state: Tensor
    ) -> Tensor:
        streams, _, inner = state.shape
        steps = softplus(scan.steps)
        x, step, fed, b, c = (
            part.reshape(streams, -1, part.shape[1])
            for part in (scan.x, steps, steps * scan.x, scan.b, scan.c)
        )
        totals = torch.empty_like(x)
        for t in range(x.shape[1]):
            decay = exp2((step[:, t, None] * a).clamp_min(-FARTHEST))
            new = fed[:, t, None] * b[:, t, :, None]
            old = decay * state
            state.copy_(old + new)
            read = state * c[:, t, :, None]
            totals[:, t] = _summed(read, 1)
        skipped = scan.x * d
        return (totals.view(-1, inner) + skipped) * silu(scan.gate) * gain

    def heads_scanned(
        self,
        x: Tensor,
        projected: Tensor,
        scan: HeadScan[Tensor],
        norm: Norm[Tensor],
        state: Tensor,
    ) -> Tensor:
        streams, heads, count, size = state.shape
        inner, groups = heads * size, scan.groups
        step = softplus(projected[:, -heads:] + scan.bias)
        step = step.clamp(float(scan.low), float(scan.high))
        decay = exp2((step * scan.a).clamp_min(-FARTHEST)).view(streams, -1, heads)
        own = x[:, :inner].reshape(-1, heads, size)
        fed = (step[..., None] * own).view(streams, -1, heads, 1, size)
        write, read = (
            part.reshape(streams, -1, groups, count).repeat_interleave(heads // groups, 2)[
                ..., None
            ]
            for part in (x[:, inner : inner + groups * count], x[:, inner + groups * count :])
        )
        totals = torch.empty((streams, fed.shape[1], heads, size), device=x.device)
        for t in range(fed.shape[1]):
            old = decay[:, t, :, None, None] * state
            new = fed[:, t] * write[:, t]
            state.copy_(old + new)
            totals[:, t] = _summed(state * read[:, t], 2)
        skipped = own * scan.d[:, None]
        line = (totals.view(-1, heads, size) + skipped).view(-1, inner) * silu(projected[:, :inner])
        parts = line.view(len(line), groups, -1)
        own_norm = Norm(norm.gain.view(groups, -1), norm.bias.view(groups, -1), *norm[2:])
        return normed(parts, own_norm).reshape(-1, inner)

    def averaged(
        self,
        r: Tensor,
        k: Tensor,
        v: Tensor,
        decay: Tensor,
        first: Tensor,
        sums: Tensor,
        largest: Tensor,
    ) -> Tensor:
        streams, columns = largest.shape
        keys, values = ((k * LOG2E).view(streams, -1, columns), v.view(streams, -1, columns))
        means = torch.empty_like(values)
        (above, below), most = sums.unbind(1), largest
        for t in range(keys.shape[1]):
            key, value = keys[:, t], values[:, t]
            now = key + first
            old, new, _ = _weights(most, now)
            numerator = _weighted(old, above, new, value)
            denominator = old * below
            means[:, t] = numerator / (denominator + new)
            old, new, most = _weights(most + decay, key)
            above = _weighted(old, above, new, value)
            below = old * below
            below = below + new
        sums.copy_(torch.stack([above, below], 1))
        largest.copy_(most)
        return sigmoid(r) * means.view(r.shape)

    def delta(
        self, delta: Delta[Tensor], vectors: DeltaVectors[Tensor], norm: Norm[Tensor], state: Tensor
    ) -> Tensor:
        streams, heads, size, _ = state.shape
        width = heads * size
        share = sigmoid(delta.a)
        change = delta.k * (share - 1) * vectors.k_a
        key = delta.k + change
        scaled = (delta.k * vectors.k_k).view(-1, heads, size)
        unit = torch.full((size,), float(np.float32(1 / sqrt(size))), device=scaled.device)
        least = Norm(unit, torch.zeros_like(unit), SMALL_LENGTH, False)
        direction = normed(scaled, least).view(-1, width)
        taken = direction * share
        decay = exp2(sigmoid(delta.w) * LOWEST_DECAY)

        def by_stream(x: Tensor) -> Tensor:
            return x.view(streams, -1, heads, size)

        at_key, fades, takes, new, read, value = (
            by_stream(x) for x in (direction, decay, taken, key, delta.r, delta.v)
        )
        totals = torch.empty_like(value)
        for t in range(value.shape[1]):
            found = _summed(state * at_key[:, t, :, :, None], 2)
            kept = state * fades[:, t, :, :, None]
            gone = found[:, :, None] * takes[:, t, :, :, None]
            added = value[:, t, :, None] * new[:, t, :, :, None]
            state.copy_(kept - gone + added)
            totals[:, t] = _summed(state * read[:, t, :, :, None], 2)
        own_norm = Norm(norm.gain.view(heads, size), norm.bias.view(heads, size), *norm[2:])
        line = normed(totals.view(-1, heads, size), own_norm)
        bonus = _summed((delta.r * key * vectors.r_k).view(-1, heads, size), 2)
        own = bonus[..., None] * delta.v.view(-1, heads, size)
        return (line + own).view(-1, width) * delta.g


def _summed(x: Tensor, axis: int) -> Tensor:
    """Return the sum of x over an axis, one term after the other."""
    total = torch.zeros_like(x.select(axis, 0))
    for term in x.unbind(axis):
        total = total + term
    return total


def _weights(old: Tensor, new: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return both powers of two, divided by the larger one, and its exponent."""
    most = torch.maximum(old, new)
    powers = (exp2((exponent - most).clamp_min(-FARTHEST)) for exponent in (old, new))
    return (*powers, most)  # type: ignore[return-value]


def _weighted(old: Tensor, x: Tensor, new: Tensor, y: Tensor) -> Tensor:
    first, second = old * x, new * y
    return first + second

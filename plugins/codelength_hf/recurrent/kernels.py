"""The steps of `backend` as compiled loops on NumPy arrays.

Every operation is one of float32, rounded by itself, and sums are taken in the order of the loops.
Innermost loops go over columns that do not depend on each other, so that LLVM can use vectors.
"""

from typing import TypeAlias

import numpy as np

from codelength.coding.compiled import compiled
from codelength_exact.constants import FARTHEST, LOG2E, ONE
from codelength_exact.kernels import FloatArray
from codelength_exact.scalars import ZERO, exp2, sigmoid, silu, softplus
from codelength_hf.kernels import NormTuple, write_norm
from codelength_hf.recurrent.backend import LOWEST_DECAY, SMALL_LENGTH

ScanTuple: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
"""The fields of `backend.Scan`."""
HeadScanTuple: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, np.float32, np.float32, int]
"""The fields of `backend.HeadScan`."""
DeltaTuple: TypeAlias = tuple[
    FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray
]
"""The fields of `backend.Delta`."""
VectorTuple: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
"""The fields of `backend.DeltaVectors`."""


@compiled
def mix(x: FloatArray, mixes: FloatArray, last: FloatArray, out: FloatArray) -> None:
    """Write mixtures of each position and the one before to out (mixes, rows, columns)."""
    streams, columns = last.shape
    time = len(x) // streams
    for m in range(len(mixes)):
        for s in range(streams):
            for t in range(time):
                n = s * time + t
                before = x[n - 1] if t else last[s]
                for c in range(columns):
                    out[m, n, c] = x[n, c] + (before[c] - x[n, c]) * mixes[m, c]
    for s in range(streams):
        last[s] = x[s * time + time - 1]


@compiled
def blend(x: FloatArray, y: FloatArray, share: FloatArray, out: FloatArray) -> None:
    """Write x + (y − x) · sigmoid(share)."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            out[n, c] = x[n, c] + (y[n, c] - x[n, c]) * sigmoid(share[n, c])


@compiled
def convolve(
    x: FloatArray,
    start: int,
    taps: FloatArray,
    bias: FloatArray,
    before: FloatArray,
    out: FloatArray,
) -> None:
    """Write the SiLU of a causal convolution of each column."""
    streams, kept, columns = before.shape
    time = len(x) // streams
    for s in range(streams):
        for t in range(time):
            n = s * time + t
            row = out[n]
            for c in range(columns):
                row[c] = bias[c]
            for k in range(kept):
                for c in range(columns):
                    row[c] = row[c] + before[s, k, c] * taps[k, c]
            for c in range(columns):
                row[c] = silu(row[c] + x[n, start + c] * taps[kept, c])
            for k in range(kept - 1):
                for c in range(columns):
                    before[s, k, c] = before[s, k + 1, c]
            for c in range(columns):
                before[s, kept - 1, c] = x[n, start + c]


@compiled
def scan(
    given: ScanTuple,
    a: FloatArray,
    d: FloatArray,
    gain: FloatArray,
    state: FloatArray,
    out: FloatArray,
) -> None:
    """Write Mamba's scan."""
    x, steps, b, c, gate = given
    streams, count, inner = state.shape
    time = len(x) // streams
    step, fed = np.empty(inner, np.float32), np.empty(inner, np.float32)
    total = np.empty(inner, np.float32)
    for s in range(streams):
        for t in range(time):
            n = s * time + t
            for i in range(inner):
                step[i] = softplus(steps[n, i])
                fed[i] = step[i] * x[n, i]
                total[i] = ZERO
            for j in range(count):
                write, read = b[n, j], c[n, j]
                kept, decays = state[s, j], a[j]
                for i in range(inner):
                    decay = exp2(max(step[i] * decays[i], -FARTHEST))
                    kept[i] = decay * kept[i] + fed[i] * write
                    total[i] = total[i] + kept[i] * read
            for i in range(inner):
                out[n, i] = (total[i] + x[n, i] * d[i]) * silu(gate[n, i]) * gain[i]


@compiled
def scan_heads(
    x: FloatArray,
    projected: FloatArray,
    given: HeadScanTuple,
    norm: NormTuple,
    state: FloatArray,
    out: FloatArray,
) -> None:
    """Write Mamba-2's scan."""
    a, d, bias, low, high, groups = given
    gain, zeros, epsilon, centred = norm
    streams, heads, count, size = state.shape
    time, inner = len(x) // streams, heads * size
    first_step = projected.shape[1] - heads
    fed, total = np.empty(size, np.float32), np.empty(size, np.float32)
    line, columns = np.empty(inner, np.float32), inner // groups
    for s in range(streams):
        for t in range(time):
            n = s * time + t
            for h in range(heads):
                group, first = h // (heads // groups), h * size
                step = softplus(projected[n, first_step + h] + bias[h])
                step = min(max(step, low), high)
                decay = exp2(max(step * a[h], -FARTHEST))
                for i in range(size):
                    fed[i] = step * x[n, first + i]
                    total[i] = ZERO
                for j in range(count):
                    write = x[n, inner + group * count + j]
                    read = x[n, inner + (groups + group) * count + j]
                    kept = state[s, h, j]
                    for i in range(size):
                        kept[i] = decay * kept[i] + fed[i] * write
                        total[i] = total[i] + kept[i] * read
                for i in range(size):
                    at = first + i
                    line[at] = (total[i] + x[n, at] * d[h]) * silu(projected[n, at])
            for g in range(groups):
                part = slice(g * columns, (g + 1) * columns)
                write_norm(line[part], gain[part], zeros[part], epsilon, centred, out[n, part])


@compiled
def average(
    r: FloatArray,
    k: FloatArray,
    v: FloatArray,
    decay: FloatArray,
    first: FloatArray,
    sums: FloatArray,
    exponents: FloatArray,
    out: FloatArray,
) -> None:
    """Write sigmoid(r) times RWKV-4's mean of values."""
    streams, columns = exponents.shape
    time = len(r) // streams
    for s in range(streams):
        above, below, largest = sums[s, 0], sums[s, 1], exponents[s]
        for t in range(time):
            n = s * time + t
            for c in range(columns):
                key = k[n, c] * LOG2E
                now = key + first[c]
                most = max(largest[c], now)
                old = exp2(max(largest[c] - most, -FARTHEST))
                new = exp2(max(now - most, -FARTHEST))
                mean = (old * above[c] + new * v[n, c]) / (old * below[c] + new)
                out[n, c] = sigmoid(r[n, c]) * mean
                aged = largest[c] + decay[c]
                most = max(aged, key)
                old = exp2(max(aged - most, -FARTHEST))
                new = exp2(max(key - most, -FARTHEST))
                above[c] = old * above[c] + new * v[n, c]
                below[c] = old * below[c] + new
                largest[c] = most


@compiled
def apply_delta(
    given: DeltaTuple,
    vectors: VectorTuple,
    norm: NormTuple,
    unit: np.float32,
    state: FloatArray,
    out: FloatArray,
) -> None:
    """Write what RWKV-7's rule reads. `unit` is 1 / √(columns of a head)."""
    r, w, k, v, a, g = given
    k_k, k_a, r_k = vectors
    gain, bias, epsilon, centred = norm
    streams, heads, size, _ = state.shape
    time = len(r) // streams
    units, zeros = np.full(size, unit, np.float32), np.zeros(size, np.float32)
    scaled, direction = np.empty(size, np.float32), np.empty(size, np.float32)
    key, replaced = np.empty(size, np.float32), np.empty(size, np.float32)
    decay, found = np.empty(size, np.float32), np.empty(size, np.float32)
    total, line = np.empty(size, np.float32), np.empty(size, np.float32)
    for s in range(streams):
        for t in range(time):
            n = s * time + t
            for h in range(heads):
                first = h * size
                part = slice(first, first + size)
                for i in range(size):
                    at = first + i
                    share = sigmoid(a[n, at])
                    scaled[i] = k[n, at] * k_k[at]
                    replaced[i] = share
                    key[i] = k[n, at] + k[n, at] * (share - ONE) * k_a[at]
                    decay[i] = exp2(sigmoid(w[n, at]) * LOWEST_DECAY)
                    found[i] = total[i] = ZERO
                write_norm(scaled, units, zeros, SMALL_LENGTH, False, direction)
                value = v[n, part]
                for j in range(size):
                    kept, at_key = state[s, h, j], direction[j]
                    for i in range(size):
                        found[i] = found[i] + kept[i] * at_key
                bonus = ZERO
                for j in range(size):
                    kept, fades, new = state[s, h, j], decay[j], key[j]
                    taken, read = direction[j] * replaced[j], r[n, first + j]
                    for i in range(size):
                        kept[i] = kept[i] * fades - found[i] * taken + value[i] * new
                        total[i] = total[i] + kept[i] * read
                    bonus = bonus + read * new * r_k[first + j]
                write_norm(total, gain[part], bias[part], epsilon, centred, line)
                for i in range(size):
                    at = first + i
                    out[n, at] = (line[i] + bonus * value[i]) * g[n, at]

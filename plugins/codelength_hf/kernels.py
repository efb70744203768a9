"""The exact transformer's steps between products, as compiled loops on NumPy arrays. `fixed` states
the laws. Rows are (streams · time, columns), the positions of a stream together and in order."""

from typing import Any

import numpy as np

from codelength_hf.fixed import GRID
from codelength_hf.scalars import (
    ZERO,
    compiled,
    exp2,
    gelu,
    gelu_tanh,
    largest_magnitude,
    of_ordered,
    ordered,
    quantise,
    silu,
)
from codelength_lm.fixed import FARTHEST, LOG2E, MAGIC, UNITS

LOWEST = np.int32(-0x80000000)
GELU, GELU_TANH, SILU, RELU, RELU2 = range(5)


@compiled
def normalise(x: Any, gain: Any, bias: Any, epsilon: Any, centre: Any, q: Any, s: Any) -> None:
    """The layer norm of x, or its RMS norm where it is not centred, quantised."""
    columns = x.shape[1]
    for n in range(len(x)):
        grid = GRID / largest_magnitude(x[n])
        total, squares = np.int64(0), np.int64(0)
        for c in range(columns):
            value = np.int32(x[n, c] * grid + MAGIC - MAGIC)
            total += value
            squares += np.int32(value * value)
        wide = np.float64(grid)
        mean = np.float64(total) / np.float64(columns) if centre else np.float64(0)
        square = max(np.float64(squares) / np.float64(columns) - mean * mean, np.float64(0))
        by = grid / np.sqrt(np.float32(square + epsilon * wide * wide))
        middle = np.float32(mean / wide)
        for c in range(columns):
            q[n, c] = (x[n, c] - middle) * by * gain[c] + bias[c]
        s[n] = quantise(q[n], q[n])


@compiled
def add(x: Any, product: Any, scale: Any, channels: Any, bias: Any) -> None:
    """Adds to x what quantised rows gave in a matrix."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            x[n, c] = x[n, c] + (product[n, c] * (scale[n] * channels[c]) + bias[c])


@compiled
def activate(
    kind: Any, gated: Any, product: Any, scale: Any, channels: Any, bias: Any, q: Any, s: Any
) -> None:
    """The activation of what quantised rows gave in a matrix, quantised; gated: its first half,
    multiplied by the second."""
    hidden = q.shape[1]
    for n in range(len(product)):
        out, by = q[n], scale[n]
        for c in range(hidden):
            out[c] = product[n, c] * (by * channels[c]) + bias[c]
        if kind == GELU:
            for c in range(hidden):
                out[c] = gelu(out[c])
        elif kind == GELU_TANH:
            for c in range(hidden):
                out[c] = gelu_tanh(out[c])
        elif kind == SILU:
            for c in range(hidden):
                out[c] = silu(out[c])
        elif kind == RELU:
            for c in range(hidden):
                out[c] = max(out[c], ZERO)
        else:
            for c in range(hidden):
                up = max(out[c], ZERO)
                out[c] = up * up
        if gated:
            for c in range(hidden):
                at = hidden + c
                out[c] = out[c] * (product[n, at] * (by * channels[at]) + bias[at])
        s[n] = quantise(out, out)


@compiled
def split_heads(
    product: Any,
    scale: Any,
    channels: Any,
    bias: Any,
    cos: Any,
    sin: Any,
    by: Any,
    start: int,
    queries: Any,
    a: Any,
    keys: Any,
    b: Any,
    values: Any,
    c: Any,
    v: Any,
) -> None:
    """Products (streams · time, (heads + 2 · key heads) · columns), the queries first, then keys
    and values: rotated, quantised. Queries (streams, time, heads, columns) have scales a, times
    `by`; keys and values go to the caches (streams, key heads, window, columns) from `start` on,
    with scales b, c and the largest c so far, v (streams, key heads, window)."""
    streams, time, heads, columns = queries.shape
    key_heads, half = keys.shape[1], cos.shape[1]
    row = np.empty(columns, np.float32)
    for stream in range(streams):
        for t in range(time):
            n, at = stream * time + t, start + t
            for head in range(heads + 2 * key_heads):
                first = head * columns
                for d in range(columns):
                    o = first + d
                    row[d] = product[n, o] * (scale[n] * channels[o]) + bias[o]
                if head < heads + key_heads:
                    for d in range(half):
                        x, y = row[d], row[half + d]
                        row[d] = x * cos[at, d] - y * sin[at, d]
                        row[half + d] = y * cos[at, d] + x * sin[at, d]
                size = quantise(row, row)
                if head < heads:
                    a[stream, t, head] = size * by
                    for d in range(columns):
                        queries[stream, t, head, d] = row[d]
                elif head < heads + key_heads:
                    h = head - heads
                    b[stream, h, at] = size
                    for d in range(columns):
                        keys[stream, h, at, d] = np.int8(row[d])
                else:
                    h = head - heads - key_heads
                    c[stream, h, at] = size
                    v[stream, h, at] = size if at == 0 else max(v[stream, h, at - 1], size)
                    for d in range(columns):
                        values[stream, h, at, d] = np.int8(row[d])


@compiled
def weigh(scores: Any, a: Any, b: Any, c: Any, v: Any, start: int, share: Any, units: Any) -> None:
    """Scores (time, keys) of queries from position `start` on → what the values are multiplied by,
    in place; those of later positions become zero. a (time,); b, c, v (keys,)."""
    e = np.empty(scores.shape[1], np.int32)
    for t in range(len(scores)):
        row, seen = scores[t], start + t + 1
        _weights(row[:seen], a[t], b, c, v[seen - 1], share, units, e)
        for j in range(seen, len(row)):
            row[j] = ZERO


@compiled
def _weights(row: Any, a: Any, b: Any, c: Any, v: Any, share: Any, units: Any, e: Any) -> None:
    most = LOWEST
    for j in range(len(row)):
        y = row[j] * (a * b[j])
        row[j] = y
        most = max(most, ordered(y))
    top, total = of_ordered(most), np.int32(0)
    for j in range(len(row)):
        e[j] = np.int32(exp2(max(row[j] - top, -FARTHEST)) * units)
        total = np.int32(total + e[j])
    by = share / np.float32(total) / v
    for j in range(len(row)):
        row[j] = np.float32(e[j]) * (c[j] * by) + MAGIC - MAGIC


@compiled
def step(
    queries: Any,
    a: Any,
    keys: Any,
    b: Any,
    values: Any,
    c: Any,
    v: Any,
    seen: int,
    share: Any,
    units: Any,
    out: Any,
) -> None:
    """Attention of one position, the last of `seen`, for each stream: out (streams, heads ·
    columns), from the caches as they lie."""
    streams, _, heads, columns = queries.shape
    group = heads // keys.shape[1]
    row, e = np.empty(seen, np.float32), np.empty(seen, np.int32)
    query, sums = np.empty(columns, np.int16), np.empty(columns, np.int32)
    for stream in range(streams):
        for head in range(heads):
            h = head // group
            for d in range(columns):
                query[d] = np.int16(queries[stream, 0, head, d])
                sums[d] = 0
            for j in range(seen):
                key, score = keys[stream, h, j], np.int32(0)
                for d in range(columns):
                    score = np.int32(score + np.int32(query[d]) * np.int32(key[d]))
                row[j] = np.float32(score)
            last = v[stream, h, seen - 1]
            _weights(row, a[stream, 0, head], b[stream, h], c[stream, h], last, share, units, e)
            for j in range(seen):
                weight = np.int32(row[j])
                if weight:
                    value = values[stream, h, j]
                    for d in range(columns):
                        sums[d] = np.int32(sums[d] + np.int32(weight * np.int32(value[d])))
            by = last / share
            for d in range(columns):
                out[stream, head * columns + d] = np.float32(sums[d]) * by


@compiled
def scale_values(product: Any, v: Any, start: int, share: Any, out: Any) -> None:
    """out (time, columns) = product · v / share, for queries from position `start` on."""
    for t in range(len(product)):
        by = v[start + t] / share
        for d in range(product.shape[1]):
            out[t, d] = product[t, d] * by


@compiled
def quantise_rows(x: Any, q: Any, s: Any) -> None:
    """x (rows, columns), quantised. q may be x."""
    for n in range(len(x)):
        s[n] = quantise(x[n], q[n])


@compiled
def frequencies(
    product: Any, scale: Any, channels: Any, bias: Any, total: int, escape: Any, out: Any
) -> None:
    """out (rows, vocabulary + escapes): positive, summing to less than 2^24; each escape has one
    more than `escape` (rows,) says."""
    vocabulary = product.shape[1]
    escapes = out.shape[1] - vocabulary
    for n in range(len(product)):
        row, by, most = product[n], scale[n], LOWEST
        for c in range(vocabulary):
            y = (row[c] * (by * channels[c]) + bias[c]) * LOG2E
            row[c] = y
            most = max(most, ordered(y))
        top, mass = of_ordered(most), np.int64(0)
        for c in range(vocabulary):
            e = np.int32(exp2(max(row[c] - top, -FARTHEST)) * UNITS)
            out[n, c] = e
            mass += e
        share = np.float32(total - escapes * escape[n]) / np.float32(mass)
        for c in range(vocabulary):
            out[n, c] = np.int32(1) + np.int32(np.float32(out[n, c]) * share)
        for c in range(vocabulary, out.shape[1]):
            out[n, c] = np.int32(1) + escape[n]

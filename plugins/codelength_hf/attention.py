"""Attention in compiled loops; `constants` says how each step is rounded.

Keys and values lie in the cache as tiles of pairs read them: keys in panels of COLUMNS positions,
values in panels of COLUMNS columns. Positions are taken four at a time: their scores with all keys,
what these become as weights, and the weighted sums of values never leave the core's cache.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_exact.constants import FARTHEST, MAGIC
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray, IntArray
from codelength_exact.prefetch import prefetch
from codelength_exact.products import FEATURES
from codelength_exact.scalars import LOWEST, ZERO, exp2, of_ordered, ordered, quantise
from codelength_exact.tiles import make_tile, pairs
from codelength_hf.kernels import NormTuple, capped, write_norm

AttentionTuple: TypeAlias = tuple[
    int,
    int,
    FloatArray,
    FloatArray,
    FloatArray,
    np.float32,
    np.float32,
    np.float32,
    int,
    np.float32,
    np.float32,
    bool,
    bool,
]
"""The fields of `backend.Attention`."""
CacheTuple: TypeAlias = tuple[IntArray, FloatArray, IntArray, FloatArray, FloatArray]
"""The fields of `backend.Cache`."""
Queries: TypeAlias = tuple[NDArray[np.int16], FloatArray]
"""Quantised queries: integers (streams, time, heads, head_dim, filled up to pairs), and scales
(streams, time, heads), times `Attention.query_factor`."""

ARITHMETIC, ROWS = pairs(FEATURES), 4
COLUMNS = 2 * ARITHMETIC.lanes
"""Queries that a tile takes, and what a panel has of positions or of columns."""

one_row, four_rows = make_tile(ARITHMETIC, 1, 2), make_tile(ARITHMETIC, ROWS, 2)

LOW_BITS = 8
"""Weights that do not fit into int16 are split: the lowest bits, and those above."""

NO_BIAS = np.empty(0, np.float32)

LINE = 64
"""Bytes that come from memory at once."""


class Scales(NamedTuple):
    """The scales of one query and of what it sees."""

    query: np.float32
    keys: FloatArray
    """(window,)"""
    values: FloatArray
    """(window,)"""
    largest_value: np.float32


@compiled
def split_heads(  # noqa: C901 - one loop, for speed
    qkv: CpuProduct,
    attention: AttentionTuple,
    norm: NormTuple,
    start: int,
    queries: Queries,
    cache: CacheTuple,
    wide: bool,
) -> None:
    """Norm, rotate and quantise queries, keys and values; write keys and values to the cache.

    Args:
        qkv: (streams · time, (heads + 2 · key_heads) · head_dim)
        attention: The constants.
        norm: Of the heads of queries and of keys, (heads + key_heads, head_dim) or none.
        start: The first position.
        queries: Where queries are written to.
        cache: Where keys and values are written to, from position `start` on.
        wide: Whether queries have 16 bits.
    """
    integers, row_scales, channel_scales, channel_bias = qkv
    heads, head_dim, cos, sin, _, query_factor, _, _, _, _, clip, whole_norms, norms_last = (
        attention
    )
    keys, key_scales, values, value_scales, largest = cache
    q_values, q_scales = queries
    gain, bias, epsilon, centred = norm
    streams, time, _, padded = q_values.shape
    key_heads, half = keys.shape[1], cos.shape[1]
    normed = heads + key_heads if len(gain) else 0
    outputs = (heads + 2 * key_heads) * head_dim
    whole, q = np.empty(outputs, np.float32), np.empty(head_dim, np.int8)
    wide_q = np.empty(head_dim, np.int16)
    for stream in range(streams):
        for t in range(time):
            n, at = stream * time + t, start + t
            for o in range(outputs):
                scale = row_scales[n] * channel_scales[o]
                whole[o] = np.float32(integers[n, o]) * scale + channel_bias[o]
            if normed and whole_norms:
                for first, last in ((0, heads), (heads, heads + key_heads)):
                    row = whole[first * head_dim : last * head_dim]
                    gains, biases = gain[first:last].reshape(-1), bias[first:last].reshape(-1)
                    write_norm(row, gains, biases, epsilon, centred, row)
            for head in range(heads + 2 * key_heads):
                row = whole[head * head_dim : (head + 1) * head_dim]
                if head < normed and not whole_norms and not norms_last:
                    write_norm(row, gain[head], bias[head], epsilon, centred, row)
                if clip > ZERO:
                    for d in range(head_dim):
                        row[d] = min(max(row[d], -clip), clip)
                if head < heads + key_heads:
                    for d in range(half):
                        x, y = row[d], row[half + d]
                        row[d] = x * cos[at, d] - y * sin[at, d]
                        row[half + d] = y * cos[at, d] + x * sin[at, d]
                    if head < normed and norms_last:
                        write_norm(row, gain[head], bias[head], epsilon, centred, row)
                if head < heads:
                    size = quantise(row, wide_q) if wide else quantise(row, q)
                    q_scales[stream, t, head] = size * query_factor
                    for d in range(head_dim):
                        q_values[stream, t, head, d] = wide_q[d] if wide else np.int16(q[d])
                    for d in range(head_dim, padded):
                        q_values[stream, t, head, d] = 0
                    continue
                size = quantise(row, q)
                if head < heads + key_heads:
                    h = head - heads
                    key_scales[stream, h, at] = size
                    panel, place = at // COLUMNS, at % COLUMNS
                    for d in range(head_dim):
                        keys[stream, h, panel, d // 2, place, d % 2] = q[d]
                else:
                    h = head - heads - key_heads
                    value_scales[stream, h, at] = size
                    before = largest[stream, h, at - 1] if at else size
                    largest[stream, h, at] = max(before, size)
                    for d in range(head_dim):
                        panel, pair = d // COLUMNS, at // 2
                        values[stream, h, panel, pair, d % COLUMNS, at % 2] = q[d]


@inlined
def _prefetch_panel(row: int, panel: int, cache: CacheTuple) -> None:
    """Begin to bring near what a panel of positions will want besides its keys.

    `row` counts streams and key heads.
    """
    _, key_scales, values, value_scales, _ = cache
    prefetch(key_scales, (row * key_scales.shape[2] + panel * COLUMNS) * 4)
    prefetch(value_scales, (row * value_scales.shape[2] + panel * COLUMNS) * 4)
    panels, value_panel = values.shape[2], values.shape[3] * COLUMNS * 2
    for column in range(panels):
        place = (row * panels + column) * value_panel + panel * COLUMNS**2
        for line in range(0, COLUMNS**2, LINE):
            prefetch(values, place + line)


@compiled
def attend(  # noqa: C901 - one loop, for speed
    queries: Queries,
    cache: CacheTuple,
    attention: AttentionTuple,
    start: int,
    rows: CpuRows,
) -> None:
    """Quantise the attention of queries from position `start` on to the keys up to each.

    Args:
        queries: (streams, time, heads, head_dim)
        cache: Keys and values up to the last query.
        attention: The constants.
        start: The position of the first query.
        rows: (streams · time, heads · head_dim)
    """
    heads, columns, _, _, bias, _, share, units, window, cap, _, _, _ = attention
    keys, key_scales, values, value_scales, largest = cache
    q_values, q_scales = queries
    streams, time, _, wide = q_values.shape
    out = np.empty((streams * time, heads * columns), np.float32)
    key_heads, panels = keys.shape[1], values.shape[2]
    group = heads // key_heads
    key_panel, value_panel = wide * COLUMNS, values.shape[3] * COLUMNS * 2  # bytes
    room = (start + time + COLUMNS - 1) // COLUMNS * COLUMNS
    scores, y = np.empty((ROWS, room), np.int32), np.empty(room, np.float32)
    parts = np.empty((2, ROWS, room), np.int16)
    sums = np.empty((2, ROWS, panels * COLUMNS), np.int32)
    high, step = ROWS * room * 2, panels * COLUMNS * 4  # bytes to the high parts, to the next row
    s, p, r = scores.ctypes.data, parts.ctypes.data, sums.ctypes.data
    for stream in range(streams):
        for head in range(heads):
            h = head // group
            row = stream * key_heads + h
            key = keys.ctypes.data + row * keys.shape[2] * key_panel
            value = values.ctypes.data + row * panels * value_panel
            for first in range(0, time, ROWS):
                count = min(ROWS, time - first)
                seen = start + first + count
                # the first panel that the first of these queries sees, and its first position
                panel_0 = max(0, start + first + 1 - window) // COLUMNS
                base = panel_0 * COLUMNS
                query = q_values.ctypes.data + ((stream * time + first) * heads + head) * wide * 2
                for panel in range(panel_0, (seen + COLUMNS - 1) // COLUMNS):
                    if first == 0:
                        _prefetch_panel(row, panel, cache)
                    at, to = key + panel * key_panel, s + panel * COLUMNS * 4
                    if count == ROWS:
                        four_rows(query, heads * wide * 2, 4, at, wide // 2, 0, to, room * 4)
                    else:
                        for n in range(count):
                            one_row(query + n * heads * wide * 2, 0, 4, at, wide // 2, 0, to, 0)
                            to += room * 4
                most = np.int32(0)
                for n in range(count):
                    last = start + first + n
                    low = max(0, last + 1 - window)
                    scales = Scales(
                        q_scales[stream, first + n, head],
                        key_scales[stream, h, low:],
                        value_scales[stream, h, low:],
                        largest[stream, h, last],
                    )
                    seen_scores = scores[n, low : last + 1]
                    head_bias = bias[head, low:] if len(bias) else NO_BIAS
                    most = max(most, _weigh(seen_scores, y, scales, head_bias, cap, share, units))
                    scores[n, base:low] = 0
                    scores[n, last + 1 : seen + 1] = 0
                end, whole = (seen + 1) // 2 * 2, most < 1 << 15
                for n in range(count):
                    if whole:
                        for j in range(base, end):
                            parts[0, n, j] = scores[n, j]
                    else:
                        for j in range(base, end):
                            parts[0, n, j] = scores[n, j] & ((1 << LOW_BITS) - 1)
                            parts[1, n, j] = scores[n, j] >> LOW_BITS
                for panel in range(panels):
                    at = value + panel * value_panel + base * COLUMNS
                    to, steps = r + panel * COLUMNS * 4, (end - base) // 2
                    for part in range(1 if whole else 2):
                        weights = p + part * high + base * 2
                        if count == ROWS:
                            four_rows(weights, room * 2, 4, at, steps, 0, to, step)
                        else:
                            for n in range(count):
                                one_row(
                                    weights + n * room * 2, 0, 4, at, steps, 0, to + n * step, 0
                                )
                        to += ROWS * step
                for n in range(count):
                    by = largest[stream, h, start + first + n] / share
                    for d in range(columns):
                        total = sums[0, n, d]
                        if not whole:
                            total += sums[1, n, d] << LOW_BITS
                        out[stream * time + first + n, head * columns + d] = np.float32(total) * by

    out_values, out_scales = rows
    for n in range(len(out)):
        out_scales[n] = quantise(out[n], out_values[n])


@compiled
def _weigh(
    scores: NDArray[np.int32],
    y: FloatArray,
    scales: Scales,
    bias: FloatArray,
    cap: np.float32,
    share: np.float32,
    units: np.float32,
) -> np.int32:
    """Turn a query's scores into what the values are multiplied by, in place.

    Args:
        scores: (keys,)
        y: Room for as many numbers.
        scales: Of the query, the keys and the values.
        bias: What is added to y (keys,); (0,) for nothing.
        cap: Where y ends; 0 for nowhere.
        share: What the weights sum to.
        units: What exp2 is counted in.

    Returns:
        The largest of them.
    """
    a, b, c, v = scales
    most = LOWEST
    for j in range(len(scores)):
        y[j] = np.float32(scores[j]) * (a * b[j])
    if cap > ZERO:
        for j in range(len(scores)):
            y[j] = capped(y[j], cap)
    if len(bias):
        for j in range(len(scores)):
            y[j] = y[j] + bias[j]
    for j in range(len(scores)):
        most = max(most, ordered(y[j]))
    top, total = of_ordered(most), np.int32(0)
    for j in range(len(scores)):
        scores[j] = np.int32(exp2(max(y[j] - top, -FARTHEST)) * units)
        total = np.int32(total + scores[j])
    by = share / np.float32(total) / v
    largest = np.int32(0)
    for j in range(len(scores)):
        weight = np.int32(np.float32(scores[j]) * (c[j] * by) + MAGIC - MAGIC)
        scores[j] = weight
        largest = max(largest, weight)
    return largest

"""Exact attention in compiled loops: `fixed` states the law.

Keys and values lie in the cache as the tiles of `codelength_exact.products` read them: keys in
panels of sixteen positions, values in panels of sixteen columns. Positions are taken four at a
time: their scores with all keys, what these become as weights, and the weighted sums of values
never leave the core's cache.
"""

from typing import Any

import numpy as np

from codelength.coding.compiled import compiled, inlined, prefetch
from codelength_exact.constants import FARTHEST, MAGIC
from codelength_exact.products import COLUMNS, ROWS, four_rows, one_row
from codelength_exact.scalars import LOWEST, exp2, of_ordered, ordered, quantise
from codelength_hf.kernels import normed

LOW = 8
"""Weights that do not fit into int16 are taken apart: the lowest bits, and those above."""

LINE = 64
"""Bytes that come from memory at once."""


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
    columns: int,
    gain: Any,
    shift: Any,
    epsilon: Any,
    centre: Any,
    queries: Any,
    a: Any,
    keys: Any,
    b: Any,
    values: Any,
    c: Any,
    v: Any,
) -> None:
    """Products (streams · time, (heads + 2 · key heads) · columns), the queries first, then keys
    and values: normed by gain and shift, (2, columns) or (0, columns), rotated, quantised. Queries
    (streams, time, heads, columns, filled up to pairs) have scales a, times `by`. Keys and values
    go to the cache from position `start` on, with scales b, c and the largest c so far, v (streams,
    key heads, window)."""
    streams, time, heads, wide = queries.shape
    key_heads, half = keys.shape[1], cos.shape[1]
    row, q = np.empty(columns, np.float32), np.empty(columns, np.int8)
    for stream in range(streams):
        for t in range(time):
            n, at = stream * time + t, start + t
            for head in range(heads + 2 * key_heads):
                first = head * columns
                for d in range(columns):
                    o = first + d
                    row[d] = np.float32(product[n, o]) * (scale[n] * channels[o]) + bias[o]
                if head < heads + key_heads:
                    if len(gain):
                        key = int(head >= heads)
                        normed(row, gain[key], shift[key], epsilon, centre, row)
                    for d in range(half):
                        x, y = row[d], row[half + d]
                        row[d] = x * cos[at, d] - y * sin[at, d]
                        row[half + d] = y * cos[at, d] + x * sin[at, d]
                size = quantise(row, q)
                if head < heads:
                    a[stream, t, head] = size * by
                    for d in range(wide):
                        queries[stream, t, head, d] = q[d] if d < columns else 0
                elif head < heads + key_heads:
                    h = head - heads
                    b[stream, h, at] = size
                    panel, place = at // COLUMNS, at % COLUMNS
                    for d in range(columns):
                        keys[stream, h, panel, d // 2, place, d % 2] = q[d]
                else:
                    h = head - heads - key_heads
                    c[stream, h, at] = size
                    v[stream, h, at] = size if at == 0 else max(v[stream, h, at - 1], size)
                    for d in range(columns):
                        values[stream, h, d // COLUMNS, at // 2, d % COLUMNS, at % 2] = q[d]


@inlined
def _expect(row: int, panel: int, b: Any, values: Any, c: Any) -> None:
    """Begins to bring near what a panel of positions will want besides its keys: row counts streams
    and key heads."""
    prefetch(b, (row * b.shape[2] + panel * COLUMNS) * 4)
    prefetch(c, (row * c.shape[2] + panel * COLUMNS) * 4)
    panels, value_panel = values.shape[2], values.shape[3] * COLUMNS * 2
    for column in range(panels):
        place = (row * panels + column) * value_panel + panel * COLUMNS**2
        for line in range(0, COLUMNS**2, LINE):
            prefetch(values, place + line)


@compiled
def attend(
    queries: Any,
    a: Any,
    keys: Any,
    b: Any,
    values: Any,
    c: Any,
    v: Any,
    start: int,
    share: Any,
    units: Any,
    out: Any,
) -> None:
    """Attention of queries from position `start` on: out (streams · time, heads · columns)."""
    streams, time, heads, wide = queries.shape
    key_heads, panels = keys.shape[1], values.shape[2]
    columns, group = out.shape[1] // heads, heads // key_heads
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
                rows = min(ROWS, time - first)
                seen = start + first + rows
                query = queries.ctypes.data + ((stream * time + first) * heads + head) * wide * 2
                for panel in range((seen + COLUMNS - 1) // COLUMNS):
                    if first == 0:
                        _expect(row, panel, b, values, c)
                    at, to = key + panel * key_panel, s + panel * COLUMNS * 4
                    if rows == ROWS:
                        four_rows(query, heads * wide * 2, at, wide // 2, to, room * 4)
                    else:
                        for n in range(rows):
                            one_row(query + n * heads * wide * 2, 0, at, wide // 2, to, 0)
                            to += room * 4
                most = np.int32(0)
                for n in range(rows):
                    last, size = start + first + n, a[stream, first + n, head]
                    top = v[stream, h, last]
                    given = size, b[stream, h], c[stream, h], top, share, units
                    largest = _weigh(scores[n, : last + 1], y, *given)
                    most = max(most, largest)
                    scores[n, last + 1 : seen + 1] = 0
                pairs, whole = (seen + 1) // 2, most < 1 << 15
                for n in range(rows):
                    if whole:
                        for j in range(2 * pairs):
                            parts[0, n, j] = scores[n, j]
                    else:
                        for j in range(2 * pairs):
                            parts[0, n, j] = scores[n, j] & ((1 << LOW) - 1)
                            parts[1, n, j] = scores[n, j] >> LOW
                for panel in range(panels):
                    at, to = value + panel * value_panel, r + panel * COLUMNS * 4
                    for part in range(1 if whole else 2):
                        weights = p + part * high
                        if rows == ROWS:
                            four_rows(weights, room * 2, at, pairs, to, step)
                        else:
                            for n in range(rows):
                                one_row(weights + n * room * 2, 0, at, pairs, to + n * step, 0)
                        to += ROWS * step
                for n in range(rows):
                    by = v[stream, h, start + first + n] / share
                    for d in range(columns):
                        total = sums[0, n, d]
                        if not whole:
                            total += sums[1, n, d] << LOW
                        out[stream * time + first + n, head * columns + d] = np.float32(total) * by


@compiled
def _weigh(scores: Any, y: Any, a: Any, b: Any, c: Any, v: Any, share: Any, units: Any) -> Any:
    """Scores with all keys that a position sees → what the values are multiplied by, in place.
    The largest of them. b, c (keys,); y is room for as many."""
    most = LOWEST
    for j in range(len(scores)):
        y[j] = np.float32(scores[j]) * (a * b[j])
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

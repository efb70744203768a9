"""The recurrent model's steps between products, as compiled loops on NumPy arrays: the fast way on
a CPU. `fixed` states the laws."""

from typing import Any

import numpy as np

from codelength.coding.compiled import compiled, inlined
from codelength_exact.constants import ONE
from codelength_exact.recurrent_shape import MASK, MULTIPLIER
from codelength_exact.scalars import ZERO, quantise, sigmoid


@inlined
def _normalise(x: Any, q: Any) -> Any:
    """Quantises the RMS norm of a row; returns its scale."""
    quantise(x, q)
    total = np.int32(0)
    for c in range(len(x)):
        value = np.int32(q[c])
        total = np.int32(total + value * value)
    mean = np.float32(max(total, np.int32(1))) / np.float32(len(x))
    return ONE / np.sqrt(mean)


@compiled
def look_up(symbols: Any, orders: Any, tables: Any, scales: Any, rows: Any, q: Any, s: Any) -> None:
    """`symbols` (batch, history − 1 + time), plus one, none being 0 → the rows of the tables (all
    under each other) for the last n of them, side by side, quantised."""
    columns = tables.shape[1]
    batch, length = symbols.shape
    time = len(q) // batch
    found = np.empty(len(orders) * columns, np.float32)
    for stream in range(batch):
        for at in range(time):
            end = length - time + at + 1
            for table in range(len(orders)):
                mixed = np.int64(0)
                for place in range(end - orders[table], end):
                    mixed = ((mixed + symbols[stream, place]) * MULTIPLIER) & MASK
                    mixed = mixed ^ (mixed >> 15)
                row = mixed % rows + table * rows
                for c in range(columns):
                    found[table * columns + c] = np.float32(tables[row, c]) * scales[row]
            n = stream * time + at
            s[n] = quantise(found, q[n])


@compiled
def normalise(x: Any, q: Any, s: Any) -> None:
    """x (rows, width) → its RMS norm, quantised."""
    for n in range(len(x)):
        s[n] = _normalise(x[n], q[n])


@compiled
def add_and_normalise(x: Any, product: Any, scale: Any, channels: Any, q: Any, s: Any) -> None:
    """Adds a product of quantised rows to x (rows, width), and gives its RMS norm, quantised."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            x[n, c] = x[n, c] + np.float32(product[n, c]) * (scale[n] * channels[c])
        s[n] = _normalise(x[n], q[n])


@compiled
def gated(
    product: Any, scale: Any, channels: Any, gate: Any, carried: Any, r: Any, q: Any, s: Any
) -> None:
    """The recurrence. `product` (batch · time, 6 · state): for z, b and g what the current position
    gives now, then what it gives to the next one. Changes `carried` (batch, 3 · state), what the
    last position gave, and `r` (batch, state), in place. q is r · silu(g)."""
    batch, state = r.shape
    time = len(product) // batch
    made = np.empty(3 * state, np.float32)
    out = np.empty(state, np.float32)
    for stream in range(batch):
        for at in range(time):
            n = stream * time + at
            row, by, last = product[n], scale[n], carried[stream]
            for c in range(3 * state):
                made[c] = np.float32(row[c]) * (by * channels[c]) + last[c]
            for c in range(3 * state):
                last[c] = np.float32(row[3 * state + c]) * (by * channels[3 * state + c])
            for c in range(state):
                z = sigmoid(made[c] + gate[c])
                now = r[stream, c] + z * (made[state + c] - r[stream, c])
                r[stream, c] = now
                g = made[2 * state + c]
                out[c] = now * (g * sigmoid(g))
            s[n] = quantise(out, q[n])


@compiled
def squared(product: Any, scale: Any, channels: Any, q: Any, s: Any) -> None:
    """relu(x)², quantised, of x = product · scale · channels."""
    out = np.empty(product.shape[1], np.float32)
    for n in range(len(product)):
        for c in range(product.shape[1]):
            x = max(np.float32(product[n, c]) * (scale[n] * channels[c]), ZERO)
            out[c] = x * x
        s[n] = quantise(out, q[n])

"""The recurrent model's steps between products, as compiled loops on NumPy arrays.

`codelength_exact.constants` says how each is rounded.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_exact.constants import ONE
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray, IntArray
from codelength_exact.recurrent_shape import MASK, MULTIPLIER
from codelength_exact.scalars import ZERO, quantise, sigmoid


@inlined
def _normalise(x: FloatArray, q: IntArray) -> np.float32:
    """Quantise the RMS norm of a row (width,), and return its scale."""
    quantise(x, q)
    total = np.int32(0)
    for c in range(len(x)):
        value = np.int32(q[c])
        total = np.int32(total + value * value)
    mean = np.float32(max(total, np.int32(1))) / np.float32(len(x))
    return np.float32(ONE / np.sqrt(mean))


@compiled
def look_up_ngrams(
    symbols: NDArray[np.int64],
    orders: NDArray[np.int64],
    entries: CpuRows,
    table_rows: int,
    out: CpuRows,
) -> None:
    """Look up the last n symbols in the table of each order n, and quantise what is there.

    Args:
        symbols: (streams, history − 1 + time): symbols plus one, zero for none.
        orders: (orders,)
        entries: (orders · table_rows, columns): the tables, under each other.
        table_rows: Rows of each table.
        out: (streams · time, orders · columns)
    """
    tables, scales = entries
    out_values, out_scales = out
    columns = tables.shape[1]
    streams, length = symbols.shape
    time = len(out_values) // streams
    ngrams = np.empty(len(orders) * columns, np.float32)
    for stream in range(streams):
        for at in range(time):
            end = length - time + at + 1
            for table in range(len(orders)):
                hashed = np.int64(0)
                for place in range(end - orders[table], end):
                    hashed = ((hashed + symbols[stream, place]) * MULTIPLIER) & MASK
                    hashed = hashed ^ (hashed >> 15)
                row = hashed % table_rows + table * table_rows
                for c in range(columns):
                    ngrams[table * columns + c] = np.float32(tables[row, c]) * scales[row]
            n = stream * time + at
            out_scales[n] = quantise(ngrams, out_values[n])


@compiled
def normalise(x: FloatArray, out: CpuRows) -> None:
    """Quantise the RMS norm of each row of x (rows, width)."""
    values, scales = out
    for n in range(len(x)):
        scales[n] = _normalise(x[n], values[n])


@compiled
def add_and_normalise(x: FloatArray, product: CpuProduct, out: CpuRows) -> None:
    """Add a product (rows, width) without a bias to x, and quantise the RMS norm of that."""
    integers, row_scales, channel_scales, _ = product
    values, scales = out
    for n in range(len(x)):
        for c in range(x.shape[1]):
            x[n, c] = x[n, c] + np.float32(integers[n, c]) * (row_scales[n] * channel_scales[c])
        scales[n] = _normalise(x[n], values[n])


@compiled
def advance_gated(
    product: CpuProduct, gate: FloatArray, carried: FloatArray, r: FloatArray, out: CpuRows
) -> None:
    """Take the gated recurrence r ← r + sigmoid(z) · (b − r), and quantise r · silu(g).

    Args:
        product: (streams · time, 6 · state), without a bias: for z, b and g what the current
            position gives now, then what it gives to the next one.
        gate: (state,), added to z.
        carried: (streams, 3 · state), what the last position gave; changed in place.
        r: (streams, state); changed in place.
        out: (streams · time, state)
    """
    integers, row_scales, channel_scales, _ = product
    values, scales = out
    streams, state = r.shape
    time = len(integers) // streams
    zbg = np.empty(3 * state, np.float32)
    gated = np.empty(state, np.float32)
    for stream in range(streams):
        for at in range(time):
            n = stream * time + at
            row, by, last = integers[n], row_scales[n], carried[stream]
            for c in range(3 * state):
                zbg[c] = np.float32(row[c]) * (by * channel_scales[c]) + last[c]
            for c in range(3 * state):
                last[c] = np.float32(row[3 * state + c]) * (by * channel_scales[3 * state + c])
            for c in range(state):
                z = sigmoid(zbg[c] + gate[c])
                now = r[stream, c] + z * (zbg[state + c] - r[stream, c])
                r[stream, c] = now
                g = zbg[2 * state + c]
                gated[c] = now * (g * sigmoid(g))
            scales[n] = quantise(gated, values[n])


@compiled
def square_relu(product: CpuProduct, out: CpuRows) -> None:
    """Quantise relu(x)² of a product (rows, hidden) without a bias."""
    integers, row_scales, channel_scales, _ = product
    values, scales = out
    hidden = integers.shape[1]
    squares = np.empty(hidden, np.float32)
    for n in range(len(integers)):
        for c in range(hidden):
            x = max(np.float32(integers[n, c]) * (row_scales[n] * channel_scales[c]), ZERO)
            squares[c] = x * x
        scales[n] = quantise(squares, values[n])

"""The recurrent model in compiled loops on NumPy arrays.

`codelength_exact.constants` says how each step is rounded. Rows of arrays are the positions of the
first stream in order, then those of the next.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_exact.constants import ONE, frequency_total
from codelength_exact.kernels import FloatArray, frequencies
from codelength_exact.products import multiply_panels
from codelength_exact.recurrent_shape import MASK, MULTIPLIER
from codelength_exact.scalars import ZERO, quantise, sigmoid

PackedBlocks: TypeAlias = tuple[NDArray[np.int8], NDArray[np.int32], FloatArray]
"""A matrix of each block: panels and start as in `PackedMatrix`, and scales (layers, outputs)."""
Table: TypeAlias = tuple[NDArray[np.int8], FloatArray]
"""Values (rows, columns), and scales (rows,)."""
Input: TypeAlias = tuple[Table, NDArray[np.int64], int, Table, PackedBlocks]
"""Rows of bytes (257, width); orders (orders,); rows of each n-gram table; these tables under each
other (orders · rows, columns); the matrix from what they hold to the width, or none."""
Blocks: TypeAlias = tuple[PackedBlocks, FloatArray, PackedBlocks, PackedBlocks, PackedBlocks]
"""zbg (6 · state, width), gate (state,), out (width, state), up (hidden, width), down (width,
hidden) of each block."""
Head: TypeAlias = tuple[PackedBlocks, FloatArray]
"""The matrix (256, width) and its bias."""
StateTuple: TypeAlias = tuple[NDArray[np.int64], FloatArray, FloatArray]
"""The fields of `compiled_model.RecurrentState`."""

TOTAL = frequency_total(256)


@compiled
def run(
    symbols: NDArray[np.int64],
    input_: Input,
    blocks: Blocks,
    head: Head,
    state: StateTuple,
    out: NDArray[np.int32],
) -> None:
    """Take in symbols, and write the frequencies of what follows each.

    Args:
        symbols: (streams, time)
        input_: What symbols are looked up in.
        blocks: The blocks.
        head: What makes logits.
        state: Of the streams; changed in place.
        out: (streams, time, 256)
    """
    (byte_values, byte_scales), orders, table_rows, tables, lookup = input_
    zbg, gate, back, up, down = blocks
    history, carried, r = state
    streams, time = symbols.shape
    count, width, channels = streams * time, byte_values.shape[1], gate.shape[1]
    hidden = up[2].shape[1]
    x, scales = np.empty((count, width), np.float32), np.empty(count, np.float32)
    for stream in range(streams):
        for at in range(time):
            symbol, n = symbols[stream, at], stream * time + at
            for c in range(width):
                x[n, c] = np.float32(byte_values[symbol, c]) * byte_scales[symbol]
    normed, added = np.empty((count, width), np.int8), np.empty((count, width), np.int32)
    if len(orders):
        ngrams = np.empty((count, len(orders) * tables[0].shape[1]), np.int8)
        _look_up_ngrams(symbols, history, orders, tables, table_rows, ngrams, scales)
        multiply_panels(ngrams, lookup[0][0], lookup[1][0], added)
        _add(x, added, scales, lookup[2][0])
    _normalise(x, normed, scales)
    zbg_sums = np.empty((count, 6 * channels), np.int32)
    gated = np.empty((count, channels), np.int8)
    hidden_sums = np.empty((count, hidden), np.int32)
    squares = np.empty((count, hidden), np.int8)
    for layer in range(len(gate)):
        multiply_panels(normed, zbg[0][layer], zbg[1][layer], zbg_sums)
        product = zbg_sums, scales, zbg[2][layer]
        _advance_gated(product, gate[layer], carried[layer], r[layer], gated)
        multiply_panels(gated, back[0][layer], back[1][layer], added)
        _add(x, added, scales, back[2][layer])
        _normalise(x, normed, scales)
        multiply_panels(normed, up[0][layer], up[1][layer], hidden_sums)
        _square_relu((hidden_sums, scales, up[2][layer]), squares)
        multiply_panels(squares, down[0][layer], down[1][layer], added)
        _add(x, added, scales, down[2][layer])
        _normalise(x, normed, scales)
    (head_panels, head_start, head_scales), bias = head
    logits = np.empty((count, 256), np.int32)
    multiply_panels(normed, head_panels[0], head_start[0], logits)
    no_escapes = np.zeros(count, np.int32)
    rows = out.reshape(count, 256)
    frequencies((logits, scales, head_scales[0], bias), TOTAL, no_escapes, rows)


@inlined
def _normalise(x: FloatArray, q: NDArray[np.int8], scales: FloatArray) -> None:
    """Quantise the RMS norm of each row of x (rows, width)."""
    for n in range(len(x)):
        quantise(x[n], q[n])
        total = np.int32(0)
        for c in range(x.shape[1]):
            value = np.int32(q[n, c])
            total = np.int32(total + value * value)
        mean = np.float32(max(total, np.int32(1))) / np.float32(x.shape[1])
        scales[n] = np.float32(ONE / np.sqrt(mean))


@inlined
def _add(
    x: FloatArray, integers: NDArray[np.int32], row_scales: FloatArray, channel_scales: FloatArray
) -> None:
    """Add a product (rows, width) to x."""
    for n in range(len(x)):
        by = row_scales[n]
        for c in range(x.shape[1]):
            x[n, c] = x[n, c] + np.float32(integers[n, c]) * (by * channel_scales[c])


@compiled
def _look_up_ngrams(
    symbols: NDArray[np.int64],
    history: NDArray[np.int64],
    orders: NDArray[np.int64],
    entries: Table,
    table_rows: int,
    out: NDArray[np.int8],
    out_scales: FloatArray,
) -> None:
    """Look up the last n symbols in the table of each order n, and quantise what is there.

    Args:
        symbols: (streams, time)
        history: (streams, longest order − 1): the symbols before, plus one; brought forward.
        orders: (orders,)
        entries: (orders · table_rows, columns): the tables, under each other.
        table_rows: Rows of each table.
        out: (streams · time, orders · columns)
        out_scales: (streams · time,)
    """
    tables, scales = entries
    columns = tables.shape[1]
    streams, time = symbols.shape
    before = history.shape[1]
    recent = np.empty(before + time, np.int64)
    ngrams = np.empty(len(orders) * columns, np.float32)
    for stream in range(streams):
        recent[:before] = history[stream]
        recent[before:] = symbols[stream] + 1
        history[stream] = recent[time:]
        for at in range(time):
            end = before + at + 1
            for table in range(len(orders)):
                hashed = np.int64(0)
                for place in range(end - orders[table], end):
                    hashed = ((hashed + recent[place]) * MULTIPLIER) & MASK
                    hashed = hashed ^ (hashed >> 15)
                row = hashed % table_rows + table * table_rows
                for c in range(columns):
                    ngrams[table * columns + c] = np.float32(tables[row, c]) * scales[row]
            n = stream * time + at
            out_scales[n] = quantise(ngrams, out[n])


@compiled
def _advance_gated(
    product: tuple[NDArray[np.int32], FloatArray, FloatArray],
    gate: FloatArray,
    carried: FloatArray,
    r: FloatArray,
    out: NDArray[np.int8],
) -> None:
    """Take the gated recurrence r ← r + sigmoid(z) · (b − r), and quantise r · silu(g).

    Args:
        product: Integers (streams · time, 6 · state), row scales, which become those of `out`, and
            channel scales: for z, b and g what the current position gives now, then what it gives
            to the next one.
        gate: (state,), added to z.
        carried: (streams, 3 · state), what the last position gave; changed in place.
        r: (streams, state); changed in place.
        out: (streams · time, state)
    """
    integers, scales, channel_scales = product
    streams, state = r.shape
    time = len(integers) // streams
    zbg = np.empty(3 * state, np.float32)
    gated = np.empty(state, np.float32)
    for stream in range(streams):
        for at in range(time):
            n = stream * time + at
            row, by, last = integers[n], scales[n], carried[stream]
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
            scales[n] = quantise(gated, out[n])


@compiled
def _square_relu(
    product: tuple[NDArray[np.int32], FloatArray, FloatArray], out: NDArray[np.int8]
) -> None:
    """Quantise relu(x)² of a product (rows, hidden): integers, row scales, channel scales.

    The row scales become those of `out`.
    """
    integers, scales, channel_scales = product
    hidden = integers.shape[1]
    squares = np.empty(hidden, np.float32)
    for n in range(len(integers)):
        for c in range(hidden):
            x = max(np.float32(integers[n, c]) * (scales[n] * channel_scales[c]), ZERO)
            squares[c] = x * x
        scales[n] = quantise(squares, out[n])

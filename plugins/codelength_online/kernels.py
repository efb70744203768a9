"""The model's steps between products, forward and backward, as compiled loops over positions.

Arrays are (positions, columns). The rows are the first byte of each stream, then the second of
each, and so on; the previous byte of a stream is `streams` rows above. Arrays that are read there
begin with the last `streams` rows of the block before. Every float operation is rounded by itself,
and every sum runs in the order of its loop.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_exact.recurrent_shape import MASK, MULTIPLIER
from codelength_exact.scalars import sigmoid

Floats: TypeAlias = NDArray[np.float32]
Settings: TypeAlias = tuple[np.float32, np.float32, np.float32, np.float32, np.float32]
"""Of Adam: two decays, two divisors of the averages, and the largest magnitude of a weight."""
Tables: TypeAlias = tuple[NDArray[np.int64], int, Floats, Floats]
"""orders (orders,); the rows of each table; the rows of bytes (257, width); the tables under each
other (orders · rows, columns)."""
Cells: TypeAlias = tuple[Floats, Floats, Floats, Floats, Floats]
"""z, b, g and sigmoid(g) (positions, state); r (streams + positions, state)."""

ONE, ZERO, TINY = np.float32(1), np.float32(0), np.float32(1e-6)


@compiled
def embed(
    symbols: NDArray[np.int64],
    streams: int,
    tables: Tables,
    rows: NDArray[np.int64],
    ngrams: Floats,
    x: Floats,
) -> None:
    """Look up the last byte, and the last n bytes in the table of each order n.

    Args:
        symbols: (history · streams + positions,): bytes plus one, zero for none.
        streams: How many streams there are.
        tables: What is looked up.
        rows: (positions, orders), filled with the rows of the tables.
        ngrams: (positions, orders · columns), filled with what stands there.
        x: (positions, width), filled with what stands for the last byte.
    """
    orders, size, byte, entries = tables
    columns = entries.shape[1]
    for n in range(len(x)):
        end = len(symbols) - len(x) + n
        x[n] = byte[symbols[end]]
        for table in range(len(orders)):
            hashed = np.int64(0)
            for grad in range(orders[table] - 1, -1, -1):
                hashed = ((hashed + symbols[end - grad * streams]) * MULTIPLIER) & MASK
                hashed = hashed ^ (hashed >> 15)
            row = hashed % size + table * size
            rows[n, table] = row
            ngrams[n, table * columns : (table + 1) * columns] = entries[row]


@compiled
def normalise(x: Floats, out: Floats, inverse: Floats) -> None:
    """Write the RMS norm of each row to `out`, and the factor of the row to `inverse`."""
    width = x.shape[1]
    for n in range(len(x)):
        total = ZERO
        for c in range(width):
            total += x[n, c] * x[n, c]
        by = ONE / np.sqrt(total / np.float32(width) + TINY)
        inverse[n] = by
        for c in range(width):
            out[n, c] = x[n, c] * by


@compiled
def add_norm_grad(grad: Floats, out: Floats, inverse: Floats, gradient: Floats) -> None:
    """Add to the `gradient` of x what the gradient `grad` of its norm `out` comes to."""
    width = out.shape[1]
    for n in range(len(out)):
        total = ZERO
        for c in range(width):
            total += grad[n, c] * out[n, c]
        mean = total / np.float32(width)
        for c in range(width):
            gradient[n, c] += (grad[n, c] - out[n, c] * mean) * inverse[n]


@compiled
def advance_gated(zbg: Floats, streams: int, gate: Floats, cells: Cells, out: Floats) -> None:
    """Take the gated recurrence r ← r + sigmoid(z) · (b − r), and write r · silu(g) to `out`.

    Args:
        zbg: (streams + positions, 6 · state): for z, b and g what a position gives to its own, then
            what it gives to those of the next position.
        streams: How many streams there are.
        gate: (state,), added to z.
        cells: All of them are filled, and kept for the gradient.
        out: (positions, state)
    """
    z, b, g, s, r = cells
    state = out.shape[1]
    for n in range(len(out)):
        now, before = zbg[n + streams], zbg[n]
        for c in range(state):
            z[n, c] = sigmoid(now[c] + before[3 * state + c] + gate[c])
            b[n, c] = now[state + c] + before[4 * state + c]
            g[n, c] = now[2 * state + c] + before[5 * state + c]
            s[n, c] = sigmoid(g[n, c])
            r[n + streams, c] = r[n, c] + z[n, c] * (b[n, c] - r[n, c])
            out[n, c] = r[n + streams, c] * (g[n, c] * s[n, c])


@compiled
def gated_grad(
    grad: Floats, streams: int, cells: Cells, zbg_grad: Floats, gate_grad: Floats
) -> None:
    """Write the gradients of `zbg` (positions, 6 · state) and `gate` from `grad`, that of `out`."""
    z, b, g, s, r = cells
    count, state = grad.shape
    later = np.zeros((streams, state), np.float32)
    gate_grad[:] = ZERO
    for n in range(count - 1, -1, -1):
        row, stream = zbg_grad[n], n % streams
        for c in range(state):
            silu = g[n, c] * s[n, c]
            now = grad[n, c] * silu + later[stream, c]
            later[stream, c] = (ONE - z[n, c]) * now
            row[c] = (b[n, c] - r[n, c]) * now * (z[n, c] * (ONE - z[n, c]))
            row[state + c] = z[n, c] * now
            slope = s[n, c] + silu * (ONE - s[n, c])
            row[2 * state + c] = grad[n, c] * r[n + streams, c] * slope
            gate_grad[c] += row[c]
        if n + streams < count:
            for c in range(3 * state):
                row[3 * state + c] = zbg_grad[n + streams, c]
        else:
            for c in range(3 * state):
                row[3 * state + c] = ZERO


@compiled
def square_relu(x: Floats, out: Floats) -> None:
    """Write relu(x)² to `out`."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            above = max(x[n, c], ZERO)
            out[n, c] = above * above


@compiled
def square_relu_grad(x: Floats, grad: Floats) -> None:
    """Turn `grad`, the gradient of relu(x)², into that of x, in place."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            above = max(x[n, c], ZERO)
            grad[n, c] = grad[n, c] * (above + above)


@compiled
def cross_entropy_grad(
    frequencies: NDArray[np.int32], symbols: NDArray[np.int64], out: Floats, bias_grad: Floats
) -> None:
    """Write the gradient of the mean code length of `symbols`, in nats.

    That of the logits goes to `out`: the probability of each byte, less one for the byte that came,
    divided by the number of symbols. That of the bias is its sum over the positions.
    """
    bias_grad[:] = ZERO
    part = ONE / np.float32(len(symbols))
    for n in range(len(symbols)):
        total = np.int32(0)
        for c in range(out.shape[1]):
            total = np.int32(total + frequencies[n, c])
        by = part / np.float32(total)
        for c in range(out.shape[1]):
            out[n, c] = np.float32(frequencies[n, c]) * by
        out[n, symbols[n]] -= part
        for c in range(out.shape[1]):
            bias_grad[c] += out[n, c]


@compiled
def adam(
    x: Floats, grad: Floats, mean: Floats, square: Floats, rate: np.float32, settings: Settings
) -> None:
    """Take one step of Adam (Kingma and Ba 2015) on a flat parameter x.

    Weights are bounded, so that all that is computed from them stays finite.
    """
    decay1, decay2, whole1, whole2, most = settings
    for i in range(len(x)):
        mean[i] = decay1 * mean[i] + (ONE - decay1) * grad[i]
        square[i] = decay2 * square[i] + (ONE - decay2) * (grad[i] * grad[i])
        size = np.sqrt(square[i] / whole2) + np.float32(1e-8)
        moved = x[i] - rate * (mean[i] / whole1) / size
        moved = moved if moved > -most else -most
        x[i] = moved if moved < most else most


@compiled
def adagrad(
    x: Floats,
    sums: Floats,
    rows: NDArray[np.int64],
    grad: Floats,
    rate: np.float32,
    most: np.float32,
) -> None:
    """Take one step of Adagrad on the rows of tables that were looked up.

    A row's rate falls with the squares of the gradients that it has met.

    Args:
        x: (rows, columns), the tables under each other.
        sums: (rows,), the sums of those squares.
        rows: (positions, tables), taken in this order.
        grad: (positions, tables · columns), the gradient.
        rate: The rate in the beginning.
        most: The largest magnitude of a weight.
    """
    columns = x.shape[1]
    for n in range(len(rows)):
        for table in range(rows.shape[1]):
            row, first = rows[n, table], table * columns
            total = ZERO
            for c in range(columns):
                total += grad[n, first + c] * grad[n, first + c]
            sums[row] += total / np.float32(columns)
            by = rate / (np.sqrt(sums[row]) + np.float32(1e-8))
            for c in range(columns):
                moved = x[row, c] - by * grad[n, first + c]
                moved = moved if moved > -most else -most
                x[row, c] = moved if moved < most else most

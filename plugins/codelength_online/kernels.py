"""What the model does between products, forth and back, as compiled loops over positions.

Positions of all lanes stand in one column, a step of every lane after the other, so that what came
before a position in its lane stands `lanes` rows above it. Arrays that look back have that many
rows in front. Every float operation is its own and every sum runs in the order of its loop.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_exact.recurrent_shape import MASK, MULTIPLIER
from codelength_exact.scalars import sigmoid

Floats: TypeAlias = NDArray[np.float32]
Settings: TypeAlias = tuple[np.float32, np.float32, np.float32, np.float32, np.float32]

ONE, ZERO, TINY = np.float32(1), np.float32(0), np.float32(1e-6)


@compiled
def embed(
    symbols: NDArray[np.int64],
    lanes: int,
    orders: NDArray[np.int64],
    size: int,
    byte: Floats,
    tables: Floats,
    rows: NDArray[np.int64],
    found: Floats,
    x: Floats,
) -> None:
    """`symbols` (history · lanes + positions) are bytes plus one, none being 0.

    Which rows of the tables are for the last n of them, what stands there (positions, orders ·
    columns), and what stands for the last byte.
    """
    columns = tables.shape[1]
    for n in range(len(x)):
        end = len(symbols) - len(x) + n
        x[n] = byte[symbols[end]]
        for table in range(len(orders)):
            mixed = np.int64(0)
            for back in range(orders[table] - 1, -1, -1):
                mixed = ((mixed + symbols[end - back * lanes]) * MULTIPLIER) & MASK
                mixed = mixed ^ (mixed >> 15)
            row = mixed % size + table * size
            rows[n, table] = row
            found[n, table * columns : (table + 1) * columns] = tables[row]


@compiled
def normalise(x: Floats, out: Floats, inverse: Floats) -> None:
    """RMS norm of each row, and what the row was multiplied with."""
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
def add_normalised_back(back: Floats, out: Floats, inverse: Floats, gradient: Floats) -> None:
    """Adds to the `gradient` of x what comes `back` to its norm `out`."""
    width = out.shape[1]
    for n in range(len(out)):
        total = ZERO
        for c in range(width):
            total += back[n, c] * out[n, c]
        mean = total / np.float32(width)
        for c in range(width):
            gradient[n, c] += (back[n, c] - out[n, c] * mean) * inverse[n]


@compiled
def gated(
    made: Floats,
    lanes: int,
    gate: Floats,
    z: Floats,
    b: Floats,
    g: Floats,
    s: Floats,
    r: Floats,
    out: Floats,
) -> None:
    """The recurrence.

    `made` (lanes + positions, 6 · state): for z, b and g what a position gives now, then what it
    gives to the next one. r (lanes + positions, state); s = sigmoid(g).
    """
    state = out.shape[1]
    for n in range(len(out)):
        now, before = made[n + lanes], made[n]
        for c in range(state):
            z[n, c] = sigmoid(now[c] + before[3 * state + c] + gate[c])
            b[n, c] = now[state + c] + before[4 * state + c]
            g[n, c] = now[2 * state + c] + before[5 * state + c]
            s[n, c] = sigmoid(g[n, c])
            r[n + lanes, c] = r[n, c] + z[n, c] * (b[n, c] - r[n, c])
            out[n, c] = r[n + lanes, c] * (g[n, c] * s[n, c])


@compiled
def gated_back(
    back: Floats,
    lanes: int,
    z: Floats,
    b: Floats,
    g: Floats,
    s: Floats,
    r: Floats,
    made_back: Floats,
    gate_back: Floats,
) -> None:
    """From what comes back to `out`, what comes back to `made` (positions only) and to `gate`."""
    count, state = back.shape
    later = np.zeros((lanes, state), np.float32)
    gate_back[:] = ZERO
    for n in range(count - 1, -1, -1):
        row, lane = made_back[n], n % lanes
        for c in range(state):
            silu = g[n, c] * s[n, c]
            now = back[n, c] * silu + later[lane, c]
            later[lane, c] = (ONE - z[n, c]) * now
            row[c] = (b[n, c] - r[n, c]) * now * (z[n, c] * (ONE - z[n, c]))
            row[state + c] = z[n, c] * now
            slope = s[n, c] + silu * (ONE - s[n, c])
            row[2 * state + c] = back[n, c] * r[n + lanes, c] * slope
            gate_back[c] += row[c]
        if n + lanes < count:
            for c in range(3 * state):
                row[3 * state + c] = made_back[n + lanes, c]
        else:
            for c in range(3 * state):
                row[3 * state + c] = ZERO


@compiled
def squared(x: Floats, out: Floats) -> None:
    """relu(x)²."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            above = max(x[n, c], ZERO)
            out[n, c] = above * above


@compiled
def squared_back(x: Floats, back: Floats) -> None:
    """`back` of relu(x)² becomes that of x."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            above = max(x[n, c], ZERO)
            back[n, c] = back[n, c] * (above + above)


@compiled
def law_back(
    frequencies: NDArray[np.int32], symbols: NDArray[np.int64], out: Floats, bias_back: Floats
) -> None:
    """What comes back to the logits from the mean code length of `symbols`, in nats.

    What the frequencies say of each byte, less what came. And what comes back to their bias.
    """
    bias_back[:] = ZERO
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
            bias_back[c] += out[n, c]


@compiled
def adam(
    x: Floats, back: Floats, mean: Floats, square: Floats, rate: np.float32, settings: Settings
) -> None:
    """One step of Adam (Kingma and Ba 2015) on a flat parameter.

    `settings`: two decays, and what the averages have to be divided by so early on; a weight stays
    within ± the last of them, and with it all that is made of weights stays finite.
    """
    decay1, decay2, whole1, whole2, most = settings
    for i in range(len(x)):
        mean[i] = decay1 * mean[i] + (ONE - decay1) * back[i]
        square[i] = decay2 * square[i] + (ONE - decay2) * (back[i] * back[i])
        size = np.sqrt(square[i] / whole2) + np.float32(1e-8)
        moved = x[i] - rate * (mean[i] / whole1) / size
        moved = moved if moved > -most else -most
        x[i] = moved if moved < most else most


@compiled
def adagrad(
    x: Floats,
    sums: Floats,
    rows: NDArray[np.int64],
    back: Floats,
    rate: np.float32,
    most: np.float32,
) -> None:
    """Take one step of Adagrad on the rows of tables that were looked up.

    A row's rate falls with the squares of the gradients that it has met.

    Args:
        x: (rows, columns), the tables under each other.
        sums: (rows,), the sums of those squares.
        rows: (positions, tables), taken in this order.
        back: (positions, tables · columns), the gradient.
        rate: The rate in the beginning.
        most: The largest magnitude of a weight.
    """
    columns = x.shape[1]
    for n in range(len(rows)):
        for table in range(rows.shape[1]):
            row, first = rows[n, table], table * columns
            total = ZERO
            for c in range(columns):
                total += back[n, first + c] * back[n, first + c]
            sums[row] += total / np.float32(columns)
            by = rate / (np.sqrt(sums[row]) + np.float32(1e-8))
            for c in range(columns):
                moved = x[row, c] - by * back[n, first + c]
                moved = moved if moved > -most else -most
                x[row, c] = moved if moved < most else most

"""The transformer's steps between products, but for attention, as compiled loops on NumPy arrays.

`constants` says how each is rounded. Rows are (streams · time, columns): the positions of the first
stream in order, then those of the next.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_exact.constants import FARTHEST, LOG2E, MAGIC, ONE, UNITS
from codelength_exact.kernels import CpuProduct, CpuRows, FloatArray
from codelength_exact.scalars import (
    LOWEST,
    ZERO,
    exp2,
    gelu,
    gelu_tanh,
    largest_magnitude,
    of_ordered,
    ordered,
    quantise,
    sigmoid,
    silu,
)
from codelength_hf.constants import GRID

NormTuple: TypeAlias = tuple[FloatArray, FloatArray, float, bool]
"""The fields of `backend.Norm`."""

GELU, GELU_TANH, SILU, RELU, RELU2 = range(5)
TWO = np.float32(2)


@inlined
def write_norm(
    x: FloatArray,
    gain: FloatArray,
    bias: FloatArray,
    epsilon: float,
    centred: bool,
    out: FloatArray,
) -> None:
    """Write the layer norm of a row x (columns,) to out, or its RMS norm if it is not centred."""
    columns = len(x)
    grid = GRID / largest_magnitude(x)
    total, squares = np.int64(0), np.int64(0)
    for c in range(columns):
        value = np.int32(x[c] * grid + MAGIC - MAGIC)
        total += value
        squares += np.int32(value * value)
    wide = np.float64(grid)
    mean = np.float64(total) / np.float64(columns) if centred else np.float64(0)
    square = max(np.float64(squares) / np.float64(columns) - mean * mean, np.float64(0))
    by = grid / np.sqrt(np.float32(square + epsilon * wide * wide))
    middle = np.float32(mean / wide)
    for c in range(columns):
        out[c] = (x[c] - middle) * by * gain[c] + bias[c]


@compiled
def normalise(x: FloatArray, norm: NormTuple, rows: CpuRows) -> None:
    """Quantise the norm of each row of x (rows, columns)."""
    gain, bias, epsilon, centred = norm
    values, scales = rows
    out = np.empty(x.shape[1], np.float32)
    for n in range(len(x)):
        write_norm(x[n], gain, bias, epsilon, centred, out)
        scales[n] = quantise(out, values[n])


@compiled
def normed(x: FloatArray, norm: NormTuple, out: FloatArray) -> None:
    """Write the norm of each row of x (rows, columns) to out."""
    gain, bias, epsilon, centred = norm
    for n in range(len(x)):
        write_norm(x[n], gain, bias, epsilon, centred, out[n])


@compiled
def quantise_rows(x: FloatArray, rows: CpuRows) -> None:
    """Quantise each row of x (rows, columns)."""
    values, scales = rows
    for n in range(len(x)):
        scales[n] = quantise(x[n], values[n])


@compiled
def write(x: FloatArray, product: CpuProduct) -> None:
    """Write a product (rows, columns) to x."""
    integers, row_scales, channel_scales, bias = product
    for n in range(len(x)):
        by = row_scales[n]
        for c in range(x.shape[1]):
            x[n, c] = np.float32(integers[n, c]) * (by * channel_scales[c]) + bias[c]


@inlined
def capped(x: np.float32, most: np.float32) -> np.float32:
    """Return most · tanh(x / most), where tanh(u) = 2 · sigmoid(2u) − 1."""
    s = sigmoid(x * (TWO / most))
    return (s + s - ONE) * most


@compiled
def cap(x: FloatArray, most: np.float32) -> None:
    """Turn x (rows, columns) into most · tanh(x / most), in place."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            x[n, c] = capped(x[n, c], most)


@compiled
def to_sigmoid(x: FloatArray) -> None:
    """Turn x (rows, columns) into its sigmoid, in place."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            x[n, c] = sigmoid(x[n, c])


@compiled
def route(
    logits: FloatArray, normalised: bool, experts: NDArray[np.int64], weights: FloatArray
) -> None:
    """Choose the experts with the largest logits, and weigh them.

    Args:
        logits: (rows, experts)
        normalised: The weights of the chosen ones sum to one, else those of all experts.
        experts: (rows, chosen), is written.
        weights: (rows, chosen), is written.
    """
    count, chosen = logits.shape[1], experts.shape[1]
    e = np.empty(count, np.int64)
    for n in range(len(logits)):
        most = LOWEST
        for c in range(count):
            most = max(most, ordered(logits[n, c] * LOG2E))
        top, total = of_ordered(most), np.int64(0)
        for c in range(count):
            e[c] = np.int64(exp2(max(logits[n, c] * LOG2E - top, -FARTHEST)) * UNITS)
            total += e[c]
        of_chosen = np.int64(0)
        for rank in range(chosen):
            best = -1
            for c in range(count):
                is_taken = False
                for before in range(rank):
                    is_taken |= experts[n, before] == c
                if not is_taken and (best < 0 or logits[n, c] > logits[n, best]):
                    best = c
            experts[n, rank] = best
            of_chosen += e[best]
        whole = np.float32(max(of_chosen if normalised else total, np.int64(1)))
        for rank in range(chosen):
            weights[n, rank] = np.float32(e[experts[n, rank]]) / whole


@compiled
def add(x: FloatArray, product: CpuProduct) -> None:
    """Add a product (rows, columns) to x."""
    integers, row_scales, channel_scales, bias = product
    for n in range(len(x)):
        by = row_scales[n]
        for c in range(x.shape[1]):
            x[n, c] = x[n, c] + (np.float32(integers[n, c]) * (by * channel_scales[c]) + bias[c])


@compiled
def activate(  # noqa: C901 - one loop, for speed
    kind: int, gated: bool, product: CpuProduct, rows: CpuRows
) -> None:
    """Quantise the activation of a product (rows, hidden).

    A gated one is (rows, 2 · hidden): the activation of its first half, times the second.
    """
    integers, row_scales, channel_scales, bias = product
    values, scales = rows
    hidden = values.shape[1]
    out = np.empty(hidden, np.float32)
    for n in range(len(integers)):
        by = row_scales[n]
        for c in range(hidden):
            out[c] = np.float32(integers[n, c]) * (by * channel_scales[c]) + bias[c]
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
                up = np.float32(integers[n, at]) * (by * channel_scales[at]) + bias[at]
                out[c] = out[c] * up
        scales[n] = quantise(out, values[n])

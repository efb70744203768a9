"""The exact transformer's steps between products, but for attention, as compiled loops on NumPy
arrays. `fixed` states the laws. Rows are (streams · time, columns), the positions of a stream
together and in order."""

from typing import Any

import numpy as np

from codelength.coding.compiled import compiled, inlined
from codelength_exact.constants import MAGIC
from codelength_exact.scalars import (
    ZERO,
    gelu,
    gelu_tanh,
    largest_magnitude,
    quantise,
    silu,
)
from codelength_hf.constants import GRID

GELU, GELU_TANH, SILU, RELU, RELU2 = range(5)


@inlined
def normed(x: Any, gain: Any, bias: Any, epsilon: Any, centre: Any, out: Any) -> None:
    """Writes the layer norm of a row to out, or its RMS norm where it is not centred."""
    columns = len(x)
    grid = GRID / largest_magnitude(x)
    total, squares = np.int64(0), np.int64(0)
    for c in range(columns):
        value = np.int32(x[c] * grid + MAGIC - MAGIC)
        total += value
        squares += np.int32(value * value)
    wide = np.float64(grid)
    mean = np.float64(total) / np.float64(columns) if centre else np.float64(0)
    square = max(np.float64(squares) / np.float64(columns) - mean * mean, np.float64(0))
    by = grid / np.sqrt(np.float32(square + epsilon * wide * wide))
    middle = np.float32(mean / wide)
    for c in range(columns):
        out[c] = (x[c] - middle) * by * gain[c] + bias[c]


@compiled
def normalise(x: Any, gain: Any, bias: Any, epsilon: Any, centre: Any, q: Any, s: Any) -> None:
    """The norm of each row of x, quantised."""
    out = np.empty(x.shape[1], np.float32)
    for n in range(len(x)):
        normed(x[n], gain, bias, epsilon, centre, out)
        s[n] = quantise(out, q[n])


@compiled
def add(x: Any, product: Any, scale: Any, channels: Any, bias: Any) -> None:
    """Adds to x what quantised rows gave in a matrix."""
    for n in range(len(x)):
        for c in range(x.shape[1]):
            x[n, c] = x[n, c] + (np.float32(product[n, c]) * (scale[n] * channels[c]) + bias[c])


@compiled
def activate(
    kind: Any, gated: Any, product: Any, scale: Any, channels: Any, bias: Any, q: Any, s: Any
) -> None:
    """The activation of what quantised rows gave in a matrix, quantised; gated: its first half,
    multiplied by the second."""
    hidden = q.shape[1]
    out = np.empty(hidden, np.float32)
    for n in range(len(product)):
        by = scale[n]
        for c in range(hidden):
            out[c] = np.float32(product[n, c]) * (by * channels[c]) + bias[c]
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
                out[c] = out[c] * (np.float32(product[n, at]) * (by * channels[at]) + bias[at])
        s[n] = quantise(out, q[n])


@compiled
def quantise_rows(x: Any, q: Any, s: Any) -> None:
    """x (rows, columns), quantised."""
    for n in range(len(x)):
        s[n] = quantise(x[n], q[n])

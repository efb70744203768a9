"""The elementwise functions of `constants`, compiled to be inlined in loops, and activations.

Loops are written so that LLVM may use vectors without reordering a float sum: maxima are taken over
the bit patterns of floats, as integers, and sums over integers.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from codelength.coding.compiled import inlined
from codelength_exact.constants import (
    EXP2,
    FARTHEST,
    LARGEST,
    LOG2E,
    MAGIC,
    ONE,
    SMALLEST,
    WIDEST,
)

C6, C5, C4, C3, C2, C1, C0 = EXP2
ZERO, HALF, TWO = np.float32(0), np.float32(0.5), np.float32(2)
LOWEST = np.int32(-0x80000000)
"""Below whatever `ordered` gives."""

ROOT_HALF = np.float32(0.70710677)
ERF = np.float32(0.3275911)
ERF5, ERF4, ERF3, ERF2, ERF1 = (
    np.float32(c) for c in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
)
"""Abramowitz and Stegun 7.1.26: erf to 1.5e-7."""
ATANH = tuple(np.float32(1 / n) for n in range(15, 1, -2))
"""Coefficients of atanh(s) / s in s², highest first, off by 1e-8 for s ≤ 1/3."""
A15, A13, A11, A9, A7, A5, A3 = ATANH
GELU_CUBE = np.float32(0.044715)
GELU_TANH = np.float32(1.5957692)
"""2 · sqrt(2 / π): gelu by tanh(u) is x · sigmoid(2u)."""


def _reinterpreted(source: types.Type, target: types.Type, form: ir.Type) -> Callable[..., Any]:
    """Return an intrinsic that gives the value of type `target` with the bits of a `source`."""

    def typed(
        _context: Context,
        _value: types.Type,
    ) -> tuple[Signature, Callable[..., ir.Value]]:
        def generate(
            _context: BaseContext,
            builder: ir.IRBuilder,
            _signature: Signature,
            args: Sequence[ir.Value],
        ) -> ir.Value:
            return builder.bitcast(args[0], form)

        return target(source), generate

    return cast("Callable[..., Any]", intrinsic(typed))


bits: Callable[[np.float32], np.int32] = _reinterpreted(types.float32, types.int32, ir.IntType(32))
of_bits: Callable[[np.int32], np.float32] = _reinterpreted(
    types.int32, types.float32, ir.FloatType()
)


@inlined
def ordered(x: np.float32) -> np.int32:
    """Return an int32 that grows with x."""
    return np.int32(bits(x) ^ (np.int32(bits(x) >> 31) & 0x7FFFFFFF))


@inlined
def of_ordered(i: np.int32) -> np.float32:
    """Return the float32 that `ordered` made i of."""
    return of_bits(np.int32(i ^ (np.int32(i >> 31) & 0x7FFFFFFF)))


@inlined
def largest_magnitude(x: NDArray[np.float32]) -> np.float32:
    """Return max |x| over a row (columns,), or SMALLEST."""
    largest = np.int32(0)
    for c in range(len(x)):
        largest = max(largest, np.int32(bits(x[c]) & 0x7FFFFFFF))
    return max(of_bits(largest), SMALLEST)


@inlined
def quantise(x: NDArray[np.float32], q: NDArray[np.signedinteger]) -> np.float32:
    """Write the quantised values of a row x (columns,) to q (columns,), and return its scale.

    An int16 row is a wide one.
    """
    levels = WIDEST if q.itemsize == 2 else LARGEST
    most = largest_magnitude(x)
    inverse = levels / most
    for c in range(len(x)):
        q[c] = x[c] * inverse + MAGIC - MAGIC
    return most / levels


@inlined
def exp2(y: np.float32) -> np.float32:
    """Return 2^y for |y| ≤ 126."""
    shifted = y + MAGIC
    f = y - (shifted - MAGIC)
    p = ((((((C6 * f + C5) * f + C4) * f + C3) * f + C2) * f) + C1) * f + C0
    return of_bits(np.int32(bits(p) + np.int32(bits(shifted) << 23)))


@inlined
def sigmoid(x: np.float32) -> np.float32:
    """Return 1 / (1 + e^-x)."""
    y = min(max(-x * LOG2E, -FARTHEST), FARTHEST)
    return ONE / (ONE + exp2(y))


@inlined
def silu(x: np.float32) -> np.float32:
    """Return x · sigmoid(x)."""
    return x * sigmoid(x)


@inlined
def softplus(x: np.float32) -> np.float32:
    """Return ln(1 + e^x), where ln(1 + u) = 2 · atanh(u / (u + 2))."""
    u = exp2(max(-abs(x) * LOG2E, -FARTHEST))
    s = u / (u + TWO)
    q = s * s
    series = ((((((A15 * q + A13) * q + A11) * q + A9) * q + A7) * q + A5) * q + A3) * q + ONE
    return max(x, ZERO) + (s + s) * series


@inlined
def gelu_tanh(x: np.float32) -> np.float32:
    """Return the gelu of GPT-2."""
    return x * sigmoid((x + x * x * x * GELU_CUBE) * GELU_TANH)


@inlined
def gelu(x: np.float32) -> np.float32:
    """Return x · Φ(x), where Φ(x) = (1 + erf(x / √2)) / 2."""
    z = abs(x) * ROOT_HALF
    t = ONE / (ONE + ERF * z)
    series = ((((ERF5 * t + ERF4) * t + ERF3) * t + ERF2) * t + ERF1) * t
    tail = series * exp2(max(-(z * z) * LOG2E, -FARTHEST)) * HALF
    return x * (tail if x < ZERO else ONE - tail)

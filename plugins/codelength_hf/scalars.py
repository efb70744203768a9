"""The elementwise functions of `codelength_lm.fixed`, compiled to be inlined in loops, and the
activations of transformers made out of them.

Each operation is one IEEE float32 operation: without fastmath, Numba neither reassociates nor
contracts a product and a sum. Maxima are taken over bit patterns, as integers, so that LLVM may use
vectors for them.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from codelength_lm.fixed import EXP2, FARTHEST, LARGEST, LOG2E, MAGIC, ONE, SMALLEST

C6, C5, C4, C3, C2, C1, C0 = EXP2
ZERO, HALF = np.float32(0), np.float32(0.5)

ROOT_HALF = np.float32(0.70710677)
ERF = np.float32(0.3275911)
ERF5, ERF4, ERF3, ERF2, ERF1 = (
    np.float32(c) for c in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
)
"""Abramowitz and Stegun 7.1.26: erf to 1.5e-7."""
GELU_CUBE = np.float32(0.044715)
GELU_TANH = np.float32(1.5957692)
"""2 · sqrt(2 / π): gelu by tanh(u) is x · sigmoid(2u)."""

compiled = njit(cache=True, nogil=True, error_model="numpy")
inlined = njit(cache=True, nogil=True, error_model="numpy", inline="always")


def _bits(context: Any, value: Any) -> Any:
    """The bit pattern of a float32, as an int32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate


bits: Any = intrinsic(_bits)


def _of_bits(context: Any, value: Any) -> Any:
    """The float32 with a bit pattern."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


of_bits: Any = intrinsic(_of_bits)


@inlined
def ordered(x: Any) -> Any:
    """An int32 that grows with x; its own inverse on bit patterns."""
    return np.int32(bits(x) ^ (np.int32(bits(x) >> 31) & 0x7FFFFFFF))


@inlined
def of_ordered(i: Any) -> Any:
    """The float32 behind `ordered`."""
    return of_bits(np.int32(i ^ (np.int32(i >> 31) & 0x7FFFFFFF)))


@inlined
def largest_magnitude(x: Any) -> Any:
    """max |x| over a row, or SMALLEST."""
    largest = np.int32(0)
    for c in range(len(x)):
        largest = max(largest, np.int32(bits(x[c]) & 0x7FFFFFFF))
    return max(of_bits(largest), SMALLEST)


@inlined
def quantise(x: Any, q: Any) -> Any:
    """Writes a row's int8 values to q; returns its scale. q may be x."""
    most = largest_magnitude(x)
    inverse = LARGEST / most
    for c in range(len(x)):
        q[c] = x[c] * inverse + MAGIC - MAGIC
    return most / LARGEST


@inlined
def exp2(y: Any) -> Any:
    """2^y for |y| ≤ 126."""
    shifted = y + MAGIC
    f = y - (shifted - MAGIC)
    p = ((((((C6 * f + C5) * f + C4) * f + C3) * f + C2) * f) + C1) * f + C0
    return of_bits(np.int32(bits(p) + np.int32(bits(shifted) << 23)))


@inlined
def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    y = min(max(-x * LOG2E, -FARTHEST), FARTHEST)
    return ONE / (ONE + exp2(y))


@inlined
def silu(x: Any) -> Any:
    """x · sigmoid(x)."""
    return x * sigmoid(x)


@inlined
def gelu_tanh(x: Any) -> Any:
    """The gelu of GPT-2."""
    return x * sigmoid((x + x * x * x * GELU_CUBE) * GELU_TANH)


@inlined
def gelu(x: Any) -> Any:
    """x · Φ(x), where Φ(x) = (1 + erf(x / √2)) / 2."""
    z = abs(x) * ROOT_HALF
    t = ONE / (ONE + ERF * z)
    series = ((((ERF5 * t + ERF4) * t + ERF3) * t + ERF2) * t + ERF1) * t
    tail = series * exp2(max(-(z * z) * LOG2E, -FARTHEST)) * HALF
    return x * (tail if x < ZERO else ONE - tail)

"""Rotary tables that are the same on every machine.

A vendor's sine may differ in the last bit. Here the frequencies and the first angle come from
decimal arithmetic, whose exp and ln are correctly rounded, and the rest from float64 additions and
multiplications, each its own operation; then all is rounded to float32.
"""

from decimal import Context, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from codelength_hf.architecture import Rotary

DIGITS = 40
PI = 3.141592653589793


def rotary_table(rotary: Rotary, positions: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return cosines and sines, each (positions, columns / 2)."""
    angles = _frequencies(rotary)
    with localcontext(Context(prec=DIGITS)):
        first = [_cosine_and_sine(Decimal(float(angle))) for angle in angles]
    step_cos, step_sin = (np.array(column, np.float64) for column in zip(*first, strict=True))
    cos = np.ones((positions, len(angles)))
    sin = np.zeros((positions, len(angles)))
    for at in range(1, positions):  # the angle of `at` is that of `at - 1` and one step
        cos[at] = cos[at - 1] * step_cos - sin[at - 1] * step_sin
        sin[at] = sin[at - 1] * step_cos + cos[at - 1] * step_sin
    return cos.astype(np.float32), sin.astype(np.float32)


def _frequencies(rotary: Rotary) -> NDArray[np.float64]:
    """Return the angle of one position in radians, for each pair of columns."""
    with localcontext(Context(prec=DIGITS)):
        log = Decimal(rotary.base).ln()
        powers = [
            float((-log * 2 * pair / rotary.columns).exp()) for pair in range(rotary.columns // 2)
        ]
    angles = np.array(powers)
    scaling = rotary.scaling
    if scaling is None:
        return angles
    factor = float(scaling["factor"])
    if scaling["rope_type"] == "linear":
        return angles / factor
    low, high = float(scaling["low_freq_factor"]), float(scaling["high_freq_factor"])
    turns = float(scaling["original_max_position_embeddings"]) * angles / (2 * PI)
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    blended: NDArray[np.float64] = (1 - smooth) * (angles / factor) + smooth * angles
    return blended


def _cosine_and_sine(angle: Decimal) -> tuple[float, float]:
    """Return both by Taylor's series, for angles up to about one."""
    cosine = sine = Decimal(0)
    term, power = Decimal(1), 0
    while abs(term) > Decimal(10) ** (5 - DIGITS):
        sign = -1 if power % 4 >= 2 else 1
        if power % 2:
            sine += sign * term
        else:
            cosine += sign * term
        power += 1
        term = term * angle / power
    return float(cosine), float(sine)

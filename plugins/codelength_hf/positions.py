"""Tables of positions that are the same on every machine: rotations, and biases of scores.

A vendor's sine may differ in the last bit. Here the frequencies and the first angle come from
decimal arithmetic, whose exp and ln are correctly rounded, and the rest from float64 additions and
multiplications, each its own operation; then all is rounded to float32.
"""

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength_exact.constants import LOG2E
from codelength_hf.architecture import Architecture, Config, Rotary

DIGITS = 40
PI = 3.141592653589793


def rotary_table(rotary: Rotary, positions: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return cosines and sines, each (positions, columns / 2)."""
    angles, factor = _frequencies(rotary, positions)
    with localcontext(Context(prec=DIGITS)):
        first = [_cosine_and_sine(Decimal(float(angle))) for angle in angles]
    step_cos, step_sin = (np.array(column, np.float64) for column in zip(*first, strict=True))
    cos = np.ones((positions, len(angles)))
    sin = np.zeros((positions, len(angles)))
    for at in range(1, positions):  # the angle of `at` is that of `at - 1` and one step
        cos[at] = cos[at - 1] * step_cos - sin[at - 1] * step_sin
        sin[at] = sin[at - 1] * step_cos + cos[at - 1] * step_sin
    return (cos * factor).astype(np.float32), (sin * factor).astype(np.float32)


def _frequencies(rotary: Rotary, positions: int) -> tuple[NDArray[np.float64], float]:
    """Return the angle of one position in radians, for each pair of columns, and a factor.

    Cosines and sines are multiplied by the factor.
    """
    with localcontext(Context(prec=DIGITS)):
        log = Decimal(rotary.base).ln()
        powers = [
            float((-log * 2 * pair / rotary.columns).exp()) for pair in range(rotary.columns // 2)
        ]
    angles = np.array(powers)
    scaling = rotary.scaling
    if scaling is None:
        return angles, 1.0
    if scaling["rope_type"] == "yarn":
        return _yarn(rotary, angles, scaling)
    if scaling["rope_type"] == "longrope":
        return _longrope(angles, positions, scaling)
    factor = float(scaling["factor"])
    if scaling["rope_type"] == "linear":
        return angles / factor, 1.0
    low, high = float(scaling["low_freq_factor"]), float(scaling["high_freq_factor"])
    turns = float(scaling["original_max_position_embeddings"]) * angles / (2 * PI)
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    blended: NDArray[np.float64] = (1 - smooth) * (angles / factor) + smooth * angles
    return blended, 1.0


def _factor(scaling: Config) -> float:
    """Return by how much the context was made longer."""
    said = scaling.get("factor")
    longest, before = "max_position_embeddings", "original_max_position_embeddings"
    return float(said) if said is not None else scaling[longest] / scaling[before]


def _log(x: float) -> float:
    """Return ln x, rounded once on any machine."""
    with localcontext(Context(prec=DIGITS)):
        return float(Decimal(x).ln())


def _yarn(
    rotary: Rotary, angles: NDArray[np.float64], scaling: Config
) -> tuple[NDArray[np.float64], float]:
    """Return fast angles as they are and slow ones divided (Peng et al., arXiv:2309.00071)."""
    factor, columns = _factor(scaling), rotary.columns

    def column(turns: float) -> float:
        """Return the column that turns so many times within the first context."""
        before = float(scaling["original_max_position_embeddings"])
        return columns * _log(before / (turns * 2 * PI)) / (2 * _log(rotary.base))

    low, high = column(scaling.get("beta_fast") or 32), column(scaling.get("beta_slow") or 1)
    if scaling.get("truncate", True):
        low, high = floor(low), ceil(high)
    low, high = max(low, 0), min(high, columns - 1)
    high = high + 0.001 if low == high else high
    slow = np.clip((np.arange(columns // 2) - low) / (high - low), 0, 1)
    blended: NDArray[np.float64] = angles / factor * slow + angles * (1 - slow)

    def magnitude(share: float) -> float:
        return 1.0 if factor <= 1 else 0.1 * share * _log(factor) + 1.0

    said, part, whole = (scaling.get(k) for k in ("attention_factor", "mscale", "mscale_all_dim"))
    if said is None:
        said = magnitude(part) / magnitude(whole) if part and whole else magnitude(1.0)
    return blended, float(said)


def _longrope(
    angles: NDArray[np.float64], positions: int, scaling: Config
) -> tuple[NDArray[np.float64], float]:
    """Return angles divided by a factor for each, of two lists by how much the model sees."""
    before = scaling["original_max_position_embeddings"]
    by = np.array(scaling["long_factor" if positions > before else "short_factor"], np.float64)
    if by.shape != angles.shape:
        raise UsageError(
            f"config.json of this model has {len(by)} factors of rotary positions for "
            f"{len(angles)} pairs of columns"
        )
    factor, said = _factor(scaling), scaling.get("attention_factor")
    if said is None:
        said = 1.0 if factor <= 1 else sqrt(1 + _log(factor) / _log(before))
    return angles / by, float(said)


def bias_table(shape: Architecture, positions: int) -> NDArray[np.float32]:
    """Return what is added to the scores of each head (heads, positions), by the key's position.

    Scores are exponents of 2 here. There are no rows for a model without such biases.
    """
    if shape.alibi is None:
        return np.empty((0, 0), np.float32)
    slopes = np.array(_slopes(shape), np.float32)[:, None]
    at = np.arange(positions, dtype=np.float32)
    if shape.alibi == "falcon":  # transformers has these in bfloat16
        bias = _to_bfloat16(_to_bfloat16(slopes) * at) / np.float32(sqrt(shape.head_dim))
    else:
        bias = slopes * at
    return np.asarray(bias * LOG2E, np.float32)


def _slopes(shape: Architecture) -> list[float]:
    """Return the slope of each head (Press et al., arXiv:2108.12409)."""
    heads, is_mpt = shape.heads, shape.alibi == "mpt"
    power = 1 << (heads.bit_length() - 1)  # the power of two up to `heads`
    if is_mpt:
        power = power if power == heads else 2 * power
        slopes = _powers(shape.alibi_most / power, range(1, power + 1))
        return slopes if power == heads else [*slopes[1::2], *slopes[::2]][:heads]
    more = range(1, 1 + 2 * (heads - power), 2)
    return _powers(8 / power, range(1, power + 1)) + _powers(4 / power, more)


def _powers(step: float, times: Iterable[int]) -> list[float]:
    """Return 2^−(step · time)."""
    with localcontext(Context(prec=DIGITS)):
        return [float((Decimal(2).ln() * -Decimal(step) * time).exp()) for time in times]


def _to_bfloat16(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to the nearest bfloat16, ties to even."""
    bits = x.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return rounded.astype(np.uint32).view(np.float32)


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

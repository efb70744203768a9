"""How float32 matrices become integer weights with a step for each group of 32 inputs.

A group whose weights are equally spaced and have at most 16 values, as in GGUF's Q4_0, Q4_1 and
Q4_K, is taken as it is. Others are rounded.
"""

import numpy as np
from numpy.typing import NDArray

from codelength_exact.groups import GROUP, LEAST, MOST_LEAST, STEPS, Groups

Array = NDArray[np.float32]

AT_ONCE = 1 << 22
"""Weights that are looked at together."""

LEVELS = 15
"""Steps between the least and the largest value of 4 bits."""

NEAR = np.float32(1e-3)
"""How far values that were stored with 4 bits may lie from whole steps, in steps."""

SHRUNK = (1.0, 0.95, 0.9, 0.85, 0.8)
"""Parts of a group's range that are tried: to cut a few weights off may cost less."""


def to_groups(matrix: Array, bits: int) -> tuple[Groups, Array]:
    """Return a matrix (outputs, inputs) as integer weights in groups, and scales (outputs,).

    Args:
        matrix: The weights.
        bits: 4, or 8 with a middle value that stands for zero.
    """
    outputs, inputs = matrix.shape
    count = max(1, AT_ONCE // max(1, inputs))
    parts = [_some(matrix[first : first + count], bits) for first in range(0, outputs, count)]
    values, steps, least, scales = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Groups(values, steps, least, bits), scales


def _some(
    matrix: Array, bits: int
) -> tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.int16], Array]:
    outputs, inputs = matrix.shape
    # a group that is cut off is filled with its last weight, which changes neither end of it
    weights = np.pad(matrix, ((0, 0), (0, -inputs % GROUP)), "edge").reshape(outputs, -1, GROUP)
    low, step = _ranges(weights) if bits == 4 else _symmetric(weights)
    scales = np.maximum(step.max(1) / STEPS[bits], np.abs(low).max(1) / (LEAST * MOST_LEAST))
    scales = np.maximum(scales, np.float32(1e-30)).astype(np.float32)
    unit = scales[:, None]
    steps = np.clip(np.rint(step / unit), 1, STEPS[bits])
    least = -16 * steps if bits == 8 else np.rint(low / (unit * LEAST))
    values = np.rint((weights / unit[:, :, None] - LEAST * least[:, :, None]) / steps[:, :, None])
    values = np.clip(values, 0, (1 << bits) - 1).reshape(outputs, -1)[:, :inputs]
    return values.astype(np.uint8), steps.astype(np.int16), least.astype(np.int16), scales


def _symmetric(weights: Array) -> tuple[Array, Array]:
    """Return −128 steps and the step of each group (outputs, groups)."""
    step = np.abs(weights).max(2) / np.float32(127)
    return np.float32(-128) * step, step


def _ranges(weights: Array) -> tuple[Array, Array]:
    """Return the least value and the step of each group (outputs, groups) with 4 bits."""
    groups = weights.reshape(-1, GROUP)
    low, step = _spaced(groups)
    others = np.isnan(step)
    low[others], step[others] = _rounded(groups[others])
    return low.reshape(weights.shape[:2]), step.reshape(weights.shape[:2])


def _spaced(groups: Array) -> tuple[Array, Array]:
    """Return least values and steps of groups (groups, GROUP) that have at most 16 spaced values.

    The step of other groups is not a number.
    """
    ordered = np.sort(groups, 1)
    low, high = ordered[:, 0].copy(), ordered[:, -1]
    few = (np.diff(ordered, axis=1) > 0).sum(1) <= LEVELS
    step = np.full_like(low, np.nan)
    step[high == low] = 0
    left = np.nonzero(few & (high > low))[0]
    for levels in range(LEVELS, 0, -1):
        spaced = (high[left] - low[left]) / np.float32(levels)
        at = (groups[left] - low[left, None]) / spaced[:, None]
        fits = (np.abs(at - np.rint(at)) < NEAR).all(1)
        step[left[fits]] = spaced[fits]
        left = left[~fits]
        if not len(left):
            break
    return low, step


def _rounded(groups: Array) -> tuple[Array, Array]:
    """Return the least value and the step that cost each group least, of those that are tried."""
    low, high = groups.min(1), groups.max(1)
    middle, half = (high + low) / 2, (high - low) / 2
    best, lows, steps = np.full(low.shape, np.inf, np.float32), low, np.zeros_like(low)
    for part in SHRUNK:
        start, step = middle - half * np.float32(part), half * np.float32(2 * part / LEVELS)
        step = np.maximum(step, np.float32(1e-30))
        at = np.rint((groups - start[:, None]) / step[:, None])
        near = np.clip(at, 0, LEVELS) * step[:, None] + start[:, None]
        cost = ((groups - near) ** 2).sum(1)
        better = cost < best
        best, lows, steps = (
            np.where(better, new, old) for new, old in ((cost, best), (start, lows), (step, steps))
        )
    return lows, steps

"""The elementwise functions of `constants` as PyTorch operations, and exact products."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codelength.coding.device import note
from codelength_exact import constants, scalars
from codelength_exact.groups import GROUP

LARGEST, WIDEST = float(constants.LARGEST), float(constants.WIDEST)
SMALLEST = float(constants.SMALLEST)
FARTHEST, LOG2E = float(constants.FARTHEST), float(constants.LOG2E)
EXP2 = [float(c) for c in constants.EXP2]
ATANH = [float(c) for c in scalars.ATANH]

BLOCK = 64
"""Inputs that are never split: 64 · 128 · 127 is below 2^24."""

MOST_8 = 127
"""The largest magnitude of 8 bits."""

MOST = 128
"""The largest magnitude in a row, or in a part of a wide one."""

Parts = list[tuple[slice, Tensor]]
"""Slices of a matrix's inputs, and the matrix there: float32, transposed."""


def prepare(name: str) -> str:
    """Make PyTorch compute exactly, note the device that computes, and return its name.

    PyTorch may have been told to round to 11 or 8 bits what it multiplies, even by the environment
    of some containers. Weights of attention have 17 bits.
    """
    torch.set_float32_matmul_precision("highest")
    note(name)
    return name


def parts(values: NDArray[np.int8], device: str) -> Parts:
    """Return int8 values (outputs, inputs) ready for products."""
    floats = torch.tensor(values, device=device).float().T.contiguous()
    return [(part, floats[part]) for part in exact_parts(values)]


def product(q: Tensor, matrix: Parts) -> Tensor:
    """Return the integers q · matrix, exact and then rounded to float32."""
    if len(matrix) == 1:
        whole: Tensor = q @ matrix[0][1]
        return whole
    total = sum((q[:, part] @ floats).long() for part, floats in matrix)
    assert isinstance(total, Tensor)
    return total.float()


def wide_parts(q: Tensor) -> tuple[Tensor, Tensor]:
    """Return the high and the low parts of wide rows."""
    high = torch.floor((q + 128) / 256)
    return high, q - high * 256


def wide_product(q: Tensor, matrix: Parts) -> Tensor:
    """Return the product of wide rows, as `constants` says it."""
    high, low = wide_parts(q)
    upper = product(high, matrix) * 256
    return upper + product(low, matrix)


def rounded_groups(q: Tensor) -> Tensor:
    """Return wide rows with each group of inputs rounded to 8 bits, as `groups` says it."""
    columns = q.shape[1]
    filled = torch.nn.functional.pad(q.float(), (0, -columns % GROUP)).view(len(q), -1, GROUP)
    most = filled.abs().amax(2, keepdim=True)
    factor = torch.floor((most + (MOST_8 - 1)) / torch.full_like(most, MOST_8)).clamp_min(1)
    rounded = torch.round(filled * over(1.0, factor)) * factor
    return rounded.view(len(q), -1)[:, :columns]


def exact_parts(values: NDArray[np.int8]) -> list[slice]:
    """Split the inputs of a matrix (outputs, inputs) so that products are exact in float32.

    With quantised rows, every partial sum over a slice stays below 2^24. There are as few slices
    as may be.
    """
    slices, start = [], 0
    sums = np.zeros(len(values), np.int64)
    for at in range(0, values.shape[1], BLOCK):
        more = np.abs(values[:, at : at + BLOCK].astype(np.int64)).sum(1)
        sums += more
        if sums.max(initial=0) * MOST >= constants.MOST_PRODUCT:
            slices.append(slice(start, at))
            start, sums = at, more
    return [*slices, slice(start, values.shape[1])]


def largest(x: Tensor) -> Tensor:
    """Return max |x| over the last axis, or SMALLEST."""
    return x.abs().amax(-1).clamp_min(SMALLEST)


def over(value: float, x: Tensor) -> Tensor:
    """Return value / x, rounded once.

    With a number PyTorch would multiply by the reciprocal.
    """
    return torch.full_like(x, value) / x


def divided(x: Tensor, value: float) -> Tensor:
    """Return x / value, rounded once.

    With a number PyTorch would, on CUDA, multiply by its reciprocal.
    """
    return x / torch.full_like(x, value)


def square_root(x: Tensor) -> Tensor:
    """Return √x, rounded once.

    PyTorch's float32 root on a CPU is MKL's, which is often one ulp off. In float64 that does not
    matter: no root of a float32 is so close to the middle between two others.
    """
    return torch.sqrt(x.double()).float()


def quantised(x: Tensor, levels: float = LARGEST) -> tuple[Tensor, Tensor]:
    """Quantise x over its last axis: integers in float32, and their scales."""
    most = largest(x)
    return torch.round(x * over(levels, most)[..., None]), divided(most, levels)


def exp2(y: Tensor) -> Tensor:
    """Return 2^y for |y| ≤ 126."""
    k = torch.round(y)
    f = y - k
    p = torch.full_like(f, EXP2[0])
    for c in EXP2[1:]:
        p = p * f
        p = p + c
    bits: Tensor = p.view(torch.int32) + (k.to(torch.int32) << 23)
    powers: Tensor = bits.view(torch.float32)
    return powers


def softplus(x: Tensor) -> Tensor:
    """Return ln(1 + e^x)."""
    u = exp2((-x.abs() * LOG2E).clamp_min(-FARTHEST))
    s = u / (u + 2)
    q = s * s
    series = torch.full_like(q, ATANH[0])
    for c in [*ATANH[1:], 1.0]:
        series = series * q
        series = series + c
    return x.clamp_min(0) + (s + s) * series


def sigmoid(x: Tensor) -> Tensor:
    """Return 1 / (1 + e^-x)."""
    y = (-x * LOG2E).clamp(-FARTHEST, FARTHEST)
    return over(1.0, exp2(y) + 1)

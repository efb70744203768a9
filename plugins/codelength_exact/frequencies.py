"""Logits become frequencies: the last step of every exact model, as a compiled loop."""

from typing import Any

import numpy as np

from codelength.coding.compiled import compiled
from codelength_exact.constants import FARTHEST, LOG2E, UNITS
from codelength_exact.scalars import LOWEST, exp2, of_ordered, ordered

FEW = 256
"""Numbers of at most UNITS that sum to less than 2^31."""


@compiled
def frequencies(
    product: Any, scale: Any, channels: Any, bias: Any, total: int, escape: Any, out: Any
) -> None:
    """out (rows, vocabulary + escapes): positive, summing to less than 2^24; each escape has one
    more than `escape` (rows,) says."""
    vocabulary = product.shape[1]
    escapes = out.shape[1] - vocabulary
    y = np.empty(vocabulary, np.float32)
    for n in range(len(product)):
        by, most = scale[n], LOWEST
        for c in range(vocabulary):
            y[c] = (np.float32(product[n, c]) * (by * channels[c]) + bias[c]) * LOG2E
            most = max(most, ordered(y[c]))
        top, mass = of_ordered(most), np.int64(0)
        for first in range(0, vocabulary, FEW):
            part = np.int32(0)
            for c in range(first, min(first + FEW, vocabulary)):
                e = np.int32(exp2(max(y[c] - top, -FARTHEST)) * UNITS)
                out[n, c] = e
                part = np.int32(part + e)
            mass += part
        share = np.float32(total - escapes * escape[n]) / np.float32(mass)
        for c in range(vocabulary):
            out[n, c] = np.int32(1) + np.int32(np.float32(out[n, c]) * share)
        for c in range(vocabulary, out.shape[1]):
            out[n, c] = np.int32(1) + escape[n]

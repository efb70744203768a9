"""The constants of the exact arithmetic, which compiled and batched kernels share.

Every elementwise operation is one IEEE float32 operation, rounded by itself; every sum that has
more than two terms is a sum of integers. So the order of evaluation cannot matter, and neither can
batch size, number of threads, vector width or device.

- A row x is quantised to q = round(x · (127 / max|x|)), ties to even, and the scale max|x| / 127.
  A wide row has 32639 for 127. Each of its integers is 256 · high + low with |high| ≤ 127 and
  −128 ≤ low ≤ 127. Its product with a matrix is float32(high · matrix) · 256 + float32(low ·
  matrix): the two sums are of integers, and exact.
- An RMS norm is quantised alike, with the scale 1 / sqrt(Σq² / n), since the norm of a row does
  not change when the row is multiplied.
- exp2(y) is 2^k · p(y − k) with k = round(y) and the polynomial EXP2, by Horner's rule.
- Logits become frequencies 1 + floor(e · (total / Σe)) with e = floor(2^22 · exp2(y − max y)), and
  the total of `frequency_total`; fine ones have 2^30 for 2^22.
"""

import numpy as np

LARGEST = np.float32(127)
"""The largest magnitude of a quantised value."""

WIDEST = np.float32(32639)
"""The same of a wide row, which is held in int16."""

SMALLEST = np.float32(1e-20)
"""Stands for the largest value of a row of zeros."""

EXP2 = tuple(
    np.float32(c)
    for c in (0.00015469737, 0.0013400437, 0.009618025, 0.05550327, 0.2402265, 0.6931472, 1.0)
)
"""Coefficients of 2^f for |f| ≤ 1/2, highest first, fitted at Chebyshev points, off by 1e-7."""

MOST_PRODUCT = 1 << 24
"""Sums of integers whose magnitudes sum to less are exact in float32, in any order."""

MAGIC = np.float32(12582912)
"""1.5 · 2^23: adding it to |y| < 2^22 and subtracting it again rounds y to an integer."""

FARTHEST = np.float32(126)
"""Exponents are held within ± this, so that exp2 stays a normal number."""

LOG2E = np.float32(1.442695)

ONE = np.float32(1)
UNITS, FINE_UNITS = np.float32(1 << 22), np.float32(1 << 30)
SLACK = 256
"""What rounding can add to the sum of a row's frequencies, with much to spare."""


def frequency_total(alphabet: int, precision: int = 24) -> int:
    """Return what the frequencies of a row sum to, before each of them gets one more."""
    return (1 << precision) - alphabet - (SLACK << (precision - 24))

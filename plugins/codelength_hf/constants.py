"""The constants of the exact transformer, and how its steps are rounded.

`codelength_exact.constants` has those that it shares with others.

As there: every elementwise operation is one IEEE operation, rounded by itself, and every sum of
more than two terms is a sum of integers. So parallel and stepwise evaluation cannot differ.

- A norm takes its sums over the row on a grid, round(x · (GRID / max|x|)); mean and variance
  follow in float64 by single operations, the deviation in float32; the row itself stays float32,
  ((x − mean) · 1/deviation) · gain + bias, and is then quantised to int8 with the scale max / 127,
  as all rows are.
- Queries, keys and values are quantised for each token and head, after the rotation. With wide
  rows, queries of up to WIDE_COLUMNS columns are wide; a score is then the whole sum, rounded once.
- Attention: y = score · (a · b) with the scales a of the query (times log2 e / √columns) and b of
  the key; e = floor(UNITS · exp2(y − max y)) over all visible keys, D = Σe; what the values are
  multiplied by is p = round(e · (c · (SHARE / D) / v)), c a value's scale, v the largest of them so
  far. Σp stays below 2^24 / 127, so a float32 sum of p · value is exact in any order, split or
  batch. The result is Σ p · value times v / SHARE.
- Logits become frequencies as in `codelength_recurrent`, with a total that leaves room for one
  more for each symbol of a large vocabulary, and for the escape.
"""

import numpy as np

from codelength_exact.constants import LARGEST, MOST_PRODUCT

GRID = np.float32(32767)
"""A row's largest magnitude, where its sums are taken."""

LONGEST = 1 << 15
"""Positions that attention can see at most: its sums are held in int32."""


WIDE_COLUMNS = 512
"""Columns of a wide query whose product with a key fits into int32."""


def units(window: int) -> np.float32:
    """Return the unit of exp2 in attention, such that `window` of them sum to less than 2^31."""
    return np.float32(1 << min(20, 30 - (window - 1).bit_length()))


def share(window: int) -> np.float32:
    """Return the sum of attention weights, before each of `window` weights is rounded."""
    return np.float32((MOST_PRODUCT // int(LARGEST)) - window // 2 - 64)

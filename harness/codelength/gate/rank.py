"""The Mann–Whitney test: does one sample tend to larger values than another, judged by ranks?"""

import math
from collections.abc import Sequence
from functools import cache


def larger(these: Sequence[float], those: Sequence[float]) -> float:
    """The p-value of `these` being as much above `those` as they are, if both came from one law:
    the share of all ways to deal the values out in which no fewer pairs are won. A tie is a loss.

    Exact. Mann and Whitney, "On a Test of Whether one of Two Random Variables is Stochastically
    Larger than the Other", Annals of Mathematical Statistics 18 (1947).
    """
    won = sum(a > b for a in these for b in those)
    n, m = len(these), len(those)
    as_far = sum(_ways(n, m, pairs) for pairs in range(won, n * m + 1))
    return as_far / math.comb(n + m, n)


@cache
def _ways(n: int, m: int, won: int) -> int:
    """In how many orders of n and m values the n win so many pairs."""
    if won < 0 or won > n * m:
        return 0
    if not n or not m:
        return 1
    return _ways(n - 1, m, won - m) + _ways(n, m - 1, won)  # by whose is the largest

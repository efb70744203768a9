"""Ranks, the Pareto front, and the mean that ratios are averaged by."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rank:
    """A place from 1 on; several share it if `tied`, and the places after them are left out."""

    place: int
    tied: bool

    def __str__(self) -> str:
        return f"{self.place}=" if self.tied else str(self.place)


def assign_ranks(values: Sequence[float]) -> list[Rank]:
    """Rank the values, the smallest first. Only equal values tie: nothing is rounded before."""
    ordered, counts = sorted(values), Counter(values)
    return [Rank(1 + bisect_left(ordered, value), counts[value] > 1) for value in values]


def mean_places(rows: Sequence[Sequence[float]]) -> list[float]:
    """Average the places of each row over the columns (Borda's count); ties share a place."""
    columns = [[rank.place for rank in assign_ranks(column)] for column in zip(*rows, strict=True)]
    return [sum(places) / len(places) for places in zip(*columns, strict=True)]


def kendall_tau(one: Sequence[float], other: Sequence[float]) -> float:
    """Compute how far two orders agree (Kendall's τ-b): 1 if they are equal, −1 if reversed."""
    import numpy as np

    a, b = (np.sign(np.subtract.outer(values, values)) for values in (one, other))
    below = math.sqrt(float((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / below if below else 1.0


def find_pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Whether each (cost, speed) is on the front.

    No other point is at least as good in both and better in one.
    """
    on_front = [False] * len(points)
    fastest, cost = -math.inf, math.nan
    for place in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[place][1] > fastest or points[place] == (cost, fastest):
            cost, fastest = points[place]
            on_front[place] = True
    return on_front


def geometric_mean(values: Sequence[float]) -> float:
    """The mean under which halving one ratio is worth as much as halving any other."""
    if not values:
        raise ValueError("no values, so no mean")
    if len(values) == 1 or min(values) == 0:
        return min(values)
    return math.exp(math.fsum(map(math.log, values)) / len(values))

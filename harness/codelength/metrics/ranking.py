"""Places in a table, the Pareto front, and the mean that ratios are averaged by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rank:
    """A place from 1 on; several share it if `tied`, and the places after them are left out."""

    place: int
    tied: bool

    def __str__(self) -> str:
        return f"{self.place}=" if self.tied else str(self.place)


def ranks(values: Sequence[float]) -> list[Rank]:
    """The rank of each value, the smallest first. Equal is equal: nothing is rounded before."""
    return [Rank(1 + sum(v < value for v in values), values.count(value) > 1) for value in values]


def pareto(points: Sequence[tuple[float, float]]) -> list[bool]:
    """For each (cost, speed), whether no other point is at least as good in both and better in
    one."""
    return [
        not any(c <= cost and s >= speed and (c, s) != (cost, speed) for c, s in points)
        for cost, speed in points
    ]


def geometric_mean(values: Sequence[float]) -> float:
    """The mean under which halving one ratio is worth as much as halving any other."""
    if not values:
        raise ValueError("nothing has no mean")
    return 0.0 if min(values) == 0 else math.exp(math.fsum(map(math.log, values)) / len(values))

"""Bit histories in a byte: which bits followed a context, as far as 255 states can tell.

A state is how many zeros and how many ones, and which came last. When a bit comes, its count grows
and the other's, if larger than three, shrinks, since what is recent counts for more. The counts are
bounded, the smaller the other one the more generously. The idea, as "indirect modelling" with
"nonstationary states", is from Matt Mahoney's "Data Compression Explained", section 4.1.3
(mattmahoney.net/dc/dce.html); rules and bounds are our own.
"""

import numpy as np
from numpy.typing import NDArray

MOST = (40, 36, 14, 8, 6, 6)
"""The largest count beside a smaller one of 0, 1, 2, …"""

State = tuple[int, int, int]


def follow(state: State, bit: int) -> State:
    """The history after one more bit: zeros, ones, the last bit if both have been seen."""
    counts = [state[0], state[1]]
    counts[bit] += 1
    counts[1 - bit] = _faded(counts[1 - bit])
    while not _fits(counts):
        larger = counts[bit] > counts[1 - bit]
        counts[bit if larger else 1 - bit] -= 1
    return counts[0], counts[1], bit if all(counts) else 0


def _faded(count: int) -> int:
    return count if count <= 3 else min(3 + (count - 3) // 3, 6)


def _fits(counts: list[int]) -> bool:
    return min(counts) < len(MOST) and max(counts) <= MOST[min(counts)]


def _reachable() -> dict[State, int]:
    numbers: dict[State, int] = {(0, 0, 0): 0}
    waiting = [(0, 0, 0)]
    for state in waiting:
        for bit in (0, 1):
            after = follow(state, bit)
            if after not in numbers:
                numbers[after] = len(numbers)
                waiting.append(after)
    return numbers


STATES = _reachable()
"""State → its number; 0 is the empty history."""

NEXT: NDArray[np.uint8] = np.array(
    [[STATES[follow(state, bit)] for bit in (0, 1)] for state in STATES], np.uint8
)
"""(states, 2): the number of the state after a bit."""

LENGTH: NDArray[np.uint8] = np.array([zeros + ones for zeros, ones, _ in STATES], np.uint8)
"""How much a history knows: which of two to drop."""

PROBABILITY: NDArray[np.int32] = np.array(
    [((5 * ones + 2) << 22) // (5 * (zeros + ones) + 4) for zeros, ones, _ in STATES], np.int32
)
"""The probability of a one that a history is taken for before experience, in units of 2^-22."""

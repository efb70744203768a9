"""Where bit histories are kept: slots of half a byte's 15 nodes, found by a hash of their context.

A slot's first byte is a check. A key has three places where its slot may be. Slots are a power of
two, and one more behind them that stays empty: what is not there is found there.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined, prefetch
from codelength_mix.histories import LENGTH
from codelength_mix.memory import SLOT, int64

SPREAD = 0x2545F4914F6CDD1D
HALF = 0x9E3779B97F4A7C


@compiled
def scattered(value: int) -> int:
    """A hash, not negative."""
    product = value * SPREAD
    return (product ^ (product >> 29)) & 0x7FFFFFFFFFFFFFFF


@inlined
def empty(slots: NDArray[np.uint8]) -> int:
    """Where the slot begins that stays empty: the last one, behind a power of two of others."""
    return len(slots) - SLOT


@inlined
def home(slots: NDArray[np.uint8], key: int) -> int:
    """The number of the first of the three slots where that of `key` may be."""
    return key & (empty(slots) // SLOT - 1)


@compiled
def look_up(slots: NDArray[np.uint8], key: int) -> int:
    """Where the slot of `key` begins, in one of three places; that of the empty one if in none."""
    check, at = np.uint8(key >> 40), home(slots, key)
    for neighbour in range(3):
        place: int = (at ^ neighbour) * SLOT
        if slots[place] == check:
            return place
    return empty(slots)


@inlined
def expect(slots: NDArray[np.uint8], key: int) -> None:
    """Begins to bring near what `take` will look at."""
    prefetch(slots, home(slots, key) * SLOT)


@compiled
def take(slots: NDArray[np.uint8], key: int) -> int:
    """Where the slot of `key` begins.

    If there is none, a new one in place of the one of three that knows least.
    """
    found = look_up(slots, key)
    if found < empty(slots):
        return found
    at = home(slots, key)
    shortest: int = 1 << 8
    for neighbour in range(3):
        place = (at ^ neighbour) * SLOT
        known = int64(LENGTH[slots[place + 1]])
        if known < shortest:
            found, shortest = place, known
    for byte in range(SLOT):
        slots[found + byte] = 0
    slots[found] = np.uint8(key >> 40)
    return found


@compiled
def second_half(key: int, so_far: int) -> int:
    """The key of a context in the second half of a byte."""
    return scattered(key + so_far * HALF)

"""The hash table of bit histories: a slot of 15 for each context and half of a byte.

The first byte of a slot is a check of its key. The slot of a key is in one of three places. There
is a power of two of slots, and behind them one that stays empty: a lookup that fails returns it.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_exact.prefetch import prefetch
from codelength_mix.histories import LENGTH
from codelength_mix.memory import SLOT, int64

SPREAD = 0x2545F4914F6CDD1D
HALF = 0x9E3779B97F4A7C


@compiled
def hashed(value: int) -> int:
    """Return a hash that is not negative."""
    product = value * SPREAD
    return (product ^ (product >> 29)) & 0x7FFFFFFFFFFFFFFF


@inlined
def empty_slot(hash_table: NDArray[np.uint8]) -> int:
    """Return where the slot begins that stays empty, the last one."""
    return len(hash_table) - SLOT


@inlined
def first_slot(hash_table: NDArray[np.uint8], key: int) -> int:
    """Return the number of the first of the three slots where `key` may be."""
    return key & (empty_slot(hash_table) // SLOT - 1)


@compiled
def look_up(hash_table: NDArray[np.uint8], key: int) -> int:
    """Return where the slot of `key` begins; the empty slot if there is none."""
    check, at = np.uint8(key >> 40), first_slot(hash_table, key)
    for neighbour in range(3):
        place: int = (at ^ neighbour) * SLOT
        if hash_table[place] == check:
            return place
    return empty_slot(hash_table)


@inlined
def prefetch_slots(hash_table: NDArray[np.uint8], key: int) -> None:
    """Prefetch what `find_or_add` will read."""
    prefetch(hash_table, first_slot(hash_table, key) * SLOT)


@compiled
def find_or_add(hash_table: NDArray[np.uint8], key: int) -> int:
    """Return where the slot of `key` begins.

    If there is none, it replaces the one of the three whose first history is shortest.
    """
    slot = look_up(hash_table, key)
    if slot < empty_slot(hash_table):
        return slot
    at = first_slot(hash_table, key)
    shortest: int = 1 << 8
    for neighbour in range(3):
        place = (at ^ neighbour) * SLOT
        known = int64(LENGTH[hash_table[place + 1]])
        if known < shortest:
            slot, shortest = place, known
    for byte in range(SLOT):
        hash_table[slot + byte] = 0
    hash_table[slot] = np.uint8(key >> 40)
    return slot


@compiled
def second_half_hash(key: int, so_far: int) -> int:
    """Return the key of a context for the second half of a byte."""
    return hashed(key + so_far * HALF)

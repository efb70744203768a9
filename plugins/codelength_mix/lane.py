"""Where a lane is in the data: its contexts, the match that it follows, the bytes behind it."""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_mix.memory import BEFORE, LENGTH, POINTER, RECENT, WORD, int64
from codelength_mix.slots import scattered

SHORTEST, LONGEST = 7, 32
"""Bytes that a match begins with, and to which it is followed back when it is found."""

LAST_BYTES = (1 << 56) - 1


@compiled
def recall(lane: NDArray[np.int64], keys: NDArray[np.int64]) -> None:
    """Sets the keys of a lane's contexts for its next byte."""
    recent, word = lane[RECENT], lane[WORD]
    for order in range(1, 7):
        keys[order - 1] = scattered((recent & ((1 << 8 * order) - 1)) + (order << 56))
    keys[6] = scattered(word + (7 << 56))
    keys[7] = scattered(scattered(word + ((recent & 0xFF) << 32)) + lane[BEFORE] + (8 << 56))


@compiled
def expectation(lane: NDArray[np.int64], history: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the byte that the match expects next, plus 256, and the state of its length.

    Without a match both are 0.
    """
    length = int64(lane[LENGTH])
    if not length:
        return 0, 0
    return int64(history[lane[POINTER]]) | 256, min(length, 12 + (length >> 2), 31)


@compiled
def note(
    lane: NDArray[np.int64],
    history: NDArray[np.uint8],
    places: NDArray[np.int64],
    at: int,
    byte: int,
) -> None:
    """Takes in a byte of a lane, at position `at` of the data."""
    history[at] = byte
    if lane[LENGTH]:
        lane[LENGTH] = lane[LENGTH] + 1 if history[lane[POINTER]] == byte else 0
        lane[POINTER] += 1
    recent = (lane[RECENT] << 8 | byte) & LAST_BYTES
    lane[RECENT] = recent
    letter = byte + 32 if 65 <= byte <= 90 else byte
    if 97 <= letter <= 122 or letter >= 128:
        lane[WORD] = scattered(lane[WORD] + letter + 1)
    elif lane[WORD]:
        lane[BEFORE], lane[WORD] = lane[WORD], 0
    if at < SHORTEST:
        return
    key = (scattered(recent & ((1 << 8 * SHORTEST) - 1)) >> 20) & (len(places) - 1)
    if not lane[LENGTH]:
        pointer, length = int64(places[key]), 0
        most = min(pointer, at, LONGEST)
        while length < most and history[pointer - 1 - length] == history[at - length]:
            length += 1
        lane[POINTER], lane[LENGTH] = pointer, length
    places[key] = at + 1

"""The contexts and the match model of a lane, and how both take in a byte."""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_mix.hash_table import hashed
from codelength_mix.memory import BEFORE, LENGTH, POINTER, RECENT, WORD, int64

SHORTEST, LONGEST = 7, 32
"""A match is looked up by SHORTEST bytes; its length is counted back up to LONGEST."""

LAST_BYTES = (1 << 56) - 1


@compiled
def hash_contexts(lane: NDArray[np.int64], hashes: NDArray[np.int64]) -> None:
    """Write the hashes of a lane's contexts for its next byte to `hashes` (contexts,)."""
    recent, word = lane[RECENT], lane[WORD]
    for order in range(1, 7):
        hashes[order - 1] = hashed((recent & ((1 << 8 * order) - 1)) + (order << 56))
    hashes[6] = hashed(word + (7 << 56))
    hashes[7] = hashed(hashed(word + ((recent & 0xFF) << 32)) + lane[BEFORE] + (8 << 56))


@compiled
def expected_byte(lane: NDArray[np.int64], history: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the byte that the match predicts, plus 256, and the bucket of its length.

    Without a match both are 0.
    """
    length = int64(lane[LENGTH])
    if not length:
        return 0, 0
    return int64(history[lane[POINTER]]) | 256, min(length, 12 + (length >> 2), 31)


@compiled
def append_byte(
    lane: NDArray[np.int64],
    history: NDArray[np.uint8],
    match_table: NDArray[np.int64],
    at: int,
    byte: int,
) -> None:
    """Append a byte to a lane, at position `at` of the data."""
    history[at] = byte
    if lane[LENGTH]:
        lane[LENGTH] = lane[LENGTH] + 1 if history[lane[POINTER]] == byte else 0
        lane[POINTER] += 1
    recent = (lane[RECENT] << 8 | byte) & LAST_BYTES
    lane[RECENT] = recent
    letter = byte + 32 if 65 <= byte <= 90 else byte
    if 97 <= letter <= 122 or letter >= 128:
        lane[WORD] = hashed(lane[WORD] + letter + 1)
    elif lane[WORD]:
        lane[BEFORE], lane[WORD] = lane[WORD], 0
    if at < SHORTEST:
        return
    key = (hashed(recent & ((1 << 8 * SHORTEST) - 1)) >> 20) & (len(match_table) - 1)
    if not lane[LENGTH]:
        pointer, length = int64(match_table[key]), 0
        most = min(pointer, at, LONGEST)
        while length < most and history[pointer - 1 - length] == history[at - length]:
            length += 1
        lane[POINTER], lane[LENGTH] = pointer, length
    match_table[key] = at + 1

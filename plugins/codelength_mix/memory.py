"""What the online coder learns, as arrays, and where it is in the data."""

from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from codelength_mix.histories import CHANCE
from codelength_mix.logistic import FARTHEST, SQUASH
from codelength_mix.vectors import WIDTH

int64 = cast("Callable[[object], int]", np.int64)
"""np.int64 for compiled code, where it is the type of every integer."""

CONTEXTS = 8
"""The last 1 to 6 bytes; the word so far; the word so far and the one before."""

MATCH, BIAS, MODEL = CONTEXTS, CONTEXTS + 1, CONTEXTS + 2
"""Inputs of the mixer behind those of the contexts."""

SHORT = 3
"""Contexts that are too short for what they predict to be nearly certain. Of the others the mixer
also gets the probability as it is, which says more of what is uncertain than log odds do."""

SURE = MODEL + 1 - SHORT
"""Where those inputs are, a context's number added."""

SLOT = 16
"""Bytes of a slot: a check, and the bit histories of the 15 nodes of half a byte."""

SLOTS_A_BYTE = 4
"""Slots for each byte of the data, as long as they fit into the memory allowed."""

MOST_CONTEXTS, MOST_PLACES = 1 << 12, 1 << 20
"""Where the curves for each number of bytes, and the places of matches, stop growing."""

ALONE, BESIDE_MODEL, TRUST = 18_350, 6_000, 50_000
"""Weights in the beginning, in units of 2^-16: of a context without a model, of a context with one,
of the model."""

SETS = (256, 8 * (CONTEXTS + 1))
"""Rows of each set of weights. They are selected by the last byte; and by how many contexts are
known, and which bit of the byte is next."""

BIN_BITS = 7
BIN = 1 << BIN_BITS
"""Log odds between two points of a curve of the last stage."""

POINTS = 2 * (FARTHEST // BIN + 1) + 1

WORD, BEFORE, RECENT, POINTER, LENGTH, START, BYTES = range(7)
"""Registers of a lane: hashes of the word so far and of the word before; the last 7 bytes; where
the match is and how long; where in the data the lane starts, and how many bytes it has."""


class Memory(NamedTuple):
    """What is learnt, and room for what is known between predicting a bit and learning it."""

    slots: NDArray[np.uint8]
    maps: NDArray[np.uint32]
    """(contexts and the match, states): the probability of a one, 22 bits, and a count of 9."""
    weights: NDArray[np.int32]
    """(rows of all sets, WIDTH), in units of 2^-16."""
    final: NDArray[np.int32]
    """(bits of the byte so far, sets): the weights of what the sets say."""
    curves: NDArray[np.uint16]
    """(curves for the last byte, then as many for the last two; POINTS): probabilities by log
    odds."""
    places: NDArray[np.int64]
    """Hash of the last bytes → position after them."""
    history: NDArray[np.uint8]
    """The data as far as it is known, zeros beyond."""
    clock: NDArray[np.int64]
    """(1,): bytes learnt."""
    keys: NDArray[np.int64]
    found: NDArray[np.uint32]
    """Slots of the contexts."""
    states: NDArray[np.uint8]
    inputs: NDArray[np.int32]
    rows: NDArray[np.int64]
    said: NDArray[np.int64]
    """Log odds by each set."""
    sums: NDArray[np.int64]
    """Sums of a model's frequencies."""


def memory(size: int, mebibytes: int, model: bool) -> Memory:
    """An empty memory for `size` bytes of data, without room for their history.

    Its slots take `mebibytes` at most. It begins by believing the model, if there is one, else each
    of the contexts a little.
    """
    contexts = min(MOST_CONTEXTS, _power(size, 1 << 8))
    maps = np.full((CONTEXTS + 1, 256), 1 << 30, np.uint32)
    maps[:CONTEXTS, : len(CHANCE)] = CHANCE.astype(np.uint32) << 9
    weights = np.zeros((sum(SETS), WIDTH), np.int32)
    weights[:, : CONTEXTS + 1] = BESIDE_MODEL if model else ALONE
    weights[:, MODEL] = TRUST if model else 0
    points = (np.arange(POINTS) - POINTS // 2) * BIN
    curve = SQUASH[np.clip(points, -FARTHEST, FARTHEST) + FARTHEST + 1]
    return Memory(
        slots=np.zeros(
            min(mebibytes << 20, SLOT * _power(SLOTS_A_BYTE * size, 64)) + SLOT, np.uint8
        ),
        maps=maps,
        weights=weights,
        final=np.full((256, len(SETS)), (1 << 16) // len(SETS), np.int32),
        curves=np.tile(curve.astype(np.uint16), (2 * contexts, 1)),
        places=np.zeros(min(MOST_PLACES, _power(size, 64)), np.int64),
        history=np.zeros(0, np.uint8),
        clock=np.zeros(1, np.int64),
        keys=np.zeros(CONTEXTS, np.int64),
        found=np.zeros(CONTEXTS, np.uint32),
        states=np.zeros(CONTEXTS, np.uint8),
        inputs=np.zeros((1, WIDTH), np.int32),
        rows=np.zeros(len(SETS), np.int64),
        said=np.zeros(len(SETS), np.int64),
        sums=np.zeros(257, np.int64),
    )


def lanes(size: int, count: int, run: int) -> NDArray[np.int64]:
    """Registers (lanes, 7) for `size` bytes dealt out to lanes in runs of `run` bytes."""
    made = np.zeros((count, 7), np.int64)
    if count:
        whole, rest = divmod(size, run * count)
        made[:, START] = np.arange(count) * run
        made[:, BYTES] = whole * run + np.clip(rest - made[:, START], 0, run)
    return made


def _power(least: int, smallest: int) -> int:
    """The least power of two that is neither smaller than `least` nor than `smallest`."""
    return max(smallest, 1 << max(0, least - 1).bit_length())

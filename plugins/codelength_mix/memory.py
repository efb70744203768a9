"""What the mixing coder learns, as arrays, and the registers of each lane."""

from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from codelength_mix.histories import PROBABILITY
from codelength_mix.logistic import MAX_LOG_ODDS, SQUASH
from codelength_mix.vectors import WIDTH

int64 = cast("Callable[[object], int]", np.int64)
"""np.int64 for compiled code, where it is the type of every integer."""

CONTEXTS = 8
"""The last 1 to 6 bytes; the word so far; the word so far and the one before."""

MATCH, BIAS, MODEL = CONTEXTS, CONTEXTS + 1, CONTEXTS + 2
"""Inputs of the mixer behind those of the contexts."""

SHORT = 3
"""The first contexts, which are too short to be nearly certain of anything. Of all other contexts
the mixer gets the probability too, besides the log odds: it tells more where little is certain."""

CONFIDENCE = MODEL + 1 - SHORT
"""The input with the probability of context n is CONFIDENCE + n."""

SLOT = 16
"""Bytes of a slot: a check byte, and the bit histories of the 15 nodes of half a byte."""

SLOTS_PER_BYTE = 4
"""Slots for each byte of the data, while they fit into the memory allowed."""

MOST_APMS, MOST_MATCHES = 1 << 12, 1 << 20
"""The most APMs for each order, and the most entries of the match table."""

CONTEXT_WEIGHT, CONTEXT_WEIGHT_WITH_MODEL, MODEL_WEIGHT = 18_350, 6_000, 50_000
"""Initial mixer weights, in units of 2^-16: of a context if there is no model; of a context if
there is one; of the model."""

WEIGHT_SETS = (256, 8 * (CONTEXTS + 1))
"""Rows of each weight set. The first set is selected by the last byte; the second by how many
contexts have a history and which bit of the byte is next."""

BIN_BITS = 7
BIN = 1 << BIN_BITS
"""Log odds between two points of an APM."""

APM_POINTS = 2 * (MAX_LOG_ODDS // BIN + 1) + 1

WORD, BEFORE, RECENT, POINTER, LENGTH, START, BYTES = range(7)
"""Registers of a lane: the hashes of the current word and of the word before; the last 7 bytes; the
match's position and length; where in the data the lane starts, and how many bytes it has."""


class Memory(NamedTuple):
    """What is learned, and scratch arrays that predicting a bit leaves to learning it."""

    hash_table: NDArray[np.uint8]
    state_maps: NDArray[np.uint32]
    """(contexts + 1, states): the probability of a one in 22 bits, and a count in 9. The last map
    is that of the match."""
    weights: NDArray[np.int32]
    """(rows of all sets, WIDTH): mixer weights, in units of 2^-16."""
    final_weights: NDArray[np.int32]
    """(bits of the byte so far, sets): weights of the final mixer."""
    apms: NDArray[np.uint16]
    """(APMs by the last byte, then as many by the last two; APM_POINTS): probabilities."""
    match_table: NDArray[np.int64]
    """Hash of the last bytes → position after them, for the match model."""
    history: NDArray[np.uint8]
    """The data as far as it is known, zeros beyond."""
    clock: NDArray[np.int64]
    """(1,): bytes that have been learned."""
    hashes: NDArray[np.int64]
    """(contexts,)"""
    slots: NDArray[np.uint32]
    """(contexts,): where the slot of each context begins."""
    states: NDArray[np.uint8]
    """(contexts,): the bit history of each context."""
    inputs: NDArray[np.int32]
    """(1, WIDTH): the mixer's inputs."""
    rows: NDArray[np.int64]
    """(sets,): the selected row of each weight set."""
    set_odds: NDArray[np.int64]
    """(sets,): the log odds that each weight set gives."""
    model_sums: NDArray[np.int64]
    """(257,): cumulative frequencies of a model."""


def memory(size: int, mebibytes: int, model: bool) -> Memory:
    """Return an empty memory for `size` bytes of data, without room for their history.

    Its hash table takes `mebibytes` at most. The first weights trust the model, if there is one;
    else each context a little.
    """
    apms = min(MOST_APMS, _power(size, 1 << 8))
    state_maps = np.full((CONTEXTS + 1, 256), 1 << 30, np.uint32)
    state_maps[:CONTEXTS, : len(PROBABILITY)] = PROBABILITY.astype(np.uint32) << 9
    weights = np.zeros((sum(WEIGHT_SETS), WIDTH), np.int32)
    weights[:, : CONTEXTS + 1] = CONTEXT_WEIGHT_WITH_MODEL if model else CONTEXT_WEIGHT
    weights[:, MODEL] = MODEL_WEIGHT if model else 0
    points = (np.arange(APM_POINTS) - APM_POINTS // 2) * BIN
    apm = SQUASH[np.clip(points, -MAX_LOG_ODDS, MAX_LOG_ODDS) + MAX_LOG_ODDS + 1]
    return Memory(
        hash_table=np.zeros(
            min(mebibytes << 20, SLOT * _power(SLOTS_PER_BYTE * size, 64)) + SLOT, np.uint8
        ),
        state_maps=state_maps,
        weights=weights,
        final_weights=np.full((256, len(WEIGHT_SETS)), (1 << 16) // len(WEIGHT_SETS), np.int32),
        apms=np.tile(apm.astype(np.uint16), (2 * apms, 1)),
        match_table=np.zeros(min(MOST_MATCHES, _power(size, 64)), np.int64),
        history=np.zeros(0, np.uint8),
        clock=np.zeros(1, np.int64),
        hashes=np.zeros(CONTEXTS, np.int64),
        slots=np.zeros(CONTEXTS, np.uint32),
        states=np.zeros(CONTEXTS, np.uint8),
        inputs=np.zeros((1, WIDTH), np.int32),
        rows=np.zeros(len(WEIGHT_SETS), np.int64),
        set_odds=np.zeros(len(WEIGHT_SETS), np.int64),
        model_sums=np.zeros(257, np.int64),
    )


def lanes(size: int, count: int, run: int) -> NDArray[np.int64]:
    """Return registers (lanes, 7) for `size` bytes dealt out to lanes in runs of `run` bytes."""
    registers = np.zeros((count, 7), np.int64)
    if count:
        whole, rest = divmod(size, run * count)
        registers[:, START] = np.arange(count) * run
        registers[:, BYTES] = whole * run + np.clip(rest - registers[:, START], 0, run)
    return registers


def _power(least: int, smallest: int) -> int:
    """Return the least power of two that is at least `least` and at least `smallest`."""
    return max(smallest, 1 << max(0, least - 1).bit_length())

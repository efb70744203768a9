"""What the mixture of symbols learns, as arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength_mix.histories import PROBABILITY
from codelength_mix.logistic import MAX_LOG_ODDS, SQUASH
from codelength_mix.memory import APM_POINTS, BIN, SLOT

ORDERS = 6
"""Contexts of the last 0 to 5 symbols."""

CONTEXTS = ORDERS + 4
"""Those; the model's best symbol; it and the last symbol; the symbol before the last; the model's
best two. The first layout has these alone."""

LINED = CONTEXTS + 2
"""Those; the column; the column and the bytes of the model's best symbol that breaks no line."""

EACH = 2
"""Inputs of the mixer for each context: log odds, and the same as a probability."""

OTHERS = MATCH, BIAS, MODEL, SHARE = range(4)
"""Inputs behind the log odds of the contexts. MODEL is the model's log odds, SHARE its
probability. The probabilities of the contexts come last."""

PHASES = 4
"""Parts of a symbol's bits, four bits each, the last one all that are left."""

LENGTHS = 16
"""Buckets of the length of a match."""

DEPTHS = 16
"""Bits of a symbol that select weights of their own; the others share the last."""

MOST_ROWS = 1 << 12
"""The most rows of the weight set that the last symbol selects."""

COLUMNS = 128
"""Columns of a line that are told apart; the last stands for all beyond."""

WEIGHT_SETS = (
    (ORDERS + 1) * DEPTHS,
    LENGTHS * DEPTHS,
    8 * 16 * PHASES,
    MOST_ROWS,
    COLUMNS + DEPTHS,
)
"""Rows of each weight set. They are selected by how many orders have a history; by the match; by
the model's confidence in its best symbol and in this bit; by the last symbol; by the column for the
first bit. The first two, and the last for other bits, also by the bit. The first layout has four
sets."""

FIRST_SETS = 4

FIRST_ROWS = np.concatenate([[0], np.cumsum(WEIGHT_SETS)])[:-1]
"""Where each set begins."""

CONTEXT_WEIGHT, MODEL_WEIGHT = 1_000, 64_000
"""Initial mixer weights, in units of 2^-16: almost only the model is trusted."""

SLOTS_PER_SYMBOL = 4
"""Slots for each context and symbol of the data, while they fit into the memory allowed."""

MOST_APMS, MOST_MATCHES = 1 << 16, 1 << 20
"""The most APMs for each kind, and the most entries of the match table."""

POINTER, LENGTH, SYMBOLS, COLUMN = range(4)
"""Registers of a lane: the position and the length of its match, how many symbols it has, and the
bytes since the last end of a line."""


class SymbolMemory(NamedTuple):
    """What is learned, and scratch arrays."""

    hash_table: NDArray[np.uint8]
    state_maps: NDArray[np.uint32]
    """(phases · (contexts + 1), 256): as in `memory.Memory`. The last of a phase is the match's."""
    weights: NDArray[np.int32]
    """(rows of all sets, inputs): mixer weights, in units of 2^-16."""
    apms: NDArray[np.uint16]
    """(APMs of each node, then those of each node after the last symbol; APM_POINTS)"""
    match_table: NDArray[np.int64]
    """Hash of the last two symbols → position after them."""
    history: NDArray[np.int32]
    """(steps · lanes,): the symbol of each lane at each step; -1 where it is not known."""
    lanes: NDArray[np.int64]
    """(lanes, 4): registers."""
    clock: NDArray[np.int64]
    """(1,): symbols that have been learned."""
    sums: NDArray[np.int64]
    """(alphabet + 1,): cumulative frequencies of the model."""
    hashes: NDArray[np.int64]
    slots: NDArray[np.int64]
    states: NDArray[np.int64]
    inputs: NDArray[np.int64]
    rows: NDArray[np.int64]
    set_odds: NDArray[np.int64]


def symbol_memory(
    count: int, lanes: int, alphabet: int, mebibytes: int, lined: bool
) -> SymbolMemory:
    """Return an empty memory for `count` symbols, without room for their history.

    It has the first layout unless `lined`.
    """
    contexts, sets = (LINED, len(WEIGHT_SETS)) if lined else (CONTEXTS, FIRST_SETS)
    inputs = EACH * contexts + len(OTHERS)
    apms = min(MOST_APMS, _power(8 * count, 1 << 8))
    state_maps = np.full((PHASES * (contexts + 1), 256), 1 << 30, np.uint32)
    by_phase = state_maps.reshape(PHASES, contexts + 1, 256)
    by_phase[:, :contexts, : len(PROBABILITY)] = PROBABILITY.astype(np.uint32) << 9
    weights = np.zeros((sum(WEIGHT_SETS[:sets]), inputs), np.int32)
    weights[:, : contexts + BIAS + 1] = CONTEXT_WEIGHT
    weights[:, contexts + MODEL] = MODEL_WEIGHT
    points = (np.arange(APM_POINTS) - APM_POINTS // 2) * BIN
    apm = SQUASH[np.clip(points, -MAX_LOG_ODDS, MAX_LOG_ODDS) + MAX_LOG_ODDS + 1]
    registers = np.zeros((lanes, 4), np.int64)
    if lanes:
        registers[:, SYMBOLS] = count // lanes + (np.arange(lanes) < count % lanes)
    slots = min(mebibytes << 20, SLOT * _power(SLOTS_PER_SYMBOL * contexts * count, 64))
    return SymbolMemory(
        hash_table=np.zeros(slots + SLOT, np.uint8),
        state_maps=state_maps,
        weights=weights,
        apms=np.tile(apm.astype(np.uint16), (2 * apms, 1)),
        match_table=np.zeros(min(MOST_MATCHES, _power(count, 64)), np.int64),
        history=np.zeros(0, np.int32),
        lanes=registers,
        clock=np.zeros(1, np.int64),
        sums=np.zeros(alphabet + 1, np.int64),
        hashes=np.zeros(contexts, np.int64),
        slots=np.zeros(contexts, np.int64),
        states=np.zeros(contexts, np.int64),
        inputs=np.zeros(inputs, np.int64),
        rows=np.zeros(sets, np.int64),
        set_odds=np.zeros(sets, np.int64),
    )


def _power(least: int, smallest: int) -> int:
    """Return the least power of two that is at least `least` and at least `smallest`."""
    return max(smallest, 1 << max(0, least - 1).bit_length())

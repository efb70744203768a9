"""The distribution of a whole byte: what the probabilities of its bits come to, in integers.

The coder learns each bit before it predicts the next bit of the same byte. So all 256 bytes are
tried, bit by bit, and what is learned on the way is undone. Only what is read again within the byte
is learned: the weights selected by the last byte, the state maps and the APMs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_mix.contexts import expected_byte, hash_contexts
from codelength_mix.hash_table import look_up, second_half_hash
from codelength_mix.logistic import MAX_LOG_ODDS, SQUASH
from codelength_mix.memory import BIAS, BIN, BIN_BITS, CONTEXTS, RECENT, Memory, int64
from codelength_mix.mixing import (
    FIRST_LEARNING_RATE,
    LEARNING_RATE,
    MIDDLE,
    next_bit,
    predict_bit,
    update_apms,
    update_state_map,
)  # fmt: skip
from codelength_mix.vectors import WIDTH, train


class Undo(NamedTuple):
    """What each bit of a byte has overwritten, by its depth in the byte."""

    weights: NDArray[np.int32]
    """(8, WIDTH): a row of the memory's weights."""
    states: NDArray[np.int64]
    """(8, contexts + 1): the state of each context; the last one is that of the match."""
    state_maps: NDArray[np.uint32]
    """(8, contexts + 1): the entry of the state map at that state."""
    apms: NDArray[np.int64]
    """(8, 3): two APMs, and the point in them."""
    points: NDArray[np.uint16]
    """(8, 2): the two APMs at that point."""


@compiled
def predict_byte(
    memory: Memory, lane: NDArray[np.int64], given: NDArray[np.int32], out: NDArray[np.int32]
) -> None:
    """Write the frequencies of a lane's next byte; the memory is left as it was.

    Args:
        memory: What is learned.
        lane: (7,), the registers of the lane.
        given: (256,), the frequencies of a model; (0,) if there is none.
        out: (256,). They sum to 2^24 − 768 or little less.
    """
    sums, hashes = memory.model_sums, memory.hashes
    for symbol in range(len(given)):
        sums[symbol + 1] = sums[symbol] + given[symbol]
    hash_contexts(lane, hashes)
    memory.inputs[0, BIAS] = 256
    memory.rows[0] = lane[RECENT] & 0xFF
    byte_expected, length = expected_byte(lane, memory.history)
    slots = np.empty((2, CONTEXTS), np.uint32)  # of each half of the byte
    for context in range(CONTEXTS):
        slots[0, context] = look_up(memory.hash_table, hashes[context])
    shares = np.empty(9, np.int64)
    shares[0] = 1 << 44
    undo = Undo(
        np.empty((8, WIDTH), np.int32),
        np.empty((8, CONTEXTS + 1), np.int64),
        np.empty((8, CONTEXTS + 1), np.uint32),
        np.empty((8, 3), np.int64),
        np.empty((8, 2), np.uint16),
    )
    known = 0  # bits of the byte that are learned
    for byte in range(256):
        while known and byte >> (8 - known) != (byte - 1) >> (8 - known):
            known -= 1
            _forget_bit(memory, undo, known)
        while known < 8:
            so_far = (256 | byte) >> (8 - known)
            if known == 4:
                for context in range(CONTEXTS):
                    slots[1, context] = look_up(
                        memory.hash_table, second_half_hash(hashes[context], so_far)
                    )
            memory.slots[:] = slots[known >> 2]
            bit = (byte >> (7 - known)) & 1
            one = _learn_bit(memory, lane, undo, known, so_far, bit, byte_expected, length, given)
            share = (shares[known] * one) >> 16
            shares[known + 1] = share if bit else shares[known] - share
            known += 1
        out[byte] = 1 + (shares[8] * ((1 << 14) - 1) >> 34)
    while known:
        known -= 1
        _forget_bit(memory, undo, known)


@compiled
def _learn_bit(
    memory: Memory,
    lane: NDArray[np.int64],
    undo: Undo,
    depth: int,
    so_far: int,
    bit: int,
    byte_expected: int,
    length: int,
    given: NDArray[np.int32],
) -> int:
    """Learn a bit after the bits `so_far`, and return the probability of a one before that."""
    place = 7 - depth
    node = (1 << (depth & 3)) | (so_far & ((1 << (depth & 3)) - 1))
    expected = next_bit(byte_expected, so_far, place)
    one, mixed, apm, apm2 = predict_bit(
        memory, lane[RECENT], expected, length, place, so_far, node, len(given) > 0
    )
    maps, row = memory.state_maps, memory.rows[0]
    point = (mixed + MIDDLE + BIN // 2) >> BIN_BITS
    undo.apms[depth, 0], undo.apms[depth, 1], undo.apms[depth, 2] = apm, apm2, point
    undo.points[depth, 0] = memory.apms[apm, point]
    undo.points[depth, 1] = memory.apms[apm2, point]
    undo.weights[depth] = memory.weights[row]
    for context in range(CONTEXTS):
        state = memory.states[context]
        undo.states[depth, context] = state
        undo.state_maps[depth, context] = maps[context, state]
        update_state_map(maps, context, state, bit)
    undo.states[depth, CONTEXTS] = length
    undo.state_maps[depth, CONTEXTS] = maps[CONTEXTS, length]
    if expected >= 0:
        update_state_map(maps, CONTEXTS, length, int64(bit == expected))
    update_apms(memory.apms, apm, apm2, mixed, bit)
    rate = max(LEARNING_RATE, FIRST_LEARNING_RATE - (memory.clock[0] >> 4))
    wrong = (bit << 16) - np.int64(SQUASH[memory.set_odds[0] + MAX_LOG_ODDS + 1])
    train(memory.inputs, memory.weights, row, np.int32(wrong * rate >> 10))
    return one


@compiled
def _forget_bit(memory: Memory, undo: Undo, depth: int) -> None:
    """Restore what `_learn_bit` changed at this depth."""
    apm, apm2, point = undo.apms[depth]
    memory.apms[apm, point] = undo.points[depth, 0]
    memory.apms[apm2, point] = undo.points[depth, 1]
    memory.weights[memory.rows[0]] = undo.weights[depth]
    for context in range(CONTEXTS + 1):
        memory.state_maps[context, undo.states[depth, context]] = undo.state_maps[depth, context]

"""The distribution of a whole byte: what the probabilities of its bits come to, in integers.

The coder learns each bit before it predicts the next one of the same byte. So all 256 bytes are
walked through, bit by bit, and what is learned on the way is undone. Only what can be read again
within the byte is learned: the weights for the last byte, the maps and the curves.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_mix.lane import expectation, recall
from codelength_mix.logistic import FARTHEST, SQUASH
from codelength_mix.memory import BIAS, BIN, BIN_BITS, CONTEXTS, RECENT, Memory, int64
from codelength_mix.mixing import (
    FIRST_RATE,
    MIDDLE,
    RATE,
    adapt,
    chance_of_one,
    learn_curves,
    next_bit,
)  # fmt: skip
from codelength_mix.slots import look_up, second_half
from codelength_mix.vectors import WIDTH, train


class Undo(NamedTuple):
    """For each bit of a byte: what was there before it was learned."""

    weights: NDArray[np.int32]
    """(8, WIDTH): a row of the memory's weights."""
    states: NDArray[np.int64]
    """(8, contexts + 1): which state of each map, that of the match last."""
    maps: NDArray[np.uint32]
    """(8, contexts + 1): the map at that state."""
    curves: NDArray[np.int64]
    """(8, 3): two curves, and the point on them."""
    points: NDArray[np.uint16]
    """(8, 2): the two curves at that point."""


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
    sums, keys = memory.sums, memory.keys
    for symbol in range(len(given)):
        sums[symbol + 1] = sums[symbol] + given[symbol]
    recall(lane, keys)
    memory.inputs[0, BIAS] = 256
    memory.rows[0] = lane[RECENT] & 0xFF
    byte_expected, length = expectation(lane, memory.history)
    slots = np.empty((2, CONTEXTS), np.uint32)  # of each half of the byte
    for context in range(CONTEXTS):
        slots[0, context] = look_up(memory.slots, keys[context])
    shares = np.empty(9, np.int64)
    shares[0] = 1 << 44
    undo = Undo(
        np.empty((8, WIDTH), np.int32),
        np.empty((8, CONTEXTS + 1), np.int64),
        np.empty((8, CONTEXTS + 1), np.uint32),
        np.empty((8, 3), np.int64),
        np.empty((8, 2), np.uint16),
    )
    known = 0  # bits that are learned
    for byte in range(256):
        while known and byte >> (8 - known) != (byte - 1) >> (8 - known):
            known -= 1
            _forget_bit(memory, undo, known)
        while known < 8:
            so_far = (256 | byte) >> (8 - known)
            if known == 4:
                for context in range(CONTEXTS):
                    slots[1, context] = look_up(memory.slots, second_half(keys[context], so_far))
            memory.found[:] = slots[known >> 2]
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
    """Learns a bit behind the bits `so_far`. Returns the probability of a one before that."""
    place = 7 - depth
    node = (1 << (depth & 3)) | (so_far & ((1 << (depth & 3)) - 1))
    expected = next_bit(byte_expected, so_far, place)
    one, mixed, curve, other = chance_of_one(
        memory, lane[RECENT], expected, length, place, so_far, node, len(given) > 0
    )
    maps, row = memory.maps, memory.rows[0]
    point = (mixed + MIDDLE + BIN // 2) >> BIN_BITS
    undo.curves[depth, 0], undo.curves[depth, 1], undo.curves[depth, 2] = curve, other, point
    undo.points[depth, 0] = memory.curves[curve, point]
    undo.points[depth, 1] = memory.curves[other, point]
    undo.weights[depth] = memory.weights[row]
    for context in range(CONTEXTS):
        state = memory.states[context]
        undo.states[depth, context], undo.maps[depth, context] = state, maps[context, state]
        adapt(maps, context, state, bit)
    undo.states[depth, CONTEXTS], undo.maps[depth, CONTEXTS] = length, maps[CONTEXTS, length]
    if expected >= 0:
        adapt(maps, CONTEXTS, length, int64(bit == expected))
    learn_curves(memory.curves, curve, other, mixed, bit)
    rate = max(RATE, FIRST_RATE - (memory.clock[0] >> 4))
    wrong = (bit << 16) - np.int64(SQUASH[memory.said[0] + FARTHEST + 1])
    train(memory.inputs, memory.weights, row, np.int32(wrong * rate >> 10))
    return one


@compiled
def _forget_bit(memory: Memory, undo: Undo, depth: int) -> None:
    curve, other, point = undo.curves[depth]
    memory.curves[curve, point] = undo.points[depth, 0]
    memory.curves[other, point] = undo.points[depth, 1]
    memory.weights[memory.rows[0]] = undo.weights[depth]
    for context in range(CONTEXTS + 1):
        memory.maps[context, undo.states[depth, context]] = undo.maps[depth, context]

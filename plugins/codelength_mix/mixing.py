"""The probability of one bit, and what is learnt from it. Compiled, in integers.

State maps turn bit histories into probabilities. Two sets of mixer weights, selected by small
contexts, mix these in the logistic domain; a final mixer mixes the two results. The weights learn
by gradient descent on the coding cost. Two adaptive probability maps (APM, also called SSE),
selected by the last one and two bytes, correct the outcome.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import inlined
from codelength_exact.prefetch import prefetch
from codelength_mix.hash_table import hashed
from codelength_mix.histories import NEXT
from codelength_mix.logistic import MAX_LOG_ODDS, ONE, SQUASH, STRETCH, STRETCH_FINE
from codelength_mix.memory import (
    APM_POINTS,
    BIN,
    BIN_BITS,
    CONFIDENCE,
    CONTEXTS,
    MATCH,
    MODEL,
    SHORT,
    WEIGHT_SETS,
    Memory,
    int64,
)
from codelength_mix.vectors import dot, train

COUNT_LIMIT = 511
"""The largest count of a state map's entry."""

ADAPTATION_RATES = np.array([131072 // (2 * n + 3) for n in range(COUNT_LIMIT + 1)], np.int32)
"""Count n → how far an entry moves towards a bit: 1 / (n + 1.5), in units of 2^-16."""

LEARNING_RATE, FIRST_LEARNING_RATE = 20, 200
"""Learning rates of the mixer, in the end and at first. The rate falls by one every 16 bytes."""
FINAL_LEARNING_RATE = 2
"""Learning rate of the final mixer."""

APM_RATE = 5
"""A point of an APM moves by 2^-5 of the error."""

APM_BYTES = 2 * APM_POINTS
"""Bytes of an APM. They lie in two cache lines."""

MIDDLE = APM_POINTS // 2 * BIN
"""Log odds plus MIDDLE are 0 at the first point of an APM. Points are BIN apart."""


@inlined
def predict_bit(
    memory: Memory,
    recent: int,
    expected: int,
    length: int,
    place: int,
    so_far: int,
    node: int,
    modelled: bool,
) -> tuple[int, int, int, int]:
    """Predict bit `place` of a byte, after the bits `so_far`.

    Returns:
        The probability of a one; the log odds before the APMs; the numbers of the two APMs.
    """
    inputs, rows = memory.inputs, memory.rows
    one, two = apms_of(recent, so_far, len(memory.apms))
    for apm in (one, two):
        prefetch(memory.apms, apm * APM_BYTES)
        prefetch(memory.apms, apm * APM_BYTES + APM_BYTES - 2)
    known = read_contexts(memory, node)
    odds = int64(STRETCH[memory.state_maps[CONTEXTS, length] >> 19])
    inputs[0, MATCH] = 0 if expected < 0 else odds if expected else -odds
    if modelled:
        inputs[0, MODEL] = STRETCH_FINE[model_probability(memory.model_sums, so_far, place)]
    rows[1] = WEIGHT_SETS[0] + 8 * known + place
    mixed = mix_inputs(inputs, memory.weights, rows, memory.final_weights[so_far], memory.set_odds)
    return apply_apms(memory.apms, one, two, mixed), mixed, one, two


@inlined
def read_contexts(memory: Memory, node: int) -> int:
    """Set the mixer's inputs from the contexts; return how many contexts have a history."""
    inputs = memory.inputs
    known: int = 0
    for context in range(CONTEXTS):
        state = memory.hash_table[memory.slots[context] | node]
        memory.states[context] = state
        seen = int64(state != 0)
        known += seen
        probability = memory.state_maps[context, state] >> 19
        inputs[0, context] = int64(STRETCH[probability]) * seen
        if context >= SHORT:
            inputs[0, CONFIDENCE + context] = (int64(probability) - 2048) * seen
    return known


@inlined
def mix_inputs(
    inputs: NDArray[np.int32],
    weights: NDArray[np.int32],
    rows: NDArray[np.int64],
    final_weights: NDArray[np.int32],
    set_odds: NDArray[np.int64],
) -> int:
    """Return the log odds of the final mixer; write those of each weight set to `set_odds`."""
    mixed: int = 0
    for each in range(len(WEIGHT_SETS)):
        odds = int64(dot(inputs, weights, rows[each])) >> 8
        set_odds[each] = min(max(odds, -MAX_LOG_ODDS), MAX_LOG_ODDS)
        mixed += set_odds[each] * int64(final_weights[each])
    return min(max(mixed >> 16, -MAX_LOG_ODDS), MAX_LOG_ODDS)


@inlined
def apply_apms(apms: NDArray[np.uint16], one: int, two: int, mixed: int) -> int:
    """Return the probability of a one: the mean of two APMs at the log odds `mixed`."""
    point, beyond = (mixed + MIDDLE) >> BIN_BITS, (mixed + MIDDLE) & (BIN - 1)
    before = int64(apms[one, point]) + int64(apms[two, point])
    after = int64(apms[one, point + 1]) + int64(apms[two, point + 1])
    probability = (before * (BIN - beyond) + after * beyond + BIN) >> (BIN_BITS + 1)
    return min(max(probability, 1), ONE - 1)


@inlined
def update(
    memory: Memory, so_far: int, node: int, mixed: int, one: int, two: int, bit: int, rate: int
) -> None:
    """Learn the bit that `predict_bit` predicted."""
    update_apms(memory.apms, one, two, mixed, bit)
    update_weights(memory, memory.final_weights[so_far], mixed, bit, rate)
    for context in range(CONTEXTS):
        state = memory.states[context]
        update_state_map(memory.state_maps, context, state, bit)
        memory.hash_table[memory.slots[context] | node] = NEXT[state, bit]


@inlined
def update_weights(
    memory: Memory, final_weights: NDArray[np.int32], mixed: int, bit: int, rate: int
) -> None:
    """Update the selected weights of both sets, and those of the final mixer, for a bit."""
    error = ((bit << 16) - int64(SQUASH[mixed + MAX_LOG_ODDS + 1])) * FINAL_LEARNING_RATE
    for each in range(len(WEIGHT_SETS)):
        odds = memory.set_odds[each]
        final_weights[each] += (odds * error + (1 << 15)) >> 16
        wrong = (bit << 16) - int64(SQUASH[odds + MAX_LOG_ODDS + 1])
        train(memory.inputs, memory.weights, memory.rows[each], np.int32(wrong * rate >> 10))


@inlined
def update_apms(apms: NDArray[np.uint16], one: int, two: int, mixed: int, bit: int) -> None:
    """Move the nearest points of two APMs towards a bit."""
    point = (mixed + MIDDLE + BIN // 2) >> BIN_BITS
    target = (ONE - 1) * bit
    apms[one, point] += (target - apms[one, point]) >> APM_RATE
    apms[two, point] += (target - apms[two, point]) >> APM_RATE


@inlined
def update_state_map(state_maps: NDArray[np.uint32], row: int, state: int, bit: int) -> None:
    """Move a state map's probability of a one towards a bit."""
    entry = int64(state_maps[row, state])
    count, probability = entry & 511, entry >> 9
    probability += (((bit << 22) - probability) * ADAPTATION_RATES[count]) >> 16
    state_maps[row, state] = probability << 9 | min(count + 1, COUNT_LIMIT)


@inlined
def next_bit(byte: int, so_far: int, place: int) -> int:
    """Return the next bit of the expected byte, or -1 if its first bits are not `so_far`.

    `byte` has 256 added; it is 0 without a match.
    """
    return (byte >> place) & 1 if byte >> (place + 1) == so_far else -1


@inlined
def model_probability(sums: NDArray[np.int64], so_far: int, place: int) -> int:
    """Return the probability of a one by a model's cumulative frequencies (257,)."""
    low = (so_far << (place + 1)) & 255
    middle, high = low + (1 << place), low + (2 << place)
    share: int = ((sums[high] - sums[middle]) << 16) // (sums[high] - sums[low])
    return share


@inlined
def apms_of(recent: int, so_far: int, count: int) -> tuple[int, int]:
    """Return the numbers of two APMs: by the last byte, by the last two, each with `so_far`."""
    mask = (count >> 1) - 1
    one = (hashed((recent & 0xFF) << 8 | so_far) >> 20) & mask
    two = (hashed((recent & 0xFFFF) << 8 | so_far) >> 20) & mask
    return one, two + mask + 1

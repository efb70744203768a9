"""The probability of one bit, and what is learnt from it. Compiled, in integers.

Bit histories become probabilities by adaptive maps; two sets of weights, selected by small
contexts, mix these in the logistic domain, learning by gradient descent on coding cost, and a third
mixes what those two say; adaptive curves correct the outcome for the last one and two bytes.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import inlined, prefetch
from codelength_mix.histories import NEXT
from codelength_mix.logistic import FARTHEST, ONE, SQUASH, STRETCH, STRETCH_FINE
from codelength_mix.memory import (
    BIN,
    BIN_BITS,
    CONTEXTS,
    MATCH,
    MODEL,
    POINTS,
    SETS,
    SHORT,
    SURE,
    Memory,
    int64,
)
from codelength_mix.slots import scattered
from codelength_mix.vectors import dot, train

COUNTS = 511
"""A map's probability moves by an n-th of the error, n growing to this and a half."""
SHARES = np.array([131072 // (2 * n + 3) for n in range(COUNTS + 1)], np.int32)

RATE, FIRST_RATE = 20, 200
"""Learning rates of the mixer: for good, and at the beginning, one less every 16 bytes."""
FINAL_RATE = 2
CURVE_RATE = 5
"""A curve moves by 2^-5 of the error."""

CURVE = 2 * POINTS
"""Bytes of a curve, which lie in two lines of memory."""

MIDDLE = POINTS // 2 * BIN
"""Log odds plus this are 0 at a curve's first point; points are BIN apart."""


@inlined
def chance_of_one(
    memory: Memory,
    recent: int,
    expected: int,
    length: int,
    place: int,
    so_far: int,
    node: int,
    modelled: bool,
) -> tuple[int, int, int, int]:
    """The probability of a one at bit `place` behind the bits `so_far`.

    The log odds before the curves; the two curves.
    """
    inputs, rows = memory.inputs, memory.rows
    one, two = curves_of(recent, so_far, len(memory.curves))
    for curve in (one, two):
        prefetch(memory.curves, curve * CURVE)
        prefetch(memory.curves, curve * CURVE + CURVE - 2)
    known = ask_contexts(memory, node)
    odds = int64(STRETCH[memory.maps[CONTEXTS, length] >> 19])
    inputs[0, MATCH] = 0 if expected < 0 else odds if expected else -odds
    if modelled:
        inputs[0, MODEL] = STRETCH_FINE[by_model(memory.sums, so_far, place)]
    rows[1] = SETS[0] + 8 * known + place
    mixed = mix(inputs, memory.weights, rows, memory.final[so_far], memory.said)
    return corrected(memory.curves, one, two, mixed), mixed, one, two


@inlined
def ask_contexts(memory: Memory, node: int) -> int:
    """Sets the inputs of the contexts; how many contexts have a history."""
    inputs = memory.inputs
    known: int = 0
    for context in range(CONTEXTS):
        state = memory.slots[memory.found[context] | node]
        memory.states[context] = state
        seen = int64(state != 0)
        known += seen
        chance = memory.maps[context, state] >> 19
        inputs[0, context] = int64(STRETCH[chance]) * seen
        if context >= SHORT:
            inputs[0, SURE + context] = (int64(chance) - 2048) * seen
    return known


@inlined
def mix(
    inputs: NDArray[np.int32],
    weights: NDArray[np.int32],
    rows: NDArray[np.int64],
    final: NDArray[np.int32],
    said: NDArray[np.int64],
) -> int:
    """The log odds that the sets of weights give together."""
    mixed: int = 0
    for each in range(len(SETS)):
        odds = int64(dot(inputs, weights, rows[each])) >> 8
        said[each] = min(max(odds, -FARTHEST), FARTHEST)
        mixed += said[each] * int64(final[each])
    return min(max(mixed >> 16, -FARTHEST), FARTHEST)


@inlined
def corrected(curves: NDArray[np.uint16], one: int, two: int, mixed: int) -> int:
    """The probability after two of the curves."""
    point, beyond = (mixed + MIDDLE) >> BIN_BITS, (mixed + MIDDLE) & (BIN - 1)
    before = int64(curves[one, point]) + int64(curves[two, point])
    after = int64(curves[one, point + 1]) + int64(curves[two, point + 1])
    final = (before * (BIN - beyond) + after * beyond + BIN) >> (BIN_BITS + 1)
    return min(max(final, 1), ONE - 1)


@inlined
def learn(
    memory: Memory, so_far: int, node: int, mixed: int, one: int, two: int, bit: int, rate: int
) -> None:
    """Takes in the bit that `chance_of_one` was asked for."""
    learn_curves(memory.curves, one, two, mixed, bit)
    learn_mixing(memory, memory.final[so_far], mixed, bit, rate)
    for context in range(CONTEXTS):
        state = memory.states[context]
        adapt(memory.maps, context, state, bit)
        memory.slots[memory.found[context] | node] = NEXT[state, bit]


@inlined
def learn_mixing(memory: Memory, final: NDArray[np.int32], mixed: int, bit: int, rate: int) -> None:
    """Move the weights of both sets, and of what mixes these, against the error of a bit."""
    error = ((bit << 16) - int64(SQUASH[mixed + FARTHEST + 1])) * FINAL_RATE
    for each in range(len(SETS)):
        odds = memory.said[each]
        final[each] += (odds * error + (1 << 15)) >> 16
        wrong = (bit << 16) - int64(SQUASH[odds + FARTHEST + 1])
        train(memory.inputs, memory.weights, memory.rows[each], np.int32(wrong * rate >> 10))


@inlined
def learn_curves(curves: NDArray[np.uint16], one: int, two: int, mixed: int, bit: int) -> None:
    """Move the nearest points of two curves towards a bit."""
    point = (mixed + MIDDLE + BIN // 2) >> BIN_BITS
    target = (ONE - 1) * bit
    curves[one, point] += (target - curves[one, point]) >> CURVE_RATE
    curves[two, point] += (target - curves[two, point]) >> CURVE_RATE


@inlined
def adapt(maps: NDArray[np.uint32], row: int, state: int, bit: int) -> None:
    """Moves a map's probability of a one for a state towards a bit."""
    entry = int64(maps[row, state])
    count, chance = entry & 511, entry >> 9
    chance += (((bit << 22) - chance) * SHARES[count]) >> 16
    maps[row, state] = chance << 9 | min(count + 1, COUNTS)


@inlined
def next_bit(byte: int, so_far: int, place: int) -> int:
    """The bit that follows in an expected byte, plus 256; -1 if it does not begin like that."""
    return (byte >> place) & 1 if byte >> (place + 1) == so_far else -1


@inlined
def by_model(sums: NDArray[np.int64], so_far: int, place: int) -> int:
    """The probability of a one by a model's frequencies, of which `sums` (257,) are the sums."""
    low = (so_far << (place + 1)) & 255
    middle, high = low + (1 << place), low + (2 << place)
    share: int = ((sums[high] - sums[middle]) << 16) // (sums[high] - sums[low])
    return share


@inlined
def curves_of(recent: int, so_far: int, count: int) -> tuple[int, int]:
    """Which two of so many curves are for the last byte and the last two, and the bits behind."""
    mask = (count >> 1) - 1
    one = (scattered((recent & 0xFF) << 8 | so_far) >> 20) & mask
    two = (scattered((recent & 0xFFFF) << 8 | so_far) >> 20) & mask
    return one, two + mask + 1

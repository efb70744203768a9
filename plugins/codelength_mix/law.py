"""The law of a whole byte: what the bits, one after the other, come to. Compiled, in integers."""

from typing import Any

import numpy as np

from codelength.coding.compiled import compiled
from codelength_mix.lane import expectation, recall
from codelength_mix.memory import BIAS, CONTEXTS, RECENT
from codelength_mix.mixing import chance_of_one, next_bit
from codelength_mix.slots import look_up, second_half


@compiled
def law(memory: Any, lane: Any, frequencies: Any, out: Any) -> None:
    """Frequencies of a lane's next byte, which sum to 2^24 - 768 or little less, in `out` (256,);
    `frequencies` (256,) are those that a model gives, or there are none. Learns nothing."""
    sums, keys, found = memory.sums, memory.keys, memory.found
    modelled = len(frequencies) > 0
    for symbol in range(len(frequencies)):
        sums[symbol + 1] = sums[symbol] + frequencies[symbol]
    recall(lane, keys)
    memory.inputs[0, BIAS] = 256
    recent = lane[RECENT]
    memory.rows[0] = recent & 0xFF
    byte_expected, length = expectation(lane, memory.history)
    shares = np.empty(512, np.int64)
    shares[1] = 1 << 44
    for head in range(17):  # the first half of the byte, then the second behind each first one
        first = 15 + head if head else 1
        for context in range(CONTEXTS):
            key = keys[context]
            found[context] = look_up(memory.slots, second_half(key, first) if head else key)
        for node in range(1, 16):
            depth = 0
            while node >> (depth + 1):
                depth += 1
            so_far = first << depth | node & ((1 << depth) - 1)
            place = (3 if head else 7) - depth
            expected = next_bit(byte_expected, so_far, place)
            chance, _, _, _ = chance_of_one(
                memory, recent, expected, length, place, so_far, node, modelled
            )
            share = (shares[so_far] * chance) >> 16
            shares[2 * so_far + 1], shares[2 * so_far] = share, shares[so_far] - share
    for symbol in range(256):
        out[symbol] = 1 + (shares[256 + symbol] * ((1 << 14) - 1) >> 34)

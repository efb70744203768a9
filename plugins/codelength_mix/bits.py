"""Codes the bytes of a sample bit by bit: predict, code, learn. Compiled, in integers.

The design is that of the PAQ family, after Matt Mahoney's "Data Compression Explained" (section 4,
mattmahoney.net/dc/dce.html) and published descriptions of lpaq1; the code is our own.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_mix.contexts import append_byte, expected_byte, hash_contexts
from codelength_mix.hash_table import find_or_add, prefetch_slots, second_half_hash
from codelength_mix.memory import BIAS, BYTES, CONTEXTS, RECENT, START, Memory, int64
from codelength_mix.mixing import (
    FIRST_LEARNING_RATE,
    LEARNING_RATE,
    next_bit,
    predict_bit,
    update,
    update_state_map,
)

END = (1 << 56) - 1
"""The largest number of the arithmetic coder, which has 56 bits."""

LO, HI, POINT, AT = range(4)
"""Registers of the arithmetic coder: the ends of the interval; when decoding, the number that the
stream is at this place; how many bytes have been written or read."""


@compiled
def code(  # noqa: C901 - one loop, for speed
    memory: Memory,
    lanes: NDArray[np.int64],
    run: int,
    start: int,
    stop: int,
    given: NDArray[np.int32],
    source: NDArray[np.uint8],
    out: NDArray[np.uint8],
    coder: NDArray[np.int64],
    decoding: bool,
    lengths: NDArray[np.float64],
) -> bool:
    """Code the bytes from step `start` to `stop` of all lanes.

    The bytes of one step are coded in the order of the lanes.

    Args:
        memory: What is learned.
        lanes: (lanes, 7), the registers of each.
        run: Bytes of a lane that lie together in the data.
        start: The first step.
        stop: The step behind the last.
        given: (steps, lanes, 256), the frequencies of a model; (0, …) without a model.
        source: The data to encode, or the stream to decode. The data end up in the history.
        out: Where the stream is written to.
        coder: (4,), the registers of the arithmetic coder.
        decoding: Whether to decode.
        lengths: (bytes,), filled with the bits that each byte takes; (0,) if nobody asks.

    Returns:
        False if the stream ends too early.
    """
    history, hashes, slots, sums = (
        memory.history,
        memory.hashes,
        memory.slots,
        memory.model_sums,
    )
    modelled = len(given) > 0
    low, high, point, done = coder[LO], coder[HI], coder[POINT], coder[AT]
    memory.inputs[0, BIAS] = 256
    for step in range(start, stop):
        for number in range(len(lanes)):
            lane = lanes[number]
            if step >= lane[BYTES]:
                continue
            at = lane[START] + step // run * run * len(lanes) + step % run
            byte = 0 if decoding else int64(source[at])
            if len(lengths):
                lengths[at] = np.log2(np.float64(high - low + 1)) - 8 * done
            for symbol in range(256 if modelled else 0):
                sums[symbol + 1] = sums[symbol] + given[step - start, number, symbol]
            hash_contexts(lane, hashes)
            for context in range(CONTEXTS):
                prefetch_slots(memory.hash_table, hashes[context])
            for context in range(CONTEXTS):
                slots[context] = find_or_add(memory.hash_table, hashes[context])
            rate = max(LEARNING_RATE, FIRST_LEARNING_RATE - (memory.clock[0] >> 4))
            memory.clock[0] += 1
            recent = lane[RECENT]
            memory.rows[0] = recent & 0xFF
            byte_expected, length = expected_byte(lane, history)
            so_far: int = 1
            node: int = 1
            for place in range(7, -1, -1):
                if place == 3:
                    for context in range(CONTEXTS):
                        hashes[context] = second_half_hash(hashes[context], so_far)
                        prefetch_slots(memory.hash_table, hashes[context])
                    for context in range(CONTEXTS):
                        slots[context] = find_or_add(memory.hash_table, hashes[context])
                    node = 1
                expected = next_bit(byte_expected, so_far, place)
                probability, mixed, one, two = predict_bit(
                    memory, recent, expected, length, place, so_far, node, modelled
                )

                width = high - low
                split = low + (width >> 16) * probability + (((width & 0xFFFF) * probability) >> 16)
                bit = int64(point <= split) if decoding else (byte >> place) & 1
                if bit:
                    high = split
                else:
                    low = split + 1
                while (low ^ high) >> 48 == 0:
                    if decoding:
                        following = done + 7
                        point = (point << 8) & END
                        if following < len(source):
                            point |= int64(source[following])
                    else:
                        out[done] = low >> 48
                    done += 1
                    low, high = (low << 8) & END, (high << 8) & END | 255

                update(memory, so_far, node, mixed, one, two, bit, rate)
                if expected >= 0:
                    update_state_map(memory.state_maps, CONTEXTS, length, int64(bit == expected))
                so_far, node = 2 * so_far + bit, (2 * node + bit) & 15
            append_byte(lane, history, memory.match_table, at, so_far & 255)
            if len(lengths):
                lengths[at] -= np.log2(np.float64(high - low + 1)) - 8 * done
            if decoding and done > len(source):
                return False
    coder[LO], coder[HI], coder[POINT], coder[AT] = low, high, point, done
    return True

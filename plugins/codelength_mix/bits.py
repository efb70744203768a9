"""Bytes of a sample, one bit after the other: predicted, coded, learnt. Compiled, in integers.

The design is that of the PAQ family, after Matt Mahoney's "Data Compression Explained" (section 4,
mattmahoney.net/dc/dce.html) and published descriptions of lpaq1; the code is our own.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_mix.lane import expectation, note, recall
from codelength_mix.memory import BIAS, BYTES, CONTEXTS, RECENT, START, Memory, int64
from codelength_mix.mixing import FIRST_RATE, RATE, adapt, chance_of_one, learn, next_bit
from codelength_mix.slots import expect, second_half, take

END = (1 << 56) - 1
"""The arithmetic coder's numbers are of 56 bits."""

LO, HI, POINT, AT = range(4)
"""Its registers: the ends of the interval; the number in it that the stream is, when decoding; how
many bytes have been written or read."""


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
        given: (steps, lanes, 256), the frequencies that a model gives; (0, …) without a model.
        source: The data to encode, or the stream to decode. The data end up in the history.
        out: Where the stream is written to.
        coder: (4,), the registers of the arithmetic coder.
        decoding: Whether to decode.
        lengths: (bytes,), filled with the bits that each byte takes; (0,) if nobody asks.

    Returns:
        False if the stream ends too early.
    """
    history, keys, found, sums = memory.history, memory.keys, memory.found, memory.sums
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
            recall(lane, keys)
            for context in range(CONTEXTS):
                expect(memory.slots, keys[context])
            for context in range(CONTEXTS):
                found[context] = take(memory.slots, keys[context])
            rate = max(RATE, FIRST_RATE - (memory.clock[0] >> 4))
            memory.clock[0] += 1
            recent = lane[RECENT]
            memory.rows[0] = recent & 0xFF
            byte_expected, length = expectation(lane, history)
            so_far: int = 1
            node: int = 1
            for place in range(7, -1, -1):
                if place == 3:
                    for context in range(CONTEXTS):
                        keys[context] = second_half(keys[context], so_far)
                        expect(memory.slots, keys[context])
                    for context in range(CONTEXTS):
                        found[context] = take(memory.slots, keys[context])
                    node = 1
                expected = next_bit(byte_expected, so_far, place)
                chance, mixed, one, two = chance_of_one(
                    memory, recent, expected, length, place, so_far, node, modelled
                )

                width = high - low
                split = low + (width >> 16) * chance + (((width & 0xFFFF) * chance) >> 16)
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

                learn(memory, so_far, node, mixed, one, two, bit, rate)
                if expected >= 0:
                    adapt(memory.maps, CONTEXTS, length, int64(bit == expected))
                so_far, node = 2 * so_far + bit, (2 * node + bit) & 15
            note(lane, history, memory.places, at, so_far & 255)
            if len(lengths):
                lengths[at] -= np.log2(np.float64(high - low + 1)) - 8 * done
            if decoding and done > len(source):
                return False
    coder[LO], coder[HI], coder[POINT], coder[AT] = low, high, point, done
    return True

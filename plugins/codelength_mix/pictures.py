"""Predicts the pixels of a picture, plane by plane, and codes them. Compiled.

A pixel is predicted from its neighbours above and to the left, and from the planes before it, where
all neighbours are known. Two windows give the weights of the neighbours by least squares: a small
one that forgets fast and a large one. Where the errors were large, the distributions are wide.

Pictures that were once in another colour space have few of the colours that could be: of those of a
JPEG file two in five, of those of a Photo CD one in five. So a table counts which numbers came
together with those of the planes before, and what has been seen counts for more.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_mix.bits import AT, HI, LO
from codelength_mix.least_squares import add, leave, products, solve, terms_of
from codelength_mix.memory import int64
from codelength_mix.numbers import FRACTION, INVERSE, SPAN, Mixer, code_number, cumulative, mixer

LEFT, TOP, BOTTOM = 4, 3, 2
"""Pixels around a plane: LEFT to the left and to the right."""

OWN = (
    (-1, 0), (0, -1), (-1, -1), (1, -1), (-2, 0), (0, -2), (1, -2), (-2, -1), (2, -1), (-1, -2),
    (-2, -2), (2, -2), (-3, 0), (0, -3), (-3, -1), (3, -1), (-1, -3), (1, -3),
)  # fmt: skip
"""Neighbours in the same plane, as steps to the right and down."""

SIDE = (
    (0, 0), (-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1), (-2, 0), (0, -2),
    (2, 0), (0, 2), (-2, -1), (2, -1), (1, 2),
)  # fmt: skip
"""Neighbours in a plane before."""

COUNTS = ((18,), (10, 16), (10, 16, 9))
"""How many of them predict the first plane, the second, any other: in itself, in the plane before,
in the plane before that."""

SOLVERS = 2
RADIUS, FADE = np.array([6, 20]), np.array([3, 4])
"""Columns of a window to each side, and how fast its rows are forgotten: by 2^-FADE a row."""

REACH = 21
"""Pixels of the current row whose products are kept: one more than the largest radius."""

CLIP = 255
"""Differences between neighbours are clipped for the sums."""

SAMPLE_WEIGHT, QUIET = 48, 400
"""How much a pixel counts in the sums: SAMPLE_WEIGHT where there are no errors, and half of it
where they are QUIET."""

LEVELS = 64
"""Levels of a magnitude, four for each doubling."""

LEARNED = 7
"""Distributions whose scales are learned."""

USED, CONTEXTS = 9, 6
"""Distributions and contexts in all."""

PAIRS = LEVELS * LEVELS // 2
COUNTER_ROWS, WEIGHT_ROWS, APM_ROWS = 5 * PAIRS, 3 * LEVELS, 2 * LEVELS
SCALE_LIMIT, BIAS_LIMIT = 250, 200
"""The largest counts of what is averaged."""

KINDS = 9
KIND_OF_COUNT = np.repeat(np.arange(KINDS), [1, 1, 1, 2, 3, 8, 16, 32, 192])
"""How often a number was seen → its kind."""

TOTALS = 16
LARGEST_FACTOR, FACTOR_ONE = 1 << 16, 1 << 12


class Plane(NamedTuple):
    """What is learned of a plane, beside the mixer."""

    offsets: NDArray[np.int64]
    """(neighbours,): where each is, from a pixel in the flat planes."""
    back: NDArray[np.int64]
    """(neighbours,): how many planes before the pixel's."""
    columns: NDArray[np.int32]
    """(SOLVERS, width, terms)"""
    misses: NDArray[np.int64]
    """(SOLVERS, 2, width + 2 · LEFT): the errors of each solver in this row and the one before."""
    scales: NDArray[np.int64]
    """(LEARNED, PAIRS, 2): mean errors with 8 more binary places, and counts."""
    biases: NDArray[np.int64]
    """(64 · 32, 2): the same of signed errors."""
    seen: NDArray[np.uint8]
    """(numbers of planes before, numbers): how often each came, up to 255."""
    totals: NDArray[np.int64]
    """(numbers of planes before,)"""
    hits: NDArray[np.int64]
    """(TOTALS, KINDS, 2): how often a number was of a kind, and how often it should have been."""


def plane(number: int, width: int, size: int, most: int) -> Plane:
    """Return an empty plane.

    Args:
        number: Planes before it.
        width: Pixels of a row.
        size: Pixels of a plane with all around it.
        most: The largest number.
    """
    places, back = list[int](), list[int]()
    stride = width + 2 * LEFT
    for planes, count in enumerate(COUNTS[min(number, 2)]):
        steps = (SIDE if planes else OWN)[:count]
        places += [right + down * stride - planes * size for right, down in steps]
        back += [planes] * count
    scales = np.zeros((LEARNED, PAIRS, 2), np.int64)
    scales[:, :, 0] = 4 << (FRACTION + 8)
    pairs = 256 ** min(number, 2) if most < 256 else 1
    return Plane(
        offsets=np.array(places, np.int64),
        back=np.array(back, np.int64),
        columns=np.zeros((SOLVERS, width, terms_of(len(places))), np.int32),
        misses=np.zeros((SOLVERS, 2, stride), np.int64),
        scales=scales,
        biases=np.zeros((64 * 32, 2), np.int64),
        seen=np.zeros((pairs, max(most + 1, SPAN)), np.uint8),
        totals=np.zeros(pairs, np.int64),
        hits=np.full((TOTALS, KINDS, 2), 512, np.int64),
    )


def plane_mixer(coder: NDArray[np.int64]) -> Mixer:
    """Return the mixer of a plane."""
    return mixer(coder, COUNTER_ROWS, WEIGHT_ROWS, APM_ROWS)


@compiled
def level_of(magnitude: int) -> int:
    """Return the level of a magnitude: four for each doubling, from 0."""
    value, bits = magnitude + 2, int64(0)
    while value >> (bits + 1):
        bits += 1
    level: int = 4 * bits + ((value << 2 >> bits) & 3) - 4
    return min(level, LEVELS - 1)


@inlined
def learn_mean(means: NDArray[np.int64], value: int, limit: int) -> None:
    """Move the mean of `means` (mean, count) towards a value."""
    means[0] += 2 * (value - means[0]) // (2 * means[1] + 3)
    means[1] = min(means[1] + 1, limit)


@inlined
def fill_table(
    m: Mixer,
    centre: int,
    most: int,
    seen: NDArray[np.uint8],
    hits: NDArray[np.int64],
    masses: NDArray[np.int64],
) -> None:
    """Fill the mixer's table in: the first distribution, times a factor for what was seen.

    Args:
        m: The mixer.
        centre: The number in the middle of the table.
        most: The largest number.
        seen: (numbers,)
        hits: (KINDS, 2)
        masses: (KINDS,), filled with the probability of each kind without the factors.
    """
    masses[:] = 0
    start = min(max(centre - SPAN // 2, 0), max(0, most + 1 - SPAN))
    outside = factor_of(hits[0])
    total: int = 0
    before = cumulative(m, 0, start)
    m.span[0], m.span[1], m.span[3] = start, before * outside, outside
    for place in range(SPAN):
        after = cumulative(m, 0, start + place + 1)
        kind = KIND_OF_COUNT[seen[start + place]]
        masses[kind] += after - before
        total += (after - before) * factor_of(hits[kind])
        m.table[place + 1] = total
        before = after
    m.span[2] = before


@inlined
def factor_of(hits: NDArray[np.int64]) -> int:
    """Return the factor of a kind, in units of 2^-12."""
    return min(max(int64(hits[0]) * FACTOR_ONE // int64(hits[1]), 1), LARGEST_FACTOR)


@inlined
def learn_kind(hits: NDArray[np.int64], masses: NDArray[np.int64], kind: int) -> None:
    """Learn of which kind a number was."""
    hits[kind, 0] += 256
    for each in range(KINDS):
        hits[each, 1] += masses[each] >> 22
    if hits[0, 1] + hits[1, 1] > 1 << 30:
        for each in range(KINDS):
            hits[each, 0] = (hits[each, 0] >> 1) + 1
            hits[each, 1] = (hits[each, 1] >> 1) + 1


@compiled
def code_rows(  # noqa: C901 - one loop, for speed
    m: Mixer,
    state: Plane,
    planes: NDArray[np.int32],
    errors: NDArray[np.int32],
    number: int,
    top: int,
    bottom: int,
    most: int,
    shift: int,
    decoding: bool,
    source: NDArray[np.uint8],
    out: NDArray[np.uint8],
    lengths: NDArray[np.float64],
) -> bool:
    """Code the rows from `top` to `bottom` of a plane.

    Args:
        m: The mixer.
        state: What else is learned.
        planes: (planes, rows, columns), with pixels around; decoded numbers end up here.
        errors: The same shape: how far predictions were off, with FRACTION binary places.
        number: The plane.
        top: The first row.
        bottom: The row behind the last.
        most: The largest number.
        shift: Bits that differences lose before they are clipped.
        decoding: Whether to decode.
        source: The stream to decode.
        out: Where the stream is written to.
        lengths: (planes, rows, columns), filled with bits; empty if nobody asks.

    Returns:
        False if the stream ends too early.
    """
    stride, size = planes.shape[2], planes.shape[1] * planes.shape[2]
    width = stride - 2 * LEFT
    offsets, back, columns, misses = state.offsets, state.back, state.columns, state.misses
    n, terms, sides = len(offsets), columns.shape[2], min(number, 2)
    window, row = np.zeros((SOLVERS, terms), np.int32), np.zeros((SOLVERS, terms), np.int32)
    kept = np.zeros((REACH, terms), np.int32)
    values, weights = np.zeros(n + 1, np.int32), np.zeros(n, np.int64)
    differences, matrix = np.zeros(n, np.int64), np.zeros((n + 1, n + 1), np.float64)
    bases, masses = np.zeros(3, np.int64), np.zeros(KINDS, np.int64)
    guesses, costs, rests = (
        np.zeros(SOLVERS, np.int64),
        np.zeros(SOLVERS, np.int64),
        np.zeros(SOLVERS, np.int64),
    )
    pairs = np.zeros(LEARNED, np.int64)
    flat, wrong = planes.reshape(-1), errors.reshape(-1)
    for y in range(top, bottom):
        begin = number * size + (y + TOP) * stride + LEFT
        for i in range(1, LEFT + 1):
            flat[begin - i], wrong[begin - i] = flat[begin - stride], wrong[begin - stride]
        window[:], row[:], kept[:] = 0, 0, 0
        for solver in range(SOLVERS):
            for x in range(min(RADIUS[solver], width)):
                add(window[solver], columns[solver, x])
        for x in range(width):
            at = begin + x
            if len(lengths):
                lengths[number, y, x] = (
                    np.log2(np.float64(m.coder[HI] - m.coder[LO] + 1)) - 8 * m.coder[AT]
                )
            # what the neighbours say
            for side in range(sides + 1):
                p = at - side * size
                bases[side] = (
                    3 * (int64(flat[p - 1]) + int64(flat[p - stride]))
                    + int64(flat[p - stride - 1])
                    + int64(flat[p - stride + 1])
                ) >> 3
            for i in range(n):
                differences[i] = int64(flat[at + offsets[i]]) - bases[back[i]]
                values[i] = min(max(differences[i] >> shift, -CLIP), CLIP)
            mixed: int = 0
            shares: int = 0
            for solver in range(SOLVERS):
                radius = RADIUS[solver]
                if x + radius < width:
                    add(window[solver], columns[solver, x + radius])
                rests[solver] = solve(window[solver], row[solver], matrix, weights)
                guess: int = 0
                for i in range(n):
                    guess += differences[i] * weights[i]
                guess = (bases[0] << FRACTION) + (guess >> (16 - FRACTION))
                guesses[solver] = min(max(guess, 0), most << FRACTION)
                here, above = misses[solver, y & 1], misses[solver, (y + 1) & 1]
                cost = (
                    3 * (here[x + LEFT - 1] + above[x + LEFT])
                    + 2 * (above[x + LEFT - 1] + above[x + LEFT + 1])
                    + here[x + LEFT - 2]
                    + above[x + LEFT + 2]
                )
                costs[solver] = cost
                share = (1 << 40) // ((cost + 16) * (cost + 16)) + 1
                mixed += share * guesses[solver]
                shares += share
            prediction = mixed // shares

            # how far off it may be
            w, ww = int64(flat[at - 1]), int64(flat[at - 2])
            north, nn = int64(flat[at - stride]), int64(flat[at - 2 * stride])
            nw, ne = int64(flat[at - stride - 1]), int64(flat[at - stride + 1])
            activity = (
                4 * (abs(int64(wrong[at - 1])) + abs(int64(wrong[at - stride])))
                + 2 * (abs(int64(wrong[at - stride - 1])) + abs(int64(wrong[at - stride + 1])))
                + abs(int64(wrong[at - 2]))
                + abs(int64(wrong[at - 2 * stride]))
            )
            aside: int = 0
            signed: int = 0
            key: int = 0
            if sides:
                p = at - size
                signed = int64(wrong[p])
                aside = (
                    4 * abs(int64(wrong[p]))
                    + abs(int64(wrong[p - 1]))
                    + abs(int64(wrong[p - stride]))
                    + abs(int64(wrong[p + 1]))
                    + abs(int64(wrong[p + stride]))
                )
                key = int64(flat[p])
            if sides > 1:
                p = at - 2 * size
                signed += int64(wrong[p])
                aside += 4 * abs(int64(wrong[p]))
                key = key << 8 | int64(flat[p])
            if most > 255:
                key = 0
            own, other = level_of(activity >> 2), level_of(aside >> 1)
            gradient = level_of(
                (abs(w - nw) + abs(north - nw) + abs(north - ne) + abs(w - ww)) << 3
            )
            fast, slow = level_of(rests[0] >> 2), level_of(rests[1] >> 2)
            pairs[0] = own * 32 + (other >> 1)
            pairs[1] = own * 32 + (gradient >> 1)
            pairs[2] = fast * 32 + (own >> 1)
            pairs[3] = slow * 32 + (other >> 1)
            pairs[4] = level_of(costs[0] >> 2) * 32 + (other >> 1)
            pairs[5] = level_of(costs[1] >> 2) * 32 + (other >> 1)
            pairs[6] = own * 32 + (fast >> 1)
            tendency = min(max((signed + (1 << (FRACTION - 2))) >> (FRACTION - 1), -15), 15) + 16
            texture = (
                int64(w << FRACTION > prediction)
                | int64(north << FRACTION > prediction) << 1
                | int64(nw << FRACTION > prediction) << 2
                | int64(ne << FRACTION > prediction) << 3
                | int64(ww << FRACTION > prediction) << 4
                | int64(nn << FRACTION > prediction) << 5
            )
            biases = state.biases[texture * 32 + tendency]
            better = prediction + (biases[0] >> 8)
            for k in range(USED):
                m.means[k] = prediction
            m.means[2], m.means[3], m.means[4], m.means[5], m.means[6] = (
                guesses[0],
                guesses[1],
                guesses[0],
                guesses[1],
                better,
            )
            for k in range(LEARNED):
                scale = state.scales[k, pairs[k], 0] + 64
                m.inverses[k] = INVERSE * 256 * 3 // (2 * scale)
            scale = (state.scales[0, pairs[0], 0] + state.scales[6, pairs[6], 0]) // 2 + 64
            m.inverses[7] = INVERSE * 256 * 3 // (5 * scale)
            m.inverses[8] = INVERSE * 256 * 4 // scale
            grain: int = 0
            while scale >> (8 + FRACTION + 2 + grain):
                grain += 1
            centre = (better + (1 << (FRACTION - 1))) >> FRACTION

            # the contexts of counters, weights and maps
            level: int = 0
            while state.totals[key] >> level and level < TOTALS - 1:
                level += 1
            sums = int64(wrong[at - 1]) + int64(wrong[at - stride]) + (1 << (FRACTION - 1))
            m.contexts[0] = own * 8 + ((prediction >> (FRACTION - 3)) & 7)
            m.contexts[1] = 512 + (min(max(sums >> FRACTION, -7), 7) + 8) * 32 + (own >> 1)
            m.contexts[2] = 1024 + tendency * 32 + (own >> 1)
            m.contexts[3] = PAIRS + other * 32 + (own >> 1)
            m.contexts[4] = 2 * PAIRS + gradient * 32 + (fast >> 1)
            m.contexts[5] = 3 * PAIRS + texture * 32 + (fast >> 1)
            m.rows[0] = own
            m.rows[1] = LEVELS + level * 4 + min(own >> 3, 3)
            m.rows[2] = 2 * LEVELS + fast
            m.maps[0], m.maps[1] = own, LEVELS + fast
            fill_table(m, centre, most, state.seen[key], state.hits[level], masses)

            value = code_number(
                m, most, centre, grain, int64(flat[at]), USED, CONTEXTS, decoding, source, out
            )
            flat[at] = value
            error = (value << FRACTION) - prediction
            wrong[at] = error

            # learn
            learn_kind(state.hits[level], masses, int64(KIND_OF_COUNT[state.seen[key, value]]))
            state.totals[key] += 1
            state.seen[key, value] = min(int64(state.seen[key, value]) + 1, 255)
            for k in range(LEARNED):
                miss = abs((value << FRACTION) - m.means[k]) << 8
                learn_mean(state.scales[k, pairs[k]], miss, SCALE_LIMIT)
            learn_mean(biases, error << 8, BIAS_LIMIT)
            values[n] = min(max((value - bases[0]) >> shift, -CLIP), CLIP)
            products(values, max(1, SAMPLE_WEIGHT * QUIET // (QUIET + activity)), kept[x % REACH])
            for solver in range(SOLVERS):
                misses[solver, y & 1, x + LEFT] = abs((value << FRACTION) - guesses[solver])
                radius = RADIUS[solver]
                if x >= radius:
                    last = kept[(x - radius) % REACH]
                    column = columns[solver, x - radius]
                    leave(window[solver], row[solver], column, last, FADE[solver])
                add(row[solver], kept[x % REACH])
            if len(lengths):
                lengths[number, y, x] -= (
                    np.log2(np.float64(m.coder[HI] - m.coder[LO] + 1)) - 8 * m.coder[AT]
                )
        for solver in range(SOLVERS):
            for x in range(max(0, width - RADIUS[solver]), width):
                leave(
                    window[solver], row[solver], columns[solver, x], kept[x % REACH], FADE[solver]
                )
            here = misses[solver, y & 1]
            here[:LEFT], here[LEFT + width :] = here[LEFT], here[LEFT + width - 1]
        for i in range(LEFT):
            flat[begin + width + i] = flat[begin + width - 1]
            wrong[begin + width + i] = wrong[begin + width - 1]
        if decoding and m.coder[AT] > len(source):
            return False
    return True

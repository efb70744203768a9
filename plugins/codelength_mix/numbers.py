"""Codes a number by predictions of it: several distributions and counters, mixed bit by bit.

Whoever predicts gives logistic distributions, each by its mean and its scale; a distribution as a
table; and small contexts. The number is coded as answers to yes-or-no questions: is it above the
prediction, then how far away it is, in steps that double, then where within such a step. Each
distribution says how likely a yes is, and so does a counter for each context. All of that is mixed
in the logistic domain by weights that learn, and adaptive probability maps correct the outcome.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import inlined
from codelength_mix.bits import AT, END, HI, LO, POINT
from codelength_mix.logistic import MAX_LOG_ODDS, ONE, SQUASH, STRETCH_FINE, exp
from codelength_mix.memory import APM_POINTS, BIN, BIN_BITS, int64

FRACTION = 5
"""Binary places of a mean."""

WIDTH, LOGISTIC, CONTEXTS, SETS, APMS = 32, 12, 15, 3, 2
"""Inputs of the mixer; and how many of what there are at most, or always in the case of weight
sets and adaptive probability maps."""

TABLE, BIAS = LOGISTIC, LOGISTIC + 1 + CONTEXTS
"""The inputs of the table and of a constant. The contexts are between them."""

NODES = 64
"""Questions that are told apart: the side; 16 steps for each side; the first two bits within a
step, by how far away it is; the other bits."""

STEPS = 64
"""Entries of CUMULATIVE for a distance of one scale."""

FARTHEST = 20 * STEPS
"""Beyond this many entries nothing is left."""

CUMULATIVE = np.rint(
    (1 << 30) / (1.0 + exp(-np.arange(-FARTHEST, FARTHEST + 1) / STEPS)),
).astype(np.int64)
"""The logistic distribution, in units of 2^-30."""

SPAN = 64
"""Numbers of a table."""

INVERSE = 1 << 22
"""STEPS in units of 2^-16: INVERSE / scale is the inverse of a scale that has no binary places."""

WEIGHT, CONTEXT_WEIGHT = (1 << 16) // 4, (1 << 16) // 10
"""Initial weights of a distribution and of a context, in units of 2^-16."""

LIGHTEST, HEAVIEST = -(1 << 19), (1 << 19) - 1
FIRST_RATE, RATE, RATE_PERIOD = 60, 6, 9
"""The learning rate of the mixer: at first, in the end; it falls by one every 2^9 numbers."""

FINAL_RATE = 2
COUNT_LIMIT = 400
COUNT_BITS = 10
ADAPTATION_RATES = np.array([131072 // (2 * n + 3) for n in range(COUNT_LIMIT + 1)], np.int64)
APM_RATE = 6

BYTES = 80
"""The most bytes that a number takes: 40 answers of 16 bits."""


class Mixer(NamedTuple):
    """What is learned, and scratch arrays that the caller fills in for each number."""

    coder: NDArray[np.int64]
    """(4,): the registers of the arithmetic coder, see `bits`."""
    means: NDArray[np.int64]
    """(LOGISTIC,), with FRACTION binary places."""
    inverses: NDArray[np.int64]
    """(LOGISTIC,): INVERSE divided by the scale, for a scale with FRACTION binary places."""
    contexts: NDArray[np.int64]
    """(CONTEXTS,): rows of `counters`, in units of NODES."""
    rows: NDArray[np.int64]
    """(SETS,): rows of `weights`, in units of NODES."""
    maps: NDArray[np.int64]
    """(APMS,): rows of `apms`, in units of NODES."""
    table: NDArray[np.int64]
    """(SPAN + 1,): the table, as sums of probabilities in units of 2^-42."""
    span: NDArray[np.int64]
    """(4,): the first number of the table; the probability below it; the cumulative probability
    of the first distribution behind the table, and the factor of that distribution outside."""
    below: NDArray[np.int64]
    above: NDArray[np.int64]
    split: NDArray[np.int64]
    """(LOGISTIC + 1,): cumulative probabilities at the ends of the interval, and within."""
    inputs: NDArray[np.int32]
    """(WIDTH,): log odds."""
    odds: NDArray[np.int64]
    """(SETS,): what each weight set gives."""
    counters: NDArray[np.uint32]
    """(contexts · NODES,): a probability in 22 bits, and a count."""
    weights: NDArray[np.int32]
    """(weight sets · NODES, WIDTH), in units of 2^-16."""
    finals: NDArray[np.int32]
    """(NODES, SETS): weights of the sets, in units of 2^-16."""
    apms: NDArray[np.uint16]
    """(maps · NODES, APM_POINTS)"""
    clock: NDArray[np.int64]
    """(1,): numbers that have been coded."""


def mixer(coder: NDArray[np.int64], contexts: int, sets: int, maps: int) -> Mixer:
    """Return a mixer that has learned nothing, for so many contexts, weight sets and maps."""
    weights = np.zeros((sets * NODES, WIDTH), np.int32)
    weights[:, : TABLE + 1] = WEIGHT
    weights[:, TABLE + 1 : BIAS] = CONTEXT_WEIGHT
    points = (np.arange(APM_POINTS) - APM_POINTS // 2) * BIN
    apm = SQUASH[np.clip(points, -MAX_LOG_ODDS, MAX_LOG_ODDS) + MAX_LOG_ODDS + 1]
    return Mixer(
        coder=coder,
        means=np.zeros(LOGISTIC, np.int64),
        inverses=np.ones(LOGISTIC, np.int64),
        contexts=np.zeros(CONTEXTS, np.int64),
        rows=np.zeros(SETS, np.int64),
        maps=np.zeros(APMS, np.int64),
        table=np.zeros(SPAN + 1, np.int64),
        span=np.zeros(4, np.int64),
        below=np.zeros(LOGISTIC + 1, np.int64),
        above=np.zeros(LOGISTIC + 1, np.int64),
        split=np.zeros(LOGISTIC + 1, np.int64),
        inputs=np.zeros(WIDTH, np.int32),
        odds=np.zeros(SETS, np.int64),
        counters=np.full(contexts * NODES, 1 << 31, np.uint32),
        weights=weights,
        finals=np.full((NODES, SETS), (1 << 16) // SETS, np.int32),
        apms=np.tile(apm.astype(np.uint16), (maps * NODES, 1)),
        clock=np.zeros(1, np.int64),
    )


@inlined
def cumulative(m: Mixer, k: int, boundary: int) -> int:
    """Return how likely a number below `boundary` is by distribution k, in units of 2^-30."""
    distance = (boundary << FRACTION) - (1 << (FRACTION - 1)) - m.means[k]
    place = min(max((distance * m.inverses[k]) >> 16, -FARTHEST), FARTHEST)
    return int64(CUMULATIVE[place + FARTHEST])


@inlined
def tabulated(m: Mixer, boundary: int) -> int:
    """Return how likely a number below `boundary` is by the table, in units of 2^-42."""
    start, before, behind, factor = (
        int64(m.span[0]),
        int64(m.span[1]),
        int64(m.span[2]),
        int64(m.span[3]),
    )
    if boundary <= start:
        return cumulative(m, 0, boundary) * factor
    if boundary <= start + SPAN:
        return before + int64(m.table[boundary - start])
    return before + int64(m.table[SPAN]) + (cumulative(m, 0, boundary) - behind) * factor


@inlined
def predict_answer(m: Mixer, node: int, boundary: int, up: int, used: int, contexts: int) -> int:
    """Return the log odds that the answer to a question is yes.

    Args:
        m: What is learned.
        node: The number of the question.
        boundary: If `up`, the question is whether the number is not below it; else whether it is.
        up: 1 or 0.
        used: How many distributions there are.
        contexts: How many contexts there are.
    """
    for k in range(LOGISTIC + 1):
        if k < used or k == TABLE:
            m.split[k] = tabulated(m, boundary) if k == TABLE else cumulative(m, k, boundary)
            whole = m.above[k] - m.below[k]
            part = m.above[k] - m.split[k] if up else m.split[k] - m.below[k]
            m.inputs[k] = 0
            if whole >= 16:
                m.inputs[k] = STRETCH_FINE[min((part << 16) // whole, ONE - 1)]
    for c in range(contexts):
        m.inputs[TABLE + 1 + c] = STRETCH_FINE[m.counters[m.contexts[c] * NODES + node] >> 16]
    m.inputs[BIAS] = 256
    mixed: int = 0
    for s in range(SETS):
        row = m.rows[s] * NODES + node
        total: int = 0
        for i in range(WIDTH):
            total += (int64(m.inputs[i]) * int64(m.weights[row, i])) >> 8
        m.odds[s] = min(max(total >> 8, -MAX_LOG_ODDS), MAX_LOG_ODDS)
        mixed += m.odds[s] * int64(m.finals[node, s])
    return min(max(mixed >> 16, -MAX_LOG_ODDS), MAX_LOG_ODDS)


@inlined
def corrected(m: Mixer, node: int, mixed: int) -> int:
    """Return the probability of a yes: half of it by the mixer, half by the maps."""
    point = (mixed + APM_POINTS // 2 * BIN) >> BIN_BITS
    beyond = (mixed + APM_POINTS // 2 * BIN) & (BIN - 1)
    total = 2 * int64(SQUASH[mixed + MAX_LOG_ODDS + 1])
    for a in range(APMS):
        row = m.maps[a] * NODES + node
        before, after = int64(m.apms[row, point]), int64(m.apms[row, point + 1])
        total += (before * (BIN - beyond) + after * beyond) >> BIN_BITS
    return min(max(total >> 2, 1), ONE - 1)


@inlined
def code_bit(
    coder: NDArray[np.int64],
    probability: int,
    bit: int,
    decoding: bool,
    source: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> int:
    """Encode a bit by the probability of a one, or decode it; return it."""
    low, high = coder[LO], coder[HI]
    width = high - low
    split = low + (width >> 16) * probability + (((width & 0xFFFF) * probability) >> 16)
    coded = int64(coder[POINT] <= split) if decoding else bit
    if coded:
        high = split
    else:
        low = split + 1
    while (low ^ high) >> 48 == 0:
        if decoding:
            following = coder[AT] + 7
            coder[POINT] = (coder[POINT] << 8) & END
            if following < len(source):
                coder[POINT] |= int64(source[following])
        else:
            out[coder[AT]] = low >> 48
        coder[AT] += 1
        low, high = (low << 8) & END, (high << 8) & END | 255
    coder[LO], coder[HI] = low, high
    return coded


@inlined
def learn_answer(m: Mixer, node: int, mixed: int, up: int, bit: int, contexts: int) -> None:
    """Learn the answer to a question, and go on in the interval that it leaves."""
    error = (bit << 16) - int64(SQUASH[mixed + MAX_LOG_ODDS + 1])
    rate = max(RATE, FIRST_RATE - (m.clock[0] >> RATE_PERIOD))
    for s in range(SETS):
        odds, row = m.odds[s], m.rows[s] * NODES + node
        m.finals[node, s] += (odds * error * FINAL_RATE + (1 << 15)) >> 16
        wrong = (((bit << 16) - int64(SQUASH[odds + MAX_LOG_ODDS + 1])) * rate) >> 8
        for i in range(WIDTH):
            step = (int64(m.inputs[i]) * wrong + (1 << 13)) >> 14
            m.weights[row, i] = min(max(int64(m.weights[row, i]) + step, LIGHTEST), HEAVIEST)
    for c in range(contexts):
        entry = int64(m.counters[m.contexts[c] * NODES + node])
        count, probability = entry & ((1 << COUNT_BITS) - 1), entry >> COUNT_BITS
        probability += (((bit << 22) - bit - probability) * ADAPTATION_RATES[count]) >> 16
        m.counters[m.contexts[c] * NODES + node] = probability << COUNT_BITS | min(
            count + 1, COUNT_LIMIT
        )
    point = (mixed + APM_POINTS // 2 * BIN + BIN // 2) >> BIN_BITS
    for a in range(APMS):
        row = m.maps[a] * NODES + node
        m.apms[row, point] += ((ONE - 1) * bit - int64(m.apms[row, point])) >> APM_RATE
    for k in range(LOGISTIC + 1):
        if bit == up:
            m.below[k] = m.split[k]
        else:
            m.above[k] = m.split[k]


@inlined
def code_number(
    m: Mixer,
    most: int,
    centre: int,
    grain: int,
    value: int,
    used: int,
    contexts: int,
    decoding: bool,
    source: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> int:
    """Encode a number, or decode it; return it. The caller has filled in `m`.

    Args:
        m: What is learned.
        most: The largest number that can be; the least is 0.
        centre: Where the first question splits the numbers.
        grain: The first step is as long as 2 to the power of it.
        value: The number, if it is encoded.
        used: How many distributions there are.
        contexts: How many contexts there are.
        decoding: Whether to decode.
        source: The stream to decode.
        out: Where the stream is written to.
    """
    for k in range(used):
        m.below[k] = cumulative(m, k, 0)
        m.above[k] = cumulative(m, k, most + 1)
    m.below[TABLE] = tabulated(m, 0)
    m.above[TABLE] = tabulated(m, most + 1)
    first = min(max(centre, 0), most)
    placed: bool = False
    up: int = 1
    start: int = 0  # the distance is at least this
    width: int = 0  # bits that say where in a step the number is
    step: int = -1  # -1 while the side is not known
    depth: int = 0
    limit: int = most
    while not (placed and width == 0):
        if step < 0:
            ahead, node = int64(0), int64(0)
            asked = first > 0
        elif not placed:
            ahead, node = start + (1 << width), 1 + up * 16 + min(step, 15)
            asked = ahead <= limit
        else:
            ahead = start + (1 << (width - 1))
            node = 33 + 2 * min(step, 7) + depth if depth < 2 else 48 + min(depth, 15)
            asked = ahead <= limit
        bit = int64(step < 0)  # what goes without saying
        if asked:
            boundary = first + ahead if up else first - ahead
            mixed = predict_answer(m, node, boundary, up, used, contexts)
            answer = int64((value >= boundary) == (up == 1))
            bit = code_bit(m.coder, corrected(m, node, mixed), answer, decoding, source, out)
            learn_answer(m, node, mixed, up, bit, contexts)
        if step < 0:
            up, width, step = bit, grain, 0
            limit = most - first if up else first - 1
        elif not placed:
            if bit:
                start, step = ahead, step + 1
                width += int64(step > 1)
            else:
                placed = True
        else:
            start = ahead if bit else start
            width, depth = width - 1, depth + 1
    m.clock[0] += 1
    return first + start if up else first - 1 - start

"""Codes symbols bit by bit, down the symbol tree: predict, code, learn. Compiled, in integers.

What `bits` does for bytes, for any symbols: contexts are the symbols before, and those that the
model thinks of first. The model's own probability of each bit is one more input.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_mix.bits import AT, END, HI, LO, POINT
from codelength_mix.hash_table import HALF, find_or_add, hashed
from codelength_mix.histories import NEXT
from codelength_mix.logistic import MAX_LOG_ODDS, ONE, SQUASH, STRETCH, STRETCH_FINE
from codelength_mix.memory import int64
from codelength_mix.mixing import apply_apms, update_apms, update_state_map
from codelength_mix.symbol_memory import (
    BIAS,
    COLUMN,
    COLUMNS,
    CONTEXTS,
    DEPTHS,
    FIRST_ROWS,
    FIRST_SETS,
    LENGTH,
    LENGTHS,
    MATCH,
    MODEL,
    MOST_ROWS,
    ORDERS,
    OTHERS,
    PHASES,
    POINTER,
    SHARE,
    SYMBOLS,
    SymbolMemory,
)
from codelength_mix.symbol_tree import SymbolTree, accumulate, best_two, cut
from codelength_mix.vectors import HEAVIEST

LEARNING_RATE, FIRST_LEARNING_RATE = 40, 200
"""Learning rates of the mixer, in the end and at first. The rate falls by one every 4 symbols."""

LONGEST = 32
"""A match is looked up by two symbols; its length is counted back up to LONGEST."""

SURE = 12
"""Bits of the model's confidence in its best symbol."""

EXTRA = len(OTHERS)
"""Inputs of the mixer that are of no context."""


@compiled
def observe(
    row: NDArray[np.int32],
    symbol: int,
    tree: SymbolTree,
    sums: NDArray[np.int64],
    shares: NDArray[np.uint16],
    seen: NDArray[np.int64],
) -> None:
    """Write what a model's frequencies say of one symbol.

    Args:
        row: The frequencies, (alphabet,).
        symbol: The symbol that comes; -1 if it is not known.
        tree: The tree of the symbols.
        sums: (alphabet + 1,), filled with the cumulative frequencies.
        shares: (DEEPEST,), filled with the probabilities of a one, on the way to the symbol.
        seen: (3,), filled with the two best symbols and the confidence in the first.
    """
    accumulate(row, tree.order, sums)
    best, second = best_two(row)
    seen[0], seen[1] = best, second
    seen[2] = (int64(row[best]) << SURE) // sums[len(row)]
    if symbol < 0:
        return
    low, high, depth = 0, len(row), 0
    while high - low > 1:
        middle = cut(tree.weight, low, high)
        shares[depth] = share(sums, low, middle, high)
        depth += 1
        if tree.place[symbol] >= middle:
            low = middle
        else:
            high = middle


@inlined
def share(sums: NDArray[np.int64], low: int, middle: int, high: int) -> int:
    """Return the model's probability of a one, in 16 bits."""
    one: int = ((sums[high] - sums[middle]) << 16) // (sums[high] - sums[low])
    return min(max(one, 1), ONE - 1)


@compiled
def code_symbols(  # noqa: C901 - one loop, for speed
    memory: SymbolMemory,
    tree: SymbolTree,
    start: int,
    stop: int,
    rows: NDArray[np.int32],
    shares: NDArray[np.uint16],
    seen: NDArray[np.int64],
    symbols: NDArray[np.int32],
    source: NDArray[np.uint8],
    out: NDArray[np.uint8],
    coder: NDArray[np.int64],
    lengths: NDArray[np.float64],
) -> bool:
    """Code the symbols from step `start` to `stop` of all lanes, those of a step in their order.

    Args:
        memory: What is learned.
        tree: The tree of the symbols.
        start: The first step.
        stop: The step behind the last; one step to decode.
        rows: (lanes, alphabet), the model's frequencies, to decode; (0, alphabet) to encode.
        shares: (steps, lanes, DEEPEST), what `observe` wrote, to encode.
        seen: (steps, lanes, 3), what `observe` wrote, to encode.
        symbols: (steps, lanes), the symbols; filled if they are decoded.
        source: The stream to decode.
        out: Where the stream is written to.
        coder: (4,), the registers of the arithmetic coder; see `bits`.
        lengths: (steps · lanes,), filled with the bits of each symbol; (0,) if nobody asks.

    Returns:
        False if the stream ends too early.
    """
    decoding = len(rows) > 0
    alphabet, lanes = len(tree.order), len(memory.lanes)
    contexts = len(memory.hashes)
    lined = contexts > CONTEXTS
    low, high, point, done = coder[LO], coder[HI], coder[POINT], coder[AT]
    no_shares, own_seen = np.empty(0, np.uint16), np.empty(3, np.int64)
    for step in range(start, stop):
        for number in range(lanes):
            lane = memory.lanes[number]
            if step >= lane[SYMBOLS]:
                continue
            symbol = -1 if decoding else int64(symbols[step - start, number])
            if decoding:
                observe(rows[number], -1, tree, memory.sums, no_shares, own_seen)
            else:
                own_seen[:] = seen[step - start, number]
            best, second, sure = own_seen[0], own_seen[1], own_seen[2]
            if len(lengths):
                before = np.log2(np.float64(high - low + 1)) - 8 * done
            last = hash_symbols(memory, number, step, best, second)
            column = min(lane[COLUMN], COLUMNS - 1)
            if lined:
                hash_column(memory, column, tree.moves[best], tree.moves[second])
            rate = max(LEARNING_RATE, FIRST_LEARNING_RATE - (memory.clock[0] >> 2))
            memory.clock[0] += 1
            expected = -1
            if lane[LENGTH]:
                expected = int64(memory.history[lane[POINTER]])
            bucket = min(lane[LENGTH], LENGTHS - 1)
            memory.rows[3] = FIRST_ROWS[3] + (last & (MOST_ROWS - 1))
            first, end, depth, node = 0, alphabet, 0, 1
            while end - first > 1:
                middle = cut(tree.weight, first, end)
                if depth & 3 == 0:
                    node = 1
                    for context in range(contexts):
                        key = hashed(memory.hashes[context] + (middle + 1) * HALF)
                        memory.slots[context] = find_or_add(memory.hash_table, key)
                phase = min(depth >> 2, PHASES - 1)
                if decoding:
                    model = share(memory.sums, first, middle, end)
                else:
                    model = int64(shares[step - start, number, depth])
                guess = -1
                if expected >= 0:
                    guess = int64(tree.place[expected] >= middle)
                mixed = predict(memory, phase, depth, node, model, guess, bucket, sure, column)
                if lined and depth == 0:
                    one, two = column_apms(memory, len(memory.apms))
                else:
                    one, two = symbol_apms(middle, last, len(memory.apms))
                plain = int64(SQUASH[mixed + MAX_LOG_ODDS + 1])
                probability = (plain + apply_apms(memory.apms, one, two, mixed)) >> 1
                probability = min(max(probability, 1), ONE - 1)

                width = high - low
                split = low + (width >> 16) * probability + (((width & 0xFFFF) * probability) >> 16)
                bit = int64(point <= split) if decoding else int64(tree.place[symbol] >= middle)
                if bit:
                    high, first = split, middle
                else:
                    low, end = split + 1, middle
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

                learn(memory, phase, node, bit, rate)
                update_apms(memory.apms, one, two, mixed, bit)
                if guess >= 0:
                    row = phase * (contexts + 1) + contexts
                    update_state_map(memory.state_maps, row, bucket, int64(bit == guess))
                    if bit != guess:
                        expected = -1
                node = 2 * node + bit
                depth += 1
            symbol = tree.order[first]
            symbols[step - start, number] = symbol
            append_symbol(memory, number, step, symbol)
            moved = tree.moves[symbol]
            lane[COLUMN] = lane[COLUMN] + moved if moved >= 0 else -1 - moved
            if len(lengths):
                after = np.log2(np.float64(high - low + 1)) - 8 * done
                lengths[step * lanes + number] = before - after
            if decoding and done > len(source):
                return False
    coder[LO], coder[HI], coder[POINT], coder[AT] = low, high, point, done
    return True


@compiled
def hash_symbols(memory: SymbolMemory, number: int, step: int, best: int, second: int) -> int:
    """Write the hashes of a lane's contexts; return its last symbol, plus 1."""
    lanes, history, hashes = len(memory.lanes), memory.history, memory.hashes
    key = hashed(1)
    hashes[0] = key
    last, before = 0, 0
    for order in range(1, ORDERS):
        symbol = int64(history[(step - order) * lanes + number]) + 1 if step >= order else 0
        if order == 1:
            last = symbol
        elif order == 2:
            before = symbol
        key = hashed(key + symbol * 7919 + order)
        hashes[order] = key
    hashes[ORDERS] = hashed(hashed(best + 7) + 7)
    hashes[ORDERS + 1] = hashed(hashes[1] * 3 + best * 31 + 8)
    hashes[ORDERS + 2] = hashed(hashed(before + 9) + 9)
    hashes[ORDERS + 3] = hashed(hashed(best * 65537 + second) + 10)
    return last


@inlined
def hash_column(memory: SymbolMemory, column: int, best: int, second: int) -> None:
    """Write the hashes of the column, and of it with the bytes of what may come in this line."""
    word = best if best >= 0 else max(second, 0)
    memory.hashes[CONTEXTS] = hashed(hashed(column + 11) + 11)
    memory.hashes[CONTEXTS + 1] = hashed(hashed(column * 64 + min(word, 63)) + 12)


@inlined
def predict(
    memory: SymbolMemory,
    phase: int,
    depth: int,
    node: int,
    model: int,
    guess: int,
    bucket: int,
    sure: int,
    column: int,
) -> int:
    """Set the mixer's inputs, and return the log odds of a one: the mean of what each set gives.

    A final mixer that learns, as `mixing` has one, was worse on English text.
    """
    inputs, rows = memory.inputs, memory.rows
    contexts, sets = len(memory.hashes), len(rows)
    inputs[contexts + BIAS] = 256
    known: int = 0
    for context in range(contexts):
        state = int64(memory.hash_table[memory.slots[context] | node])
        memory.states[context] = state
        has_history = int64(state != 0)
        if context < ORDERS:
            known += has_history
        chance = int64(memory.state_maps[phase * (contexts + 1) + context, state] >> 19)
        inputs[context] = int64(STRETCH[chance]) * has_history
        inputs[contexts + EXTRA + context] = (chance - 2048) * has_history
    odds = int64(STRETCH[memory.state_maps[phase * (contexts + 1) + contexts, bucket] >> 19])
    inputs[contexts + MATCH] = 0 if guess < 0 else odds if guess else -odds
    inputs[contexts + MODEL] = STRETCH_FINE[model]
    inputs[contexts + SHARE] = (model - (ONE >> 1)) >> 4
    place = min(depth, DEPTHS - 1)
    rows[0] = known * DEPTHS + place
    rows[1] = FIRST_ROWS[1] + (bucket if guess >= 0 else 0) * DEPTHS + place
    certain = min(abs(inputs[contexts + MODEL]) >> 7, 15)
    rows[2] = FIRST_ROWS[2] + min(sure >> (SURE - 3), 7) * 16 * PHASES + certain * PHASES + phase
    if sets > FIRST_SETS:
        rows[4] = FIRST_ROWS[4] + (COLUMNS + place if depth else column)
    mixed: int = 0
    for each in range(sets):
        total: int = 0
        for i in range(len(inputs)):
            total += inputs[i] * int64(memory.weights[rows[each], i]) >> 8
        odds = min(max(total >> 8, -MAX_LOG_ODDS), MAX_LOG_ODDS)
        memory.set_odds[each] = odds
        mixed += odds
    return mixed // sets


@inlined
def learn(memory: SymbolMemory, phase: int, node: int, bit: int, rate: int) -> None:
    """Learn the bit that `predict` predicted."""
    contexts = len(memory.hashes)
    for each in range(len(memory.rows)):
        odds = memory.set_odds[each]
        step = ((bit << 16) - int64(SQUASH[odds + MAX_LOG_ODDS + 1])) * rate >> 10
        row = memory.rows[each]
        for i in range(len(memory.inputs)):
            weight = int64(memory.weights[row, i]) + ((memory.inputs[i] * step + (1 << 13)) >> 14)
            memory.weights[row, i] = min(max(weight, -HEAVIEST), HEAVIEST)
    for context in range(contexts):
        state = memory.states[context]
        update_state_map(memory.state_maps, phase * (contexts + 1) + context, state, bit)
        memory.hash_table[memory.slots[context] | node] = NEXT[state, bit]


@inlined
def column_apms(memory: SymbolMemory, count: int) -> tuple[int, int]:
    """Return the numbers of two APMs for the first bit: by the contexts of the column."""
    mask = (count >> 1) - 1
    one = (memory.hashes[CONTEXTS] >> 20) & mask
    two = (memory.hashes[CONTEXTS + 1] >> 20) & mask
    return one, two + mask + 1


@inlined
def symbol_apms(middle: int, last: int, count: int) -> tuple[int, int]:
    """Return the numbers of two APMs: of the node, and of the node after the last symbol."""
    mask = (count >> 1) - 1
    one = (hashed(middle * 977 + 1) >> 20) & mask
    two = (hashed(middle * 977 + hashed(last + 5)) >> 20) & mask
    return one, two + mask + 1


@compiled
def append_symbol(memory: SymbolMemory, number: int, step: int, symbol: int) -> None:
    """Append a symbol to a lane, and look for a match of what comes next."""
    lanes, history = len(memory.lanes), memory.history
    lane, at = memory.lanes[number], step * lanes + number
    if lane[LENGTH]:
        is_right = history[lane[POINTER]] == symbol
        lane[LENGTH] = lane[LENGTH] + 1 if is_right else 0
        lane[POINTER] += lanes
    history[at] = symbol
    if step < 1:
        return
    key = (hashed(symbol * 65537 + int64(history[at - lanes])) >> 20) & (
        len(memory.match_table) - 1
    )
    if not lane[LENGTH]:
        pointer, length = int64(memory.match_table[key]), 0
        while (
            pointer
            and length < LONGEST
            and pointer - (1 + length) * lanes >= 0
            and at - length * lanes >= 0
            and history[pointer - (1 + length) * lanes] == history[at - length * lanes]
        ):
            length += 1
        lane[POINTER], lane[LENGTH] = pointer, length
    memory.match_table[key] = at + lanes

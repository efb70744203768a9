"""The binary tree in which symbols are coded, whatever a model's symbols are.

Symbols lie in the order of their bytes, so that those that begin alike are neighbours. The tree
cuts this row in two until one symbol is left, each time where the two halves weigh nearly the same.
A symbol weighs the less the larger its number: tokenizers number the tokens that they need most
first. So frequent symbols take few bits, and the first bits say how the text goes on.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength.coding.predictor import Predictor
from codelength_mix.memory import int64

HEAVIEST, LIGHTEST = 1 << 24, 64
"""Symbol n weighs HEAVIEST // (n + LIGHTEST)."""

DEEPEST = 64
"""The most bits of a symbol: a cut leaves a half that weighs less, or a single symbol."""


class SymbolTree(NamedTuple):
    """The order of symbols, and what they weigh."""

    order: NDArray[np.int64]
    """(alphabet,): the symbols in the order of their bytes."""
    place: NDArray[np.int64]
    """(alphabet,): where in this order each symbol is."""
    weight: NDArray[np.int64]
    """(alphabet + 1,): what the symbols before each place weigh together."""
    moves: NDArray[np.int64]
    """(alphabet,): the bytes of each symbol; of one that ends a line, −1 less those after it."""


@lru_cache(maxsize=4)
def tree_of(predictor: Predictor, lined: bool) -> SymbolTree:
    """Return the tree of a predictor's symbols."""
    alphabet = predictor.alphabet
    return symbol_tree([predictor.detokenize(np.array([n])) for n in range(alphabet)], lined)


def symbol_tree(pieces: Sequence[bytes], lined: bool) -> SymbolTree:
    """Return the tree of symbols that stand for these bytes.

    If it is `lined`, the first bit says whether the symbol begins with the end of a line.
    """
    breaks = {n for n, piece in enumerate(pieces) if lined and piece[:1] in (b"\n", b"\r")}
    order = np.array(sorted(range(len(pieces)), key=lambda n: (n not in breaks, pieces[n], n)))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    weights = HEAVIEST // (order + LIGHTEST)
    if breaks:
        first, others = weights[: len(breaks)], weights[len(breaks) :]
        weights = np.concatenate([first * others.sum(), others * first.sum()])
    summed = np.concatenate([[0], np.cumsum(weights)]).astype(np.int64)
    moves = np.array([move(piece) for piece in pieces], np.int64)
    return SymbolTree(order.astype(np.int64), place.astype(np.int64), summed, moves)


def move(piece: bytes) -> int:
    """Return how the column moves: bytes, or −1 less those behind the end of a line."""
    last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
    return len(piece) if last < 0 else last - len(piece)


@compiled
def cut(weight: NDArray[np.int64], low: int, high: int) -> int:
    """Return where the places from `low` to before `high` are cut: there the second half begins."""
    half = (weight[low] + weight[high]) // 2
    first, last = low + 1, high - 1
    while first < last:
        middle = (first + last) // 2
        if weight[middle] < half:
            first = middle + 1
        else:
            last = middle
    if first - 1 > low and half - weight[first - 1] < weight[first] - half:
        first -= 1
    return first


@compiled
def accumulate(row: NDArray[np.int32], order: NDArray[np.int64], sums: NDArray[np.int64]) -> None:
    """Write to `sums` (alphabet + 1,) the frequencies (alphabet,) before each place, added up."""
    total = int64(0)
    for place in range(len(order)):
        sums[place] = total
        total += int64(row[order[place]])
    sums[len(order)] = total


@compiled
def best_two(row: NDArray[np.int32]) -> tuple[int, int]:
    """Return the two most frequent symbols (alphabet,), the first of those that are alike."""
    best, second, most, next_most = int64(0), int64(0), int64(0), int64(0)
    for symbol in range(len(row)):
        frequency = int64(row[symbol])
        if frequency > next_most:
            if frequency > most:
                second, next_most = best, most
                best, most = int64(symbol), frequency
            else:
                second, next_most = int64(symbol), frequency
    return best, second

"""Draws a continuation from a law, symbol by symbol."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from codelength_studies.sample.laws import Bits, Law


@dataclass(frozen=True)
class Drawn:
    """What was drawn so far."""

    symbols: list[int]
    text: bytes
    bits: float
    """What the symbols cost under the law that they were drawn from, at temperature 1."""


def draw(
    law: Law, size: int, seed: int, temperature: float, before: tuple[list[int], float] = ([], 0.0)
) -> Iterator[Drawn]:
    """A symbol more each time, until there are `size` bytes. The symbols in `before`, with what
    they cost, were drawn earlier with the same seed, and are gone on from.

    A symbol of probability p is drawn with one that is proportional to p^(1/temperature); at
    temperature 0 it is the likeliest, the first of equals. One random number is used for each.
    """
    random = np.random.default_rng(seed)
    symbols, cost = list(before[0]), before[1]
    random.random(len(symbols))
    for symbol in symbols:
        law.append(symbol)
    text = law.written(symbols)
    while len(text) < size:
        bits = law.bits()
        symbol = choice(bits, temperature, random.random())
        symbols.append(symbol)
        cost += float(bits[symbol])
        law.append(symbol)
        text = law.written(symbols)
        yield Drawn(symbols, text[:size], cost)


def choice(bits: Bits, temperature: float, uniform: float) -> int:
    """The symbol at a place `uniform` in [0, 1) of the law at a temperature."""
    if temperature == 0:
        return int(bits.argmin())
    weights = np.exp2((bits.min() - bits) / temperature)
    sums = np.cumsum(weights)
    return int(min(np.searchsorted(sums, uniform * sums[-1], side="right"), len(bits) - 1))

"""Code lengths: what a predictor's distributions cost, to a fraction of a bit, without coding."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import Unsupported
from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import PRECISION, IntArray, interval_edges, interval_widths

Bits = NDArray[np.float64]
"""Code lengths in bits, −log2 of probabilities."""


def code_lengths(predictor: Predictor, sequences: Sequence[IntArray]) -> list[Bits]:
    """Computes the bits of each symbol of each sequence under the frequencies that the coder uses.

    Returns:
        For each sequence `(symbols,)`.
    """
    lengths = [np.empty(len(sequence)) for sequence in sequences]
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    for first in range(0, len(order), predictor.batch):
        batch = order[first : first + predictor.batch]
        done = [0] * len(batch)
        for stream, rows in predictor.frequencies([sequences[i] for i in batch]):
            start, done[stream] = done[stream], done[stream] + len(rows)
            symbols = sequences[batch[stream]][start : done[stream]]
            lengths[batch[stream]][start : done[stream]] = bits_of(
                rows, symbols, predictor.precision
            )
    return lengths


def bits_of(rows: IntArray, symbols: IntArray, precision: int = PRECISION) -> Bits:
    """Computes what each symbol costs under its own distribution.

    The coder gives every symbol one part of 2^24 beyond its share. The code length counts that,
    too: it matters for symbols that were thought all but impossible, and for large alphabets.

    Args:
        rows: Frequencies, `(n, alphabet)`.
        symbols: `(n,)`.
        precision: That of the predictor.
    """
    bits: Bits = precision - np.log2(interval_widths(symbols, rows, precision))
    return bits


def bits_of_every_symbol(row: IntArray, precision: int = PRECISION) -> Bits:
    """Computes what each symbol of the alphabet would cost next: `(alphabet,)`.

    Args:
        row: Frequencies of the next symbol, `(alphabet,)`.
        precision: That of the predictor.
    """
    bits: Bits = precision - np.log2(np.diff(interval_edges(row, precision)))
    return bits


def bits_by_byte(predictor: Predictor, symbols: IntArray, bits: Bits, size: int) -> Bits:
    """Spreads the bits of each symbol in equal parts over the bytes that it stands for.

    Args:
        symbols: What `predictor.tokenize` made of some data, `(symbols,)`.
        bits: What each of them costs.
        size: The number of bytes of that data.

    Raises:
        Unsupported: If the symbols do not stand for bytes of their own.
    """
    if len(symbols) == size:
        return bits
    sizes = np.array([len(predictor.detokenize(symbols[i : i + 1])) for i in range(len(symbols))])
    if sizes.sum() != size or not sizes.all():
        raise Unsupported(f"symbols of {predictor.name} do not stand for bytes of their own")
    return np.repeat(bits / sizes, sizes)

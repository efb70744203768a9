"""What a predictor's law would cost, to a fraction of a bit, without coding anything."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import PRECISION, WHOLE, IntArray, narrowed

Bits = NDArray[np.float64]


def code_lengths(
    predictor: Predictor, sequences: Sequence[IntArray]
) -> Iterator[tuple[int, int, Bits]]:
    """−log2 of the probability of each symbol under the integer frequencies that the coder
    uses: pieces (index into `sequences`, first position, bits), those of a sequence in order."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    for start in range(0, len(order), predictor.batch):
        group = order[start : start + predictor.batch]
        batch = [sequences[i] for i in group]
        done = [0] * len(batch)
        for stream, rows in predictor.frequencies(batch):
            at, done[stream] = done[stream], done[stream] + len(rows)
            yield group[stream], at, bits_of(rows, batch[stream][at : done[stream]])


def bits_of(rows: IntArray, symbols: IntArray) -> Bits:
    """What each of `symbols` (n,) costs under its row of frequencies (n, alphabet): −log2 of the
    part of the coder's range that it gets. The coder gives every symbol one unit of 2^24 more than
    its share, which a law that is surely wrong would feel."""
    alphabet = rows.shape[1]
    if alphabet > 3:
        places, laws = narrowed(symbols, rows)
        widths = laws[np.arange(len(laws)), places] + 1
    else:  # these the coder takes as they are
        free = np.float32(WHOLE - alphabet)
        ends = np.cumsum(rows, axis=1).astype(np.float32)
        marks = (ends * (free / ends[:, -1:])).astype(np.int64) + np.arange(1, alphabet + 1)
        marks[:, -1] = WHOLE
        widths = np.diff(marks, axis=1, prepend=0)[np.arange(len(symbols)), symbols]
    bits: Bits = PRECISION - np.log2(widths.astype(np.float64))
    return bits

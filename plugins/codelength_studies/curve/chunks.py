"""Pieces of a corpus, all of one length, and places along them that are evenly apart in the log."""

from collections.abc import Iterable

import numpy as np

from codelength.api.errors import UsageError
from codelength.api.media import RAW, Sample

AN_OCTAVE = 2
"""Edges for each doubling of the position."""


def edges(length: int, frame_size: int = 1) -> list[int]:
    """0, 1, 2, 3, 4, 6, 8, 11, 16, … up to `length`, or the like in multiples of `grain`."""
    whole = length // frame_size
    last = int(np.log2(whole) * AN_OCTAVE) if whole else -1
    steps = {round(2 ** (k / AN_OCTAVE)) for k in range(last + 1)}
    return sorted({0, *(frame_size * step for step in steps), frame_size * whole})


def chunks(samples: Iterable[Sample], length: int, count: int) -> list[Sample]:
    """At most `count` chunks of `length` bytes, from all over the samples that have as many.
    Raises UsageError if there are fewer than two, which show no spread."""
    whole = [
        (sample, start)
        for sample in samples
        for start in range(0, len(sample.data) - length + 1, length)
    ]
    if len(whole) < 2:
        raise UsageError(
            f"fewer than two pieces of {length} bytes; take a smaller --length, or another corpus"
        )
    taken = np.unique(np.linspace(0, len(whole) - 1, min(count, len(whole))).round().astype(int))
    return [whole[i][0].split(whole[i][1], whole[i][1] + length) for i in taken]


def shuffled(chunk: Sample, seed: int, number: int) -> Sample:
    """The same bytes in random order: what is left is how often each occurs."""
    order = np.random.default_rng([seed, number]).permutation(len(chunk.data))
    data = np.frombuffer(chunk.data, np.uint8)[order].tobytes()
    return Sample(chunk.name, data, chunk.media if chunk.media.frame_size > 1 else RAW)

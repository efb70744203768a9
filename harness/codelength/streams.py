"""Many sequences under one predictor: coded from all positions at once, decoded in step."""

from collections.abc import Iterator, Sequence

import numpy as np

from codelength.coder import Decoder, Encoder, IntArray
from codelength.predictor import Predictor

STREAMS = 64
"""Sequences that go in step with each other; it changes the speed, never the bytes."""

REMEMBER = 1 << 20
"""Frequencies kept while decoding until the symbols are confirmed."""


def encode(predictor: Predictor, sequences: Sequence[IntArray]) -> list[bytes]:
    """One coded stream for each sequence of symbols."""
    streams = [b""] * len(sequences)
    for group in _groups([len(sequence) for sequence in sequences]):
        batch = [sequences[i] for i in group]
        coders = [Encoder() for _ in batch]
        done = [0] * len(batch)
        for at, rows in predictor.frequencies(batch):
            start, done[at] = done[at], done[at] + len(rows)
            coders[at].encode(batch[at][start : done[at]], rows)
        for i, coder in zip(group, coders, strict=True):
            streams[i] = coder.finish()
    return streams


def decode(
    predictor: Predictor, streams: Sequence[bytes], lengths: Sequence[int]
) -> list[IntArray]:
    """The symbols of each stream, whose number is known. Raises CorruptBlob."""
    sequences: list[IntArray] = [np.empty(0, np.int32)] * len(streams)
    for group in _groups(lengths):
        decoded = _in_step(predictor, [streams[i] for i in group], [lengths[i] for i in group])
        for i, symbols in zip(group, decoded, strict=True):
            sequences[i] = symbols
    return sequences


def _in_step(
    predictor: Predictor, streams: Sequence[bytes], lengths: Sequence[int]
) -> list[IntArray]:
    """The symbols of each stream, where `lengths` do not increase."""
    coders = [Decoder(stream) for stream in streams]
    done: list[list[IntArray]] = [[np.empty(0, np.int32)] for _ in streams]
    stepper, alive = predictor.stepper(len(streams)), len(streams)
    block = max(1, REMEMBER // (len(streams) * predictor.alphabet))
    seen = np.empty((block, len(streams), predictor.alphabet), np.int32)
    now = np.empty((block, len(streams)), np.int32)
    step = 0

    def confirm(stream: int) -> None:
        done[stream].append(now[:step, stream].copy())
        coders[stream].confirm(done[stream][-1], seen[:step, stream])

    for at in range(lengths[0]):
        if lengths[alive - 1] <= at:
            while lengths[alive - 1] <= at:
                alive -= 1
                confirm(alive)
            stepper.keep(alive)
        seen[step, :alive] = stepper.frequencies()
        for stream in range(alive):
            now[step, stream] = coders[stream].decode_one(seen[step, stream : stream + 1])
        stepper.advance(now[step, :alive])
        step += 1
        if step == block:
            for stream in range(alive):
                confirm(stream)
            step = 0
    for stream in range(alive):
        confirm(stream)
    for coder in coders:
        coder.finish()
    return [np.concatenate(pieces) for pieces in done]


def _groups(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of sequences to code in step, longest first, those of like length together."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    return (order[start : start + STREAMS] for start in range(0, len(order), STREAMS))

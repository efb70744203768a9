"""Coded streams: sequences under one predictor, coded from all positions at once, decoded in step.

A stream holds a group of sequences that take turns: a symbol of the first, one of the second, and
so on, then the next symbol of the first. A group is decoded in step as a whole.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import Decoders, Encoder, IntArray, Merged, merge_others

ROOM = 1 << 20
"""Decoded symbols for which memory is taken at a time, so that a false length takes none."""


def encode(predictor: Predictor, groups: Sequence[Sequence[IntArray]]) -> list[bytes]:
    """Codes each group of sequences into a stream, the longer sequences of a group first."""
    streams = [b""] * len(groups)
    for batch in _batches(predictor, [[len(sequence) for sequence in group] for group in groups]):
        encoders = [_GroupEncoder(groups[i], predictor.precision) for i in batch]
        places = [(encoder, own) for encoder in encoders for own in range(len(encoder.sequences))]
        for at, rows in predictor.frequencies([s for e in encoders for s in e.sequences]):
            encoder, own = places[at]
            encoder.add(own, rows)
        for i, encoder in zip(batch, encoders, strict=True):
            streams[i] = encoder.finish()
    return streams


def decode(
    predictor: Predictor, streams: Sequence[bytes], lengths: Sequence[Sequence[int]]
) -> list[list[IntArray]]:
    """Decodes the sequences in each stream.

    Args:
        lengths: The symbols of each sequence in each stream, none of a group more than of the one
            before.

    Raises:
        CorruptBlob: If no encoder wrote a stream.
    """
    groups: list[list[IntArray]] = [[] for _ in streams]
    for batch in _batches(predictor, lengths):
        coders = [place for place, i in enumerate(batch) for _ in lengths[i]]
        flat = [length for i in batch for length in lengths[i]]
        decoded = _decode_in_step(predictor, [streams[i] for i in batch], coders, flat)
        for coder, symbols in zip(coders, decoded, strict=True):
            groups[batch[coder]].append(symbols)
    return groups


def _decode_in_step(
    predictor: Predictor, streams: Sequence[bytes], coders: Sequence[int], lengths: Sequence[int]
) -> list[IntArray]:
    """Decodes sequences of `lengths` symbols, each from the stream that `coders` says."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])  # stable: groups stay in order
    places = np.array([coders[i] for i in order], np.int64)
    decoders = Decoders(streams, places, predictor.precision)
    descending = [lengths[i] for i in order]
    alive = sum(length > 0 for length in descending)
    stepper = predictor.stepper(descending[:alive])
    blocks: list[NDArray[np.int32]] = []
    start = 0
    while alive:
        steps = min(descending[alive - 1] - start, max(1, ROOM // alive))
        blocks.append(np.empty((steps, alive), np.int32))
        stepper.decode(decoders, blocks[-1])
        start += steps
        if descending[alive - 1] == start:
            alive = sum(length > start for length in descending)
            if alive:
                stepper.keep(alive)
    decoders.finish()
    sequences: list[IntArray] = [np.empty(0, np.int32)] * len(lengths)
    for place, i in enumerate(order):
        own = [block[:, place] for block in blocks if place < block.shape[1]]
        if own:
            sequences[i] = np.concatenate(own)
    return sequences


class _GroupEncoder:
    """Codes the sequences of one stream, as soon as the frequencies of all of them are known."""

    def __init__(self, sequences: Sequence[IntArray], precision: int) -> None:
        self.sequences = sequences
        self._lengths = np.array([len(sequence) for sequence in sequences], np.int64)
        self._known = np.zeros(len(sequences), np.int64)
        self._coded = 0
        self._waiting: list[list[Merged]] = [[] for _ in sequences]
        self._precision, self._encoder = precision, Encoder(precision)

    def add(self, own: int, rows: IntArray) -> None:
        """Takes the frequencies at the next positions of one of the sequences."""
        start = self._known[own]
        self._known[own] += len(rows)
        symbols = self.sequences[own][start : self._known[own]]
        merged = merge_others(symbols, rows, self._precision)
        if len(self.sequences) == 1:
            self._encoder.encode_merged(*merged)
            return
        self._waiting[own].append(merged)
        unfinished = self._known[self._known < self._lengths]
        known = int(unfinished.min() if len(unfinished) else self._lengths.max())
        if known > self._coded:
            self._code(known)

    def _code(self, stop: int) -> None:
        """Codes what comes before position `stop`."""
        present = np.arange(self._coded, stop)[:, None] < self._lengths
        like = next(rows for blocks in self._waiting for _, rows in blocks)
        symbols = np.empty(present.shape, np.int32)
        frequencies = np.empty((*present.shape, like.shape[1]), like.dtype)
        for own, blocks in enumerate(self._waiting):
            if blocks:
                own_symbols, own_rows = (
                    np.concatenate(parts) for parts in zip(*blocks, strict=True)
                )
                count = np.count_nonzero(present[:, own])
                symbols[:count, own], frequencies[:count, own] = (
                    own_symbols[:count],
                    own_rows[:count],
                )
                self._waiting[own] = [(own_symbols[count:], own_rows[count:])]
        self._encoder.encode_merged(symbols[present], frequencies[present])
        self._coded = stop

    def finish(self) -> bytes:
        """Returns the stream."""
        return self._encoder.finish()


def _batches(predictor: Predictor, lengths: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yields indices of groups to code in step.

    Those of like length together, as many sequences as the predictor likes.
    """
    batch: list[int] = []
    sequences = most = 0
    for i in sorted(range(len(lengths)), key=lambda i: -max(lengths[i], default=0)):
        if batch and sequences + len(lengths[i]) > most:
            yield batch
            batch, sequences = [], 0
        if not batch:
            most = predictor.batch_of(max(lengths[i], default=0))
        batch.append(i)
        sequences += len(lengths[i])
    if batch:
        yield batch

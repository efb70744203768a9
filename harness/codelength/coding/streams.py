"""Many sequences under one predictor: coded from all positions at once, decoded in step.

A coded stream holds one sequence, or a group of them that take turns: a symbol of the first, one of
the second, and so on, then the next symbol of the first. A group is decoded in step as a whole.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import Decoders, Encoder, IntArray, Narrowed, narrowed

ROOM = 1 << 20
"""Decoded symbols for which memory is taken at a time, so that a false length takes none."""


def encode(predictor: Predictor, sequences: Sequence[IntArray]) -> list[bytes]:
    """One coded stream for each sequence of symbols."""
    return encode_groups(predictor, [[sequence] for sequence in sequences])


def decode(
    predictor: Predictor, streams: Sequence[bytes], lengths: Sequence[int]
) -> list[IntArray]:
    """The symbols of each stream, whose number is known. Raises CorruptBlob."""
    groups = decode_groups(predictor, streams, [[length] for length in lengths])
    return [symbols for (symbols,) in groups]


def encode_groups(predictor: Predictor, groups: Sequence[Sequence[IntArray]]) -> list[bytes]:
    """One coded stream for each group of sequences, the longer ones of a group first."""
    streams = [b""] * len(groups)
    for batch in _batches(predictor, [[len(sequence) for sequence in group] for group in groups]):
        turns = [_Turns(groups[i]) for i in batch]
        places = [(turn, own) for turn in turns for own in range(len(turn.sequences))]
        for at, rows in predictor.frequencies([s for turn in turns for s in turn.sequences]):
            turn, own = places[at]
            turn.take(own, rows)
        for i, turn in zip(batch, turns, strict=True):
            streams[i] = turn.finish()
    return streams


def decode_groups(
    predictor: Predictor, streams: Sequence[bytes], lengths: Sequence[Sequence[int]]
) -> list[list[IntArray]]:
    """The symbols of each sequence in each stream; `lengths` says how many there are, none of a
    group more than of the one before. Raises CorruptBlob."""
    groups: list[list[IntArray]] = [[] for _ in streams]
    for batch in _batches(predictor, lengths):
        coders = [place for place, i in enumerate(batch) for _ in lengths[i]]
        flat = [length for i in batch for length in lengths[i]]
        decoded = _in_step(predictor, [streams[i] for i in batch], coders, flat)
        for coder, symbols in zip(coders, decoded, strict=True):
            groups[batch[coder]].append(symbols)
    return groups


def _in_step(
    predictor: Predictor, streams: Sequence[bytes], coders: Sequence[int], lengths: Sequence[int]
) -> list[IntArray]:
    """The symbols of sequences, each of a length, each in the stream that `coders` says."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])  # stable: turns stay
    decoders = Decoders(streams, np.array([coders[i] for i in order], np.int64))
    descending = [lengths[i] for i in order]
    alive = sum(length > 0 for length in descending)
    stepper = predictor.stepper(alive)
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


class _Turns:
    """The sequences of one stream, coded as soon as each of them is known so far."""

    def __init__(self, sequences: Sequence[IntArray]) -> None:
        self.sequences = sequences
        self._lengths = np.array([len(sequence) for sequence in sequences], np.int64)
        self._known = np.zeros(len(sequences), np.int64)
        self._coded = 0
        self._waiting: list[list[Narrowed]] = [[] for _ in sequences]
        self._coder = Encoder()

    def take(self, own: int, rows: IntArray) -> None:
        """The frequencies at the next positions of one of the sequences."""
        start = self._known[own]
        self._known[own] += len(rows)
        found = narrowed(self.sequences[own][start : self._known[own]], rows)
        if len(self.sequences) == 1:
            self._coder.encode_narrowed(*found)
            return
        self._waiting[own].append(found)
        unfinished = self._known[self._known < self._lengths]
        known = int(unfinished.min() if len(unfinished) else self._lengths.max())
        if known > self._coded:
            self._code(known)

    def _code(self, stop: int) -> None:
        """Codes what comes before position `stop`."""
        steps = np.arange(self._coded, stop)
        present = steps[:, None] < self._lengths
        width = next(laws.shape[1] for blocks in self._waiting for _, laws in blocks)
        symbols = np.empty(present.shape, np.int32)
        laws = np.empty((*present.shape, width), np.float32)
        for own, blocks in enumerate(self._waiting):
            if blocks:
                own_symbols, own_laws = (
                    np.concatenate(parts) for parts in zip(*blocks, strict=True)
                )
                count = np.count_nonzero(present[:, own])
                symbols[:count, own], laws[:count, own] = own_symbols[:count], own_laws[:count]
                self._waiting[own] = [(own_symbols[count:], own_laws[count:])]
        self._coder.encode_narrowed(symbols[present], laws[present])
        self._coded = stop

    def finish(self) -> bytes:
        """The stream."""
        return self._coder.finish()


def _batches(predictor: Predictor, lengths: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Indices of groups to code in step, those of like length together, as many sequences as the
    predictor likes."""
    order = sorted(range(len(lengths)), key=lambda i: -max(lengths[i], default=0))
    batch: list[int] = []
    streams = 0
    for i in order:
        if batch and streams + len(lengths[i]) > predictor.batch:
            yield batch
            batch, streams = [], 0
        batch.append(i)
        streams += len(lengths[i])
    if batch:
        yield batch

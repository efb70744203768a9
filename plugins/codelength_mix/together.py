"""Samples under a language model and an online memory together.

The model gives its frequencies for all positions of what is encoded at once; what is decoded goes
in step. A long sample is cut into lanes, which the model reads as sequences of their own, in step,
while all of them are learnt by one memory: a byte of the first, one of the second, and so on.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import IntArray
from codelength_mix.coding import RUN, Decoding, Encoding, Plan

ENOUGH = 1 << 22
"""Bytes of samples that are under way at a time, if they are more than one: a memory takes some
hundred bytes for each of them."""

SHORTEST = 4 * RUN
"""Bytes of a lane that there is a second one for: each run of a lane begins out of context."""


def encode(model: Predictor, datas: Sequence[bytes], mebibytes: int, lanes: int) -> list[bytes]:
    """One stream for each of `datas`, in so many lanes at most."""
    streams = [b""] * len(datas)
    plans = [_plan(len(data), mebibytes, lanes) for data in datas]
    for batch in _batches(model, [len(data) for data in datas], plans):
        turns = [_Turns(datas[i], plans[i]) for i in batch]
        places = [(turn, own) for turn in turns for own in range(len(turn.sequences))]
        for at, rows in model.frequencies([s for turn in turns for s in turn.sequences]):
            turn, own = places[at]
            turn.take(own, rows)
        for i, turn in zip(batch, turns, strict=True):
            streams[i] = turn.coding.finish()
    return streams


def decode(
    model: Predictor, streams: Sequence[bytes], sizes: Sequence[int], mebibytes: int, lanes: int
) -> list[bytes]:
    """The data behind each of `streams`, of so many bytes. Raises CorruptBlob."""
    datas = [b""] * len(streams)
    plans = [_plan(size, mebibytes, lanes) for size in sizes]
    for batch in _batches(model, sizes, plans):
        codings = [Decoding(streams[i], sizes[i], plans[i]) for i in batch]
        _in_step(model, codings)
        for i, coding in zip(batch, codings, strict=True):
            datas[i] = coding.finish()
    return datas


def _plan(size: int, mebibytes: int, lanes: int) -> Plan:
    return Plan(mebibytes, modelled=True, lanes=max(1, min(lanes, size // SHORTEST)))


def _in_step(model: Predictor, codings: Sequence[Decoding]) -> None:
    """Decodes all of them, the longest lanes first."""
    lengths = np.array([length for coding in codings for length in coding.lengths], np.int64)
    order = np.argsort(-lengths, kind="stable")
    places = np.argsort(order)  # of every lane among those in step
    ends = np.cumsum([len(coding.lengths) for coding in codings])
    own = np.split(places, ends[:-1])
    alive = np.count_nonzero(lengths)
    stepper = model.stepper(alive)
    symbols = np.empty(alive, np.int64)
    for step in range(int(lengths.max(initial=0))):
        if lengths[order[alive - 1]] <= step:
            alive = np.count_nonzero(lengths > step)
            stepper.keep(alive)
        rows = np.asarray(stepper.frequencies(), np.int32)
        for coding, lanes in zip(codings, own, strict=True):
            if step < coding.steps:
                present = lanes[lanes < alive]
                coding.advance(step + 1, rows[present][None])
                symbols[present] = coding.last(len(present))
        stepper.advance(symbols[:alive])


class _Turns:
    """A sample that is coded as soon as the laws of all its lanes are known so far."""

    def __init__(self, data: bytes, plan: Plan) -> None:
        self.coding = Encoding(data, plan)
        symbols = np.frombuffer(data, np.uint8)
        self._lengths = np.array(self.coding.lengths, np.int64)
        self.sequences = [
            symbols[self.coding.places(own)] for own in range(np.count_nonzero(self._lengths))
        ]
        self._known = np.zeros(len(self._lengths), np.int64)
        self._waiting: list[list[IntArray]] = [[] for _ in self.sequences]

    def take(self, own: int, rows: IntArray) -> None:
        """The frequencies at the next positions of one of the lanes."""
        self._waiting[own].append(rows)
        self._known[own] += len(rows)
        unfinished = self._known[self._known < self._lengths]
        stop = int(unfinished.min()) if len(unfinished) else self.coding.steps
        start = self.coding.step
        if stop > start:
            laws = np.zeros((stop - start, len(self.sequences), 256), np.int32)
            for lane, blocks in enumerate(self._waiting):
                if blocks:
                    block = np.concatenate(blocks)
                    now = block[: stop - start]
                    laws[: len(now), lane] = now
                    self._waiting[lane] = [block[stop - start :]]
            self.coding.advance(stop, laws)


def _batches(model: Predictor, sizes: Sequence[int], plans: Sequence[Plan]) -> Iterator[list[int]]:
    """Indices of samples to code in step, those of like length together: as many lanes as the model
    likes, unless their bytes are too many."""
    batch: list[int] = []
    lanes = total = 0
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        more = plans[i].lanes
        if batch and (lanes + more > model.batch or total + sizes[i] > ENOUGH):
            yield batch
            batch, lanes, total = [], 0, 0
        batch.append(i)
        lanes, total = lanes + more, total + sizes[i]
    if batch:
        yield batch

"""Blobs of `mixer` and `mix`: samples under an online memory, and a language model beside it.

To encode, the model gives the frequencies of all positions at once; to decode, it goes step by
step. A long sample is dealt out to lanes. The model reads each lane as a sequence of its own. One
memory learns all lanes: a byte of the first, a byte of the second, and so on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength.coding.coder import Coder, stream_ledger
from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import IntArray
from codelength.coding.varint import read_varint, to_varint
from codelength_mix.coding import BLOCK, Decoding, Encoding, Plan, plan_of

ENOUGH = 1 << 22
"""The most bytes of samples that are coded at a time, if they are several. A memory takes some
hundred bytes for each byte of data."""

T = TypeVar("T")


class InLanes(Protocol):
    """A sample that is decoded, in lanes that go in step."""

    @property
    def lane_lengths(self) -> list[int]:
        """The symbols of each lane, longest first."""

    @property
    def steps(self) -> int:
        """The symbols of the longest lane."""

    def decode_step(self, rows: NDArray[np.int32]) -> NDArray[np.integer[Any]]:
        """Decode a symbol of each lane by its frequencies (lanes, alphabet); see `Decoding`."""


class MixCoder(Coder):
    """Codes each sample by a memory of its own that starts empty, and by `model`, if there is one.

    A blob is the number of bytes and then the stream.
    """

    def __init__(self, mebibytes: int, model: Predictor | None = None, lanes: int = 1) -> None:
        self._mebibytes, self._model, self._lanes = mebibytes, model, lanes

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        streams = self._encode(datas, False, Encoding.finish)
        return [to_varint(len(data)) + stream for data, stream in zip(datas, streams, strict=True)]

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[NDArray[np.float64]]:
        yield from self._encode(datas, True, lambda encoding: encoding.lengths)

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        heads = [read_varint(blob) for blob in blobs]
        sizes, datas = [size for size, _ in heads], [b""] * len(blobs)
        plans = [self._plan(size) for size in sizes]
        for batch in self._batches(sizes, plans):
            codings = [Decoding(blobs[i][heads[i][1] :], sizes[i], plans[i]) for i in batch]
            if self._model is None:
                for coding in codings:
                    _code_alone(coding)
            else:
                decode_in_step(self._model, codings)
            for i, coding in zip(batch, codings, strict=True):
                datas[i] = coding.finish()
        return datas

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return stream_ledger(len(blob), [blob[read_varint(blob)[1] :]])

    def _encode(
        self, datas: Sequence[bytes], measure: bool, result: Callable[[Encoding], T]
    ) -> list[T]:
        """Encode each of `datas`, and return `result` of each encoding."""
        plans, results = [self._plan(len(data)) for data in datas], dict[int, T]()
        for batch in self._batches([len(data) for data in datas], plans):
            encodings = [Encoding(datas[i], plans[i], measure) for i in batch]
            if self._model is None:
                for encoding in encodings:
                    _code_alone(encoding)
            else:
                _encode_batch(self._model, encodings)
            for i, encoding in zip(batch, encodings, strict=True):
                results[i] = result(encoding)
        return [results[i] for i in range(len(datas))]

    def _plan(self, size: int) -> Plan:
        return plan_of(size, self._mebibytes, self._model is not None, self._lanes)

    def _batches(self, sizes: Sequence[int], plans: Sequence[Plan]) -> Iterator[list[int]]:
        """Yield the indices of samples to code in step, those of like length together.

        A batch has as many lanes as the model takes at a time, and at most ENOUGH bytes. Without a
        model it is one sample.
        """
        most = 1 if self._model is None else self._model.batch
        batch: list[int] = []
        lanes = total = 0
        for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
            more = plans[i].lanes
            if batch and (lanes + more > most or total + sizes[i] > ENOUGH):
                yield batch
                batch, lanes, total = [], 0, 0
            batch.append(i)
            lanes, total = lanes + more, total + sizes[i]
        if batch:
            yield batch


def _code_alone(coding: Encoding | Decoding) -> None:
    """Code a sample without a model."""
    while coding.step < coding.steps:
        coding.advance(min(coding.step + BLOCK, coding.steps))


def _encode_batch(model: Predictor, encodings: Sequence[Encoding]) -> None:
    """Encode samples, each as far as the model's frequencies are known."""
    waiting = [_Waiting(encoding) for encoding in encodings]
    places = [(own, lane) for own in waiting for lane in range(len(own.sequences))]
    for at, rows in model.frequencies([s for own in waiting for s in own.sequences]):
        own, lane = places[at]
        own.add(lane, rows)


def decode_in_step(model: Predictor, codings: Sequence[InLanes]) -> None:
    """Decode samples step by step, the longest lanes first."""
    lengths = np.array([length for coding in codings for length in coding.lane_lengths], np.int64)
    order = np.argsort(-lengths, kind="stable")
    places = np.argsort(order)  # of every lane among those in step
    ends = np.cumsum([len(coding.lane_lengths) for coding in codings])
    own = np.split(places, ends[:-1])
    alive = int(np.count_nonzero(lengths))
    stepper = model.stepper(lengths[order[:alive]].tolist())
    symbols = np.empty(alive, np.int64)
    for step in range(int(lengths.max(initial=0))):
        if lengths[order[alive - 1]] <= step:
            alive = int(np.count_nonzero(lengths > step))
            stepper.keep(alive)
        rows = np.asarray(stepper.frequencies(), np.int32)
        for coding, lanes in zip(codings, own, strict=True):
            if step < coding.steps:
                present = lanes[lanes < alive]
                symbols[present] = coding.decode_step(rows[present])
        stepper.advance(symbols[:alive])


class _Waiting:
    """A sample that is coded as soon as the frequencies of all its lanes are known."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._lengths = np.array(encoding.lane_lengths, np.int64)
        lanes = range(np.count_nonzero(self._lengths))
        self.sequences = [encoding.lane_bytes(lane) for lane in lanes]
        self._known = np.zeros(len(self._lengths), np.int64)
        self._rows: list[list[IntArray]] = [[] for _ in self.sequences]

    def add(self, lane: int, rows: IntArray) -> None:
        """Take the frequencies at the next positions of a lane, and encode what can be encoded."""
        self._rows[lane].append(rows)
        self._known[lane] += len(rows)
        unfinished = self._known[self._known < self._lengths]
        stop = int(unfinished.min()) if len(unfinished) else self._encoding.steps
        steps = stop - self._encoding.step
        if steps > 0:
            frequencies = np.zeros((steps, len(self.sequences), 256), np.int32)
            for own, blocks in enumerate(self._rows):
                if blocks:
                    block = np.concatenate(blocks)
                    frequencies[: len(block[:steps]), own] = block[:steps]
                    self._rows[own] = [block[steps:]]
            self._encoding.advance(stop, frequencies)

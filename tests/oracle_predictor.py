"""Codecs that know their source, and some that fail at it: a plugin file for tests."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from codelength import RAW, Codec, Media, Unsupported, hookimpl
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.predictor_codec import PredictorCodec
from codelength_controls import Chain, Skewed

SCALE = 128
"""So many units for each of the law's, so that the one unit of what never occurs is little."""


def iid_row() -> Any:
    """(256,): the law of the control `iid`."""
    row = np.ones(256, np.int64)
    for byte, frequency in Skewed.distribution.frequencies.items():
        row[byte] += SCALE * frequency
    return row


def chain_rows() -> Any:
    """(256, 256): the law of the control `markov`, by the byte before."""
    law = Chain.distribution
    rows = np.ones((256, 256), np.int64)
    for before, own in zip(law.letters, law.rows, strict=True):
        for letter, frequency in zip(law.letters, own, strict=True):
            rows[before, letter] += (1 << 14) * frequency
    return rows


class Fixed(Stepper):
    """Streams whose next byte depends on the last one, or on none."""

    def __init__(self, streams: int, first: Any, rows: Any) -> None:
        self._rows, self._now = rows, np.repeat(first[None], streams, axis=0)

    def frequencies(self) -> Any:
        return self._now

    def advance(self, symbols: Any) -> None:
        if self._rows is not None:
            self._now = self._rows[np.asarray(symbols)]

    def keep(self, streams: int) -> None:
        self._now = self._now[:streams]


@dataclass(frozen=True)
class IidPredictor(Predictor):
    """The law of `iid`."""

    name = "iid"

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return Fixed(len(lengths), iid_row(), None)

    def frequencies(self, batch: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        for i, sequence in enumerate(batch):
            for start in range(0, len(sequence), 4096):
                many = len(sequence[start : start + 4096])
                yield i, np.repeat(iid_row()[None], many, axis=0)


@dataclass(frozen=True)
class ChainPredictor(Predictor):
    """The law of `markov`, which starts as if its first letter had come before."""

    name = "chain"

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        rows = chain_rows()
        return Fixed(len(lengths), rows[Chain.distribution.letters[0]], rows)


class Counting(Stepper):
    """Streams of two letters, each with the estimator of Krichevsky and Trofimov."""

    LETTERS = b"ab"

    def __init__(self, streams: int) -> None:
        self._counts = np.zeros((streams, 2), np.int64)

    def frequencies(self) -> Any:
        rows = np.ones((len(self._counts), 256), np.int64)
        rows[:, list(self.LETTERS)] += 2048 * (2 * self._counts + 1)
        return rows

    def advance(self, symbols: Any) -> None:
        for place, letter in enumerate(self.LETTERS):
            self._counts[:, place] += np.asarray(symbols) == letter

    def keep(self, streams: int) -> None:
        self._counts = self._counts[:streams]


@dataclass(frozen=True)
class CountingPredictor(Predictor):
    """Learns how often each of two letters comes, and nothing else."""

    name = "counting"

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return Counting(len(lengths))


@dataclass(frozen=True)
class Counted(PredictorCodec):
    """Adapts to a text of two letters."""

    name: ClassVar[str] = "counted"

    @property
    def predictor(self) -> Predictor:
        return CountingPredictor()


@dataclass(frozen=True)
class Knowing(PredictorCodec):
    """Knows `iid`, in pieces."""

    name: ClassVar[str] = "knowing"
    piece: int = 5000

    @property
    def predictor(self) -> Predictor:
        return IidPredictor()

    @property
    def segment_size(self) -> int:
        return self.piece


@dataclass(frozen=True)
class Chained(PredictorCodec):
    """Knows `markov`."""

    name: ClassVar[str] = "chained"

    @property
    def predictor(self) -> Predictor:
        return ChainPredictor()


@dataclass(frozen=True)
class Careless(Knowing):
    """Loses what it is to give back."""

    name: ClassVar[str] = "careless"

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        return [data[:-1] for data in super().decode_many(blobs)]


@dataclass(frozen=True)
class Leaving(Knowing):
    """Ends its process, at the first byte that it is given or later."""

    name: ClassVar[str] = "leaving"
    early: bool = False

    def encode_many(self, samples: Sequence[Any]) -> list[bytes]:
        if self.early or len(samples[0].data) > 1:
            os._exit(1)
        return super().encode_many(samples)


@dataclass(frozen=True)
class Picky(Codec):
    """Takes nothing."""

    name: ClassVar[str] = "picky"

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        raise Unsupported("picky takes nothing")

    def decode(self, blob: bytes) -> bytes:
        return blob


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    return [Knowing(), Chained(), Counted(), Careless(), Leaving(), Picky()]

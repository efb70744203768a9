"""Predictors that break the contract, each in its own way; `Fair` keeps it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import IntArray
from codelength.plugins import Plugins
from codelength.testing import check_predictor, predictor_checks
from codelength.testing.predictors import (
    check_batches,
    check_frequencies,
    check_keep,
    check_tokens,
    check_views,
)
from kit_codecs import is_smallest


def failed(predictor: Predictor) -> dict[str, str]:
    """The checks that fail, with their problems."""
    return {check: problem for check, problem, _ in predictor_checks(predictor) if problem}


def frequencies_after(streams: int, last: IntArray) -> IntArray:
    """The byte before is a thousand times as likely as any other."""
    rows = np.ones((streams, 256), np.int32)
    rows[np.arange(streams), last] = 1000
    return rows


class FairStepper(Stepper):
    def __init__(self, streams: int) -> None:
        self.last = np.zeros(streams, np.int64)

    def frequencies(self) -> IntArray:
        return frequencies_after(len(self.last), self.last)

    def advance(self, symbols: IntArray) -> None:
        self.last = np.array(symbols, np.int64)

    def keep(self, streams: int) -> None:
        self.last = self.last[:streams]


@dataclass(frozen=True)
class Fair(Predictor):
    name: ClassVar[str] = "fair"

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return FairStepper(len(lengths))

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, symbols in enumerate(batch):
            if len(symbols):
                last = np.concatenate([[0], symbols[:-1]]).astype(np.int64)
                yield stream, frequencies_after(len(symbols), last)


def test_a_fair_predictor_conforms():
    check_predictor(Fair())


PREDICTING = [
    entry.item
    for entry in Plugins().codecs
    if entry.item.name != "hf" and entry.item.predictor is not None  # hf needs a model
]


@pytest.mark.parametrize(
    "codec",
    [
        pytest.param(codec, marks=[] if is_smallest(codec) else [pytest.mark.slow], id=codec.spec)
        for codec in PREDICTING
    ],
)
def test_the_predictor_of_every_installed_codec_conforms(codec):
    check_predictor(codec.predictor)


class OffByOne(Fair):
    """The parallel view is wrong once, far from the start."""

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, rows in super().frequencies(batch):
            rows[290:291, 17] += 1
            yield stream, rows


def test_views_that_differ_by_one_are_found_with_the_place():
    assert failed(OffByOne()) == {
        "parallel agrees with stepwise": "in a batch of 4, symbol 17 at position 290 of sequence 3 "
        "has frequency 2 parallel, 1 stepwise"
    }


class Sociable(Fair):
    """Its frequencies depend on the size of the batch."""

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, rows in super().frequencies(batch):
            yield stream, rows + (len(batch) > 2)


def test_frequencies_that_depend_on_the_batch_are_found():
    assert check_batches(Sociable()).startswith("in a batch of 3, symbol 0 at position 0")
    assert check_views(Sociable()) is not None


class Swapping(FairStepper):
    def keep(self, streams: int) -> None:
        self.last = self.last[len(self.last) - streams :]


class Forgetful(Fair):
    """Keeps the wrong streams."""

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return Swapping(len(lengths))


def test_keeping_the_wrong_streams_is_found():
    assert "after keep(2)" in check_keep(Forgetful())


class Seeded(Fair):
    """Other frequencies in every process."""

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return SeededStepper(len(lengths))

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, rows in super().frequencies(batch):
            yield stream, rows + abs(hash("x") % 97)


class SeededStepper(FairStepper):
    def frequencies(self) -> IntArray:
        return super().frequencies() + abs(hash("x") % 97)


def test_other_frequencies_in_another_process_are_found():
    assert list(failed(Seeded())) == ["same frequencies in another process"]


class Impossible(Fair):
    """Rules a symbol out."""

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, rows in super().frequencies(batch):
            rows[3:4, 200] = 0
            yield stream, rows


class Heavy(Fair):
    """Sums to too much for the coder."""

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, rows in super().frequencies(batch):
            yield stream, rows + (1 << 16)


class Floating(Fair):
    """Leaves the integers."""

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, rows in super().frequencies(batch):
            yield stream, rows / 2


class Short(Fair):
    """Leaves the last position out."""

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        for stream, rows in super().frequencies(batch):
            yield stream, rows[:-1]


@pytest.mark.parametrize(
    ("predictor", "problem"),
    [
        (Impossible(), "symbol 200 has frequency 0 at position 3"),
        (Heavy(), "at position 0, not below 2^24"),
        (Floating(), "float64, not integers"),
        (Short(), "shape (39, 256), not (40, 256)"),
    ],
)
def test_frequencies_that_no_coder_can_use_are_found(predictor, problem):
    found = check_frequencies(predictor)
    assert found.startswith("the parallel view of a sequence of 40: ")
    assert problem in found


class Normalising(Fair):
    """Loses bytes that are not UTF-8."""

    def tokenize(self, data: bytes) -> IntArray:
        return np.frombuffer(data.decode(errors="replace").encode(), np.uint8)


def test_a_tokenizer_that_loses_bytes_is_found():
    assert "detokenize(tokenize(b'" in check_tokens(Normalising())

"""Ideal code lengths against numbers worked out by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from codelength import Unsupported
from codelength.coding.code_length import bits_by_byte, bits_of, code_lengths
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import Encoder, IntArray


class Counting(Stepper):
    """The nth symbol: zero has frequency n, one has 1."""

    def __init__(self, streams: int) -> None:
        self._at, self._streams = 1, streams

    def frequencies(self) -> IntArray:
        return np.tile(np.array([self._at, 1]), (self._streams, 1))

    def advance(self, symbols: IntArray) -> None:
        self._at += 1

    def keep(self, streams: int) -> None:
        self._streams = streams


@dataclass(frozen=True)
class Rule(Predictor):
    name = "rule"
    alphabet = 2
    batch = 2

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return Counting(len(lengths))


def test_the_code_length_is_minus_log_of_the_share() -> None:
    rows = np.array([[1, 3], [1, 3], [8, 8]])
    assert bits_of(rows, np.array([0, 1, 0])) == pytest.approx([2, np.log2(4 / 3), 1], abs=1e-6)


@pytest.mark.parametrize("alphabet", [2, 3, 4, 300])
def test_it_is_what_the_coder_takes_also_of_laws_that_are_surely_wrong(alphabet: int) -> None:
    random = np.random.default_rng(alphabet)
    rows = np.ones((3000, alphabet), np.int32)
    rows[np.arange(3000), random.integers(alphabet, size=3000)] = (1 << 24) - 1 - alphabet
    symbols = random.integers(alphabet, size=3000)
    coder = Encoder()
    coder.encode(symbols, rows)
    bits = float(bits_of(rows, symbols).sum())
    assert 8 * len(coder.finish()) == pytest.approx(bits, abs=24)  # the end of the stream


def test_every_symbol_of_every_sequence_is_counted_once_whatever_the_batch() -> None:
    sequences = [np.zeros(n, np.int64) for n in (3, 0, 5, 1)]  # more than a batch
    found = code_lengths(Rule(), sequences)
    assert [len(bits) for bits in found] == [3, 0, 5, 1]
    # −log2(1/2 · 2/3 · 3/4 · …) telescopes: n zeros cost log2(n + 1)
    assert [bits.sum() for bits in found] == pytest.approx(
        [np.log2(n + 1) for n in (3, 0, 5, 1)], abs=1e-5
    )


@dataclass(frozen=True)
class Words(Rule):
    """Symbol n stands for n bytes."""

    def detokenize(self, symbols: IntArray) -> bytes:
        return b"x" * int(symbols.sum())


def test_the_bits_of_a_symbol_are_spread_over_its_bytes() -> None:
    spread = bits_by_byte(Words(), np.array([1, 3, 2]), np.array([5.0, 6.0, 1.0]), 6)
    assert spread.tolist() == [5, 2, 2, 2, 0.5, 0.5]
    with pytest.raises(Unsupported, match="do not stand for bytes of their own"):
        bits_by_byte(Words(), np.array([1, 3, 2]), np.array([5.0, 6.0, 1.0]), 7)

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import CorruptBlob
from codelength.coder import Decoder, Encoder


def coded(symbols: list[int], frequencies: np.ndarray) -> bytes:
    encoder = Encoder()
    encoder.encode(np.array(symbols), frequencies)
    return encoder.finish()


def decoded(stream: bytes, frequencies: np.ndarray) -> list[int]:
    decoder = Decoder(stream)
    symbols = [decoder.decode_one(row[None]) for row in frequencies]
    decoder.confirm(np.array(symbols), frequencies)
    decoder.finish()
    return symbols


@st.composite
def messages(draw: st.DrawFn) -> tuple[list[int], np.ndarray]:
    alphabet = draw(st.integers(2, 300))
    length = draw(st.integers(1, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    most = draw(st.sampled_from([1, 2, 1000, 50_000]))
    frequencies = rng.integers(1, most + 1, (length, alphabet))
    how = draw(st.sampled_from(["any", "likely", "first", "last"]))
    symbols = {
        "any": rng.integers(0, alphabet, length),
        "likely": frequencies.argmax(axis=1),
        "first": np.zeros(length, int),
        "last": np.full(length, alphabet - 1),
    }[how]
    return symbols.tolist(), frequencies


@given(messages())
@settings(max_examples=200, deadline=None)
def test_what_was_coded_is_decoded(message):
    symbols, frequencies = message
    assert decoded(coded(symbols, frequencies), frequencies) == symbols


@given(messages())
@settings(max_examples=100, deadline=None)
def test_no_byte_of_a_stream_can_be_left_out(message):
    symbols, frequencies = message
    stream = coded(symbols, frequencies)
    for size in range(len(stream)):
        with suppress(CorruptBlob):
            assert decoded(stream[:size], frequencies) != symbols


@given(messages())
@settings(max_examples=100, deadline=None)
def test_a_stream_takes_its_ideal_length_and_two_bytes_at_most(message):
    symbols, frequencies = message
    likely = frequencies[np.arange(len(symbols)), symbols] / frequencies.sum(axis=1)
    rounding = 0.001 * len(symbols)  # probabilities have 24 bits
    assert len(coded(symbols, frequencies)) <= (-np.log2(likely).sum() + rounding) / 8 + 2


def test_four_fair_coins_take_one_known_byte():
    # 1, 0, 1, 1 halve [0, 1) four times: the interval [11/16, 12/16) begins at 0xb0
    assert coded([1, 0, 1, 1], np.ones((4, 2), int)) == b"\xb0"


def test_nothing_takes_no_bytes():
    assert coded([], np.ones((0, 256), int)) == b""


def test_a_long_run_of_the_least_likely_symbol_is_paid_for():
    frequencies = np.full((1000, 2), [1, 255])
    assert len(coded([0] * 1000, frequencies)) == pytest.approx(1000, abs=2)


def test_a_stream_that_goes_on_too_long_is_refused_before_the_end():
    frequencies = np.ones((64, 256), int)
    decoder = Decoder(bytes(range(1, 9)))
    symbols = np.array([decoder.decode_one(row[None]) for row in frequencies])
    with pytest.raises(CorruptBlob, match="too early"):
        decoder.confirm(symbols, frequencies)

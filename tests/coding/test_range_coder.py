from contextlib import suppress

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import CorruptBlob
from codelength.coding.code_length import bits_of, bits_of_every_symbol
from codelength.coding.range_coder import FAMILY, FINE, PRECISION, Decoders, Encoder


def coded(symbols: list[int], frequencies: np.ndarray) -> bytes:
    encoder = Encoder()
    encoder.encode(np.array(symbols), frequencies)
    return encoder.finish()


def decoded(stream: bytes, frequencies: np.ndarray) -> list[int]:
    decoder = Decoders([stream])
    symbols = [int(decoder.decode(row[None])[0]) for row in frequencies]
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


@given(messages())
@settings(max_examples=100, deadline=None)
def test_without_its_last_byte_a_stream_is_no_longer_than_its_symbols_are_worth(message):
    symbols, frequencies = message
    rounding = 0.006 * len(symbols)  # a width of 32 bits, cut to 24
    worth = bits_of(frequencies, np.array(symbols)).sum() + rounding
    assert len(coded(symbols, frequencies)) - 1 <= worth / 8


def test_four_fair_coins_take_one_known_byte():
    # 1, 0, 1, 1 halve [0, 1) four times: the interval [11/16, 12/16) begins at 0xb0
    assert coded([1, 0, 1, 1], np.ones((4, 2), int)) == b"\xb0"


def test_nothing_takes_no_bytes():
    assert coded([], np.ones((0, 256), int)) == b""


def test_a_long_run_of_the_least_likely_symbol_is_paid_for():
    frequencies = np.full((1000, 2), [1, 255])
    assert len(coded([0] * 1000, frequencies)) == pytest.approx(1000, abs=2)


def test_a_stream_that_is_too_short_is_refused_before_the_end():
    """Fourteen fair bytes do not fit into eight."""
    with pytest.raises(CorruptBlob, match="8 bytes") as caught:
        decoded(bytes(range(1, 9)), np.ones((14, 256), int))
    assert [entry.name for entry in caught.traceback][-2:] == ["decode", "check"]


@given(messages())
@settings(max_examples=200, deadline=None)
def test_the_stream_is_that_of_constriction_but_for_its_end(message):
    symbols, frequencies = message
    plain = constriction.stream.queue.RangeEncoder()
    plain.encode(np.array(symbols, np.int32), FAMILY, frequencies.astype(np.float32))
    words = plain.get_compressed().astype(">u4").tobytes()
    stream = coded(symbols, frequencies)
    same = len(words) - 8
    assert stream[: max(same, 0)] == words[: max(same, 0)]
    reader = constriction.stream.queue.RangeDecoder(
        np.frombuffer(stream + bytes(12 - len(stream) % 4), ">u4").astype(np.uint32)
    )
    assert reader.decode(FAMILY, frequencies.astype(np.float32)).tolist() == symbols


@given(stream=st.binary(max_size=12), message=messages())
@settings(max_examples=300, deadline=None)
def test_what_is_read_is_what_encoding_it_again_gives(stream, message):
    """Every stream has one reading, and every reading one stream."""
    _, frequencies = message
    with suppress(CorruptBlob):
        assert coded(decoded(stream, frequencies), frequencies) == stream


@given(message=messages(), junk=st.binary(min_size=1, max_size=9), removed=st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_another_ending_is_refused_whatever_it_is(message, junk, removed):
    symbols, frequencies = message
    stream = coded(symbols, frequencies)
    changed = stream[: len(stream) - removed] + junk
    with suppress(CorruptBlob):
        assert decoded(changed, frequencies) != symbols or changed == stream


@st.composite
def fine_messages(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Symbols, and rows that nearly sum to 2^31, with symbols of one part among them."""
    alphabet, length = draw(st.integers(1, 300)), draw(st.integers(0, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shares = rng.random((length, alphabet)) ** draw(st.sampled_from([0, 1, 30]))
    whole = (1 << FINE) - 1 - alphabet
    rows = 1 + (shares / shares.sum(1, keepdims=True) * whole * (1 - 1e-9)).astype(np.int64)
    likely = [rng.choice(alphabet, p=row / row.sum()) for row in rows]
    symbols = {
        "likely": np.array(likely, int),
        "any": rng.integers(0, alphabet, length),
        "unlikely": rows.argmin(1),
        "last": np.full(length, alphabet - 1),
    }[draw(st.sampled_from(["likely", "any", "unlikely", "last"]))]
    return symbols, rows


def fine_stream(symbols: np.ndarray, rows: np.ndarray) -> bytes:
    encoder = Encoder(FINE)
    half = len(symbols) // 2
    encoder.encode(symbols[:half], rows[:half])
    encoder.encode(symbols[half:], rows[half:])
    return encoder.finish()


def read_fine(stream: bytes, rows: np.ndarray) -> list[int]:
    decoders = Decoders([stream], precision=FINE)
    symbols = [int(decoders.decode(row[None])[0]) for row in rows]
    decoders.finish()
    return symbols


@given(fine_messages())
@settings(max_examples=300, deadline=None)
def test_fine_frequencies_are_coded_at_their_length_and_decoded(message):
    symbols, rows = message
    stream = fine_stream(symbols, rows)
    assert read_fine(stream, rows) == symbols.tolist()
    bits = bits_of(rows, symbols, FINE).sum()
    assert len(stream) <= bits / 8 + 1.01
    ideal = -np.log2(rows[np.arange(len(rows)), symbols] / (1 << FINE)).sum()
    assert bits <= ideal + 1e-6 * len(rows)  # the last symbol has what is left


@given(fine_messages(), st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_each_stream_of_fine_frequencies_has_one_reading(message, stream):
    _, rows = message
    with suppress(CorruptBlob):
        assert fine_stream(np.array(read_fine(stream, rows), int), rows) == stream


def test_a_carry_runs_through_all_words_of_a_stream():
    """The point of each symbol is just below a half, until the last one carries."""
    half = 1 << (FINE - 1)
    rows = np.array([[half - 1, 1, half - 1]] * 9 + [[1, (1 << FINE) - 2, 1]])
    for last in range(3):
        symbols = np.array([1] * 9 + [last])
        assert read_fine(fine_stream(symbols, rows), rows) == symbols.tolist()


@pytest.mark.parametrize("precision", [PRECISION, FINE])
@pytest.mark.parametrize("alphabet", [1, 2, 3, 256, 1000])
def test_the_cost_of_every_symbol_is_that_of_each(precision, alphabet):
    row = np.random.default_rng(alphabet).integers(1, (1 << 24) // (alphabet + 1), alphabet)
    each = bits_of(np.tile(row, (alphabet, 1)), np.arange(alphabet), precision)
    assert np.array_equal(bits_of_every_symbol(row, precision), each)

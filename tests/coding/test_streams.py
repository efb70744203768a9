"""Many sequences at once: alone in their streams, or taking turns in one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import CorruptBlob
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import Encoder, IntArray
from codelength.coding.streams import decode, encode


@dataclass(frozen=True)
class Drawn(Predictor):
    """Frequencies from a seed, the same in every sequence; `steep` ones are far apart."""

    name: ClassVar[str] = "drawn"
    batch: ClassVar[int] = 5
    alphabet: int = 256  # type: ignore[misc]
    seed: int = 0
    steep: int = 1
    asked: list[int] = field(default_factory=list, compare=False)

    def law(self, positions: int) -> IntArray:
        random = np.random.default_rng(self.seed).random((positions, self.alphabet))
        most = ((1 << 24) - 1) // self.alphabet - 1
        return (random**self.steep * most).astype(np.int32) + 1

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        """In blocks of 7, those of a sequence in order, but the sequences in none."""
        law = self.law(max(map(len, batch), default=0))
        starts = [(i, at) for i, s in enumerate(batch) for at in range(0, len(s), 7)]
        whose = np.random.default_rng(self.seed).permutation([i for i, _ in starts])
        known = [0] * len(batch)
        for i in whose.tolist():
            known[i], at = min(known[i] + 7, len(batch[i])), known[i]
            yield i, law[at : known[i]]

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        self.asked.append(len(lengths))
        return DrawnStepper(self, len(lengths))


class DrawnStepper(Stepper):
    def __init__(self, predictor: Drawn, streams: int) -> None:
        self.laws, self.streams = iter(predictor.law(200)), streams
        self.now = next(self.laws)

    def frequencies(self) -> IntArray:
        return np.repeat(self.now[None], self.streams, 0)

    def advance(self, symbols: IntArray) -> None:
        assert len(symbols) == self.streams
        self.now = next(self.laws)

    def keep(self, streams: int) -> None:
        assert streams > 0
        self.streams = streams


laws = st.builds(
    Drawn,
    st.sampled_from([2, 3, 4, 63, 64, 65, 256, 5000]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 1, 9, 60]),
)
lengths = st.lists(st.integers(0, 100), max_size=9)
groups = st.lists(lengths.map(lambda found: sorted(found, reverse=True)), max_size=5)


def drawn(lengths: Sequence[int], law: Drawn) -> list[IntArray]:
    random = np.random.default_rng(law.seed)
    return [random.integers(0, law.alphabet, length) for length in lengths]


def same(found: Sequence[IntArray], right: Sequence[IntArray]) -> bool:
    return [s.tolist() for s in found] == [s.tolist() for s in right]


@given(law=laws, lengths=lengths)
@settings(max_examples=60, deadline=None)
def test_a_sequence_has_the_stream_that_it_has_alone(law, lengths):
    batch = drawn(lengths, law)
    streams = encode(law, [[sequence] for sequence in batch])
    for stream, symbols in zip(streams, batch, strict=True):
        alone = Encoder()
        alone.encode(symbols, law.law(len(symbols)))
        assert alone.finish() == stream
    groups = decode(law, streams, [[length] for length in lengths])
    assert same([symbols for (symbols,) in groups], batch)


@given(law=laws, groups=groups)
@settings(max_examples=60, deadline=None)
def test_a_group_has_the_stream_of_its_symbols_in_turn(law, groups):
    sequences = [drawn(lengths, law) for lengths in groups]
    streams = encode(law, sequences)
    for stream, group in zip(streams, sequences, strict=True):
        alone, rows = Encoder(), law.law(100)
        turns = [(s[at], rows[at]) for at in range(100) for s in group if at < len(s)]
        for symbol, row in turns:
            alone.encode(np.array([symbol]), row[None])
        assert alone.finish() == stream
    for found, group in zip(decode(law, streams, groups), sequences, strict=True):
        assert same(found, group)


def test_a_group_is_decoded_whole_and_others_join_it_as_far_as_the_batch_goes():
    law = Drawn()
    groups = [[9] * 7, [9, 9], [9], [9], [9], [9]]
    streams = encode(law, [drawn(lengths, law) for lengths in groups])
    decode(law, streams, groups)
    assert law.asked == [7, 5, 1]


def test_short_sequences_fill_a_batch_of_more():
    class Bounded(Drawn):
        def batch_of(self, longest: int) -> int:
            return 40 // max(1, longest)  # symbols that fit in memory

    law, lengths = Bounded(), [[20], *[[4]] * 12, [10], [10]]
    streams = [law.law(n)[:, 0] * 0 for (n,) in lengths]
    coded = encode(law, [[symbols] for symbols in streams])
    decoded = decode(law, coded, lengths)
    assert all(np.array_equal(a[0], b) for a, b in zip(decoded, streams, strict=True))
    assert law.asked == [2, 4, 9]  # of those before it, the longest counts


def test_nothing_is_an_empty_stream():
    law = Drawn()
    assert encode(law, [[np.empty(0, int)]]) == [b""]
    assert same(decode(law, [b""], [[0]])[0], [np.empty(0, int)])
    assert encode(law, [[]]) == [b""]
    assert decode(law, [b""], [[]]) == [[]]


@given(stream=st.binary(max_size=40), length=st.integers(0, 30), law=laws)
@settings(max_examples=100, deadline=None)
def test_what_is_decoded_at_all_has_no_other_stream(stream, length, law):
    try:
        ((symbols,),) = decode(law, [stream], [[length]])
    except CorruptBlob:
        return
    assert encode(law, [[symbols]]) == [stream]


@pytest.mark.parametrize("length", [200, 1 << 70])
def test_a_stream_that_is_cut_is_refused_however_long_it_says_it_is(length):
    law, symbols = Drawn(), np.arange(190)
    (stream,) = encode(law, [[symbols]])
    with pytest.raises(CorruptBlob):
        decode(law, [stream[:100]], [[length]])

"""The compiled range decoder against constriction's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import CorruptBlob
from codelength.coder import IntArray
from codelength.predictor import Predictor, Stepper
from codelength.streams import decode, encode
from codelength_lm import lockstep


@dataclass(frozen=True)
class Drawn(Predictor):
    """Frequencies from a seed, the same in every stream; `steep` ones are far apart."""

    name: ClassVar[str] = "drawn"
    alphabet: int = 256  # type: ignore[misc]
    seed: int = 0
    steep: int = 1

    def law(self, positions: int) -> IntArray:
        random = np.random.default_rng(self.seed).random((positions, self.alphabet))
        most = ((1 << 24) - 1) // self.alphabet - 1
        return (random**self.steep * most).astype(np.int32) + 1

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        return ((stream, self.law(len(symbols))) for stream, symbols in enumerate(batch))

    def stepper(self, streams: int) -> Stepper:
        return DrawnStepper(self, streams)


class DrawnStepper(Stepper):
    def __init__(self, predictor: Drawn, streams: int) -> None:
        self.laws, self.streams = iter(predictor.law(1000)), streams
        self.now = next(self.laws)

    def frequencies(self) -> IntArray:
        return np.repeat(self.now[None], self.streams, 0)

    def advance(self, symbols: IntArray) -> None:
        self.now = next(self.laws)

    def keep(self, streams: int) -> None:
        self.streams = streams


@given(
    alphabet=st.sampled_from([2, 3, 256, 700, 5000]),
    steep=st.sampled_from([0, 1, 9, 60]),
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(st.integers(0, 120), min_size=1, max_size=9),
)
@settings(max_examples=60, deadline=None)
def test_it_reads_what_constriction_wrote(alphabet, steep, seed, lengths):
    predictor = Drawn(alphabet, seed, steep)
    random = np.random.default_rng(seed)
    batch = [random.integers(0, alphabet, length) for length in lengths]
    streams = encode(predictor, batch)
    for symbols, right in zip(lockstep.decode(predictor, streams, lengths), batch, strict=True):
        assert (symbols == right).all()


@given(stream=st.binary(max_size=40), length=st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_it_refuses_what_constriction_refuses(stream, length):
    found = []
    for decoder in (decode, lockstep.decode):
        try:
            found.append(decoder(Drawn(), [stream], [length])[0].tolist())
        except CorruptBlob:
            found.append(None)
    assert found[0] == found[1]


def test_a_cut_stream_is_refused():
    predictor, symbols = Drawn(), np.arange(200)
    (stream,) = encode(predictor, [symbols])
    with pytest.raises(CorruptBlob):
        lockstep.decode(predictor, [stream[:100]], [200])

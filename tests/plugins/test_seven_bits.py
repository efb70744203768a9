"""A model that sees seven bits loses none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import RAW, CorruptBlob, Sample, UsageError
from codelength.coding.coder import Coder, CoderCodec
from codelength.coding.range_coder import IntArray
from codelength.coding.segments import PredictorCoder, Segmenter
from codelength_exact.bits import check_bits, with_bits
from codelength_exact.seven_bits import join_bits, split_bits
from uniform_predictor import UniformPredictor


class Shown(UniformPredictor):
    """Looks at what it is shown."""

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        assert all(symbols.max(initial=0) < 128 for symbols in batch)
        return super().frequencies(batch)


@dataclass(frozen=True)
class UniformCodec(CoderCodec):
    name: ClassVar[str] = "uniform"
    bits: int | None = 7

    def __post_init__(self) -> None:
        check_bits(self.name, self.bits)

    @property
    def coder(self) -> Coder:
        return with_bits(PredictorCoder(Shown(), Segmenter(5)), self.bits)


bytes_of_all_kinds = st.binary(max_size=80) | st.text(max_size=40).map(str.encode)


@given(data=bytes_of_all_kinds)
@settings(max_examples=200, deadline=None)
def test_the_eighth_bits_come_back(data):
    low, section = split_bits(data)
    assert low == bytes(byte & 127 for byte in data)
    assert join_bits(low, section) == data
    assert (section == b"") == data.isascii()


@given(low=st.binary(max_size=30).map(lambda data: bytes(b & 127 for b in data)), junk=st.binary())
@settings(max_examples=200, deadline=None)
def test_what_is_decoded_at_all_has_no_other_section(low, junk):
    try:
        data = join_bits(low, junk)
    except CorruptBlob:
        return
    assert split_bits(data) == (low, junk)


def test_bits_that_never_change_cost_nearly_nothing_and_random_ones_a_bit():
    random = np.random.default_rng(0).integers(0, 256, 80_000, np.uint8)
    assert len(split_bits((random | 128).tobytes())[1]) < 100
    assert len(split_bits(random.tobytes())[1]) == pytest.approx(10_000, rel=0.05)


@given(datas=st.lists(bytes_of_all_kinds, min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_a_codec_of_seven_bits_is_lossless_and_says_what_the_eighth_costs(datas):
    codec = UniformCodec()
    blobs = codec.encode_many([Sample("", data, RAW) for data in datas])
    assert codec.decode_many(blobs) == datas
    for blob, data in zip(blobs, datas, strict=True):
        ledger = codec.ledger(blob)
        assert sum(ledger.values()) == len(blob)
        assert ledger["eighth bit"] == len(split_bits(data)[1]) + 1


def test_a_byte_that_was_never_shown_is_refused():
    """A blob of eight bits, taken for one of seven."""
    blob = UniformCodec(bits=7).encode(b"caf\x69")
    with pytest.raises(CorruptBlob, match="seven bits"):
        join_bits(b"caf\xe9", b"")
    assert UniformCodec(bits=7).decode(blob) == b"cafi"


def test_there_are_seven_bits_or_eight():
    with pytest.raises(UsageError, match="uniform:bits=6 cannot be: it is 7 or 8"):
        UniformCodec(bits=6)

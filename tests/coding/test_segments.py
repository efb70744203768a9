"""Blobs of segments, under a law that is the same at every position."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import CorruptBlob, Sample
from codelength.coding.predictor import Predictor
from codelength.coding.predictor_codec import PredictorCodec
from codelength.coding.range_coder import Encoder
from codelength.coding.segments import GROUP
from uniform_predictor import UniformPredictor


@dataclass(frozen=True)
class Segmented(PredictorCodec):
    name: ClassVar[str] = "segmented"
    predictor: ClassVar[Predictor] = UniformPredictor()  # type: ignore[misc]
    segment_size: int = 3  # type: ignore[misc]


def stream(symbols: bytes) -> bytes:
    """What they are coded as, one after the other."""
    encoder = Encoder()
    encoder.encode(np.frombuffer(symbols, np.uint8), np.ones((len(symbols), 256), np.int32))
    return encoder.finish()


def test_a_sample_of_one_segment_is_its_length_and_its_stream():
    assert Segmented().encode(b"abc") == b"\x03abc"
    assert Segmented().encode(b"") == b"\x00"


def test_segments_take_turns():
    assert Segmented().encode(b"abcdefgh") == b"\x08" + stream(b"adgbehcf")


def test_groups_follow_each_other_each_but_the_last_behind_its_size():
    assert GROUP == 64
    first, last = bytes(range(1, 129)), b"xyz"
    coded = stream(first[::2] + first[1::2])
    head = b"\x83\x01" + bytes([len(coded) & 127 | 128, len(coded) >> 7])
    assert Segmented(2).encode(first + last) == head + coded + stream(b"xzy")


@given(
    datas=st.lists(st.binary(max_size=400), min_size=1, max_size=4),
    size=st.sampled_from([1, 2, 3, 399]),
)
@settings(max_examples=60, deadline=None)
def test_any_samples_come_back_together_and_alone(datas, size):
    codec = Segmented(size)
    blobs = codec.encode_many([Sample("", data) for data in datas])
    assert blobs == [codec.encode(data) for data in datas]
    assert codec.decode_many(blobs) == datas
    assert [codec.decode(blob) for blob in blobs] == datas
    for blob in blobs:
        assert sum(codec.ledger(blob).values()) == len(blob)


def test_a_length_that_the_streams_cannot_hold_takes_no_memory():
    with pytest.raises(CorruptBlob, match=f"{(1 << 63) - 1} symbols in a blob with 3 bytes"):
        Segmented().decode(b"\xff" * 8 + b"\x7fabc")
    with pytest.raises(CorruptBlob, match="for no data"):
        Segmented().decode(b"\x00abc")

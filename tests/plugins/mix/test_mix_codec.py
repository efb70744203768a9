"""Coders that learn while they code: what comes back, and in how many bytes."""

import hashlib
import random
from contextlib import suppress

import mix_sources as sources
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import codelength_recurrent
from codelength import CorruptBlob, Sample, UsageError
from codelength_mix import MixCodec, MixerCodec, coding

samples = st.lists(
    st.binary(max_size=300) | st.binary(max_size=9).map(lambda piece: piece * 40),
    min_size=1,
    max_size=6,
)
each = pytest.mark.parametrize("codec", [MixerCodec(1), MixCodec("0.2m")], ids=["mixer", "mix"])


@each
@given(datas=samples)
@settings(max_examples=10, deadline=None)
def test_what_was_encoded_together_decodes_alone_and_back(codec, datas):
    blobs = codec.encode_many([Sample("", data) for data in datas])
    assert blobs == [codec.encode(data) for data in datas]
    assert [codec.decode(blob) for blob in blobs] == datas
    assert codec.decode_many(blobs) == datas
    for blob in blobs:
        assert sum(codec.ledger(blob).values()) == len(blob)


@pytest.mark.parametrize("length", [0, 1, 65535, 65536, 65537, 100_000])
def test_mixer_round_trip_at_the_ends_of_blocks(length):
    codec, data = MixerCodec(1), sources.prose(length)
    assert codec.decode(codec.encode(data)) == data


@pytest.mark.parametrize("bits", [1.0, 2.0, 4.0, 7.5])
def test_an_independent_source_takes_its_entropy(bits):
    data, entropy = sources.independent(60_000, bits)
    coded = len(MixerCodec().encode(data)) * 8
    assert entropy < coded < 1.02 * entropy + 4_000


def test_noise_grows_by_less_than_half_a_percent():
    data = random.Random(3).randbytes(50_000)
    assert len(MixerCodec().encode(data)) < 50_250


def test_what_comes_again_costs_next_to_nothing():
    once = random.Random(4).randbytes(20_000)
    codec = MixerCodec()
    assert len(codec.encode(once * 3)) - len(codec.encode(once)) < 200


def test_a_smaller_memory_forgets_more():
    data = sources.prose(79_000)
    small, large = MixerCodec(1).encode(data), MixerCodec(64).encode(data)
    assert len(large) < len(small)
    assert MixerCodec(1).decode(small) == data


@pytest.mark.parametrize("size", [129, 191, 192, 193, 400, 513])
@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_lanes_of_any_length_come_back(monkeypatch, size, lanes):
    monkeypatch.setattr(coding, "RUN", 32)
    monkeypatch.setattr(coding, "SHORTEST", 64)
    codec = MixCodec("0.2m", lanes=lanes)
    # zeros at the end: a match may run beyond the end of a shorter lane into what is not known yet
    data = (sources.prose(size // 2) + bytes(size))[:size]
    assert codec.decode(codec.encode(data)) == data


def test_frequencies_in_blocks_of_any_size_give_the_same_stream():
    """An encoder gets the frequencies of a model in blocks, a decoder one by one."""

    size, plan = 9_000, coding.Plan(1, modelled=True, lanes=2)
    data = np.random.default_rng(1).integers(0, 9, size).astype(np.uint8).tobytes()
    given = np.random.default_rng(2).integers(1, 9999, (size, 2, 256)).astype(np.int32)
    streams = set()
    for block in (1, 7, 500, size):
        encoding = coding.Encoding(data, plan)
        for start in range(0, encoding.steps, block):
            stop = min(start + block, encoding.steps)
            encoding.advance(stop, given[start:stop])
        streams.add(encoding.finish())
    assert len(streams) == 1
    decoding = coding.Decoding(streams.pop(), size, plan)
    for step in range(decoding.steps):
        decoding.advance(step + 1, given[step : step + 1])
    assert decoding.finish() == data


@pytest.mark.parametrize("length", [2048, 30_000])
def test_the_mixture_beats_both_of_its_parts_on_prose(length):
    data = sources.prose(length)
    mix = MixCodec("0.2m")
    both, alone = len(mix.encode(data)), len(MixerCodec().encode(data))
    assert both < 0.97 * min(alone, len(mix.model.encode(data)))


def test_a_model_that_knows_nothing_of_the_data_is_soon_not_believed():
    data = random.Random(6).randbytes(3000) * 3
    mix = MixCodec("0.2m")
    online, model = len(MixerCodec().encode(data)), len(mix.model.encode(data))
    assert online < len(mix.encode(data)) < online + 0.1 * (model - online)


def test_the_mixture_holds_its_model_and_no_more():
    mix = MixCodec("0.2m")
    assert mix.model_bytes == mix.model.model_bytes
    assert [len(sample.data) for sample in mix.model_samples()] == list(mix.model_bytes.values())
    assert mix.card == mix.model.card
    assert mix.requires == mix.model.requires
    assert MixerCodec().model_bytes == {}
    assert MixerCodec().card is None


@each
def test_a_blob_that_claims_too_much_is_refused_before_anything_is_made(codec):
    from codelength.coding.varint import to_varint

    for size in (1 << 24, 1 << 40, 1 << 62):
        with pytest.raises(CorruptBlob):
            codec.decode(to_varint(size) + b"abcdef")


@each
def test_what_breaks_off_is_never_taken_for_the_whole(codec):
    data = sources.prose(700)
    blob = codec.encode(data)
    for missing in (1, 2, 9, 100, len(blob) - 3):
        with suppress(CorruptBlob):
            assert codec.decode(blob[:-missing]) != data


@each
def test_nothing_may_follow_a_stream_nor_its_size_be_missing(codec):
    blob = codec.encode(sources.prose(700))
    for damaged in (blob + b"\0", blob + b"x", codec.encode(b"") + b"\0", b""):
        with pytest.raises(CorruptBlob):
            codec.decode(damaged)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: MixerCodec(100), "power of two, 1 to 2048"),
        (lambda: MixerCodec(0), "power of two, 1 to 2048"),
        (lambda: MixCodec("0.2m", memory=4096), "power of two, 1 to 2048"),
        (lambda: MixCodec("0.2m", lanes=65), "1 to 64"),
        (lambda: MixCodec("9t"), "is not bundled"),
        (lambda: MixCodec("0.2m", weights="a.safetensors"), "not both"),
    ],
)
def test_settings_that_cannot_be_are_refused(build, says):
    with pytest.raises(UsageError, match=says):
        build()


def test_the_sizes_are_those_of_the_model():
    assert MixCodec().size == codelength_recurrent.DEFAULT
    assert MixCodec("0.2m").spec == "mix:size=0.2m"


def test_blobs_decode_for_ever():
    text = b"to be or not to be, that is not to be asked"
    blob = bytes.fromhex("2b8b8aee69dd0232a5bf5d0f1484dde9c307fd57b9e5ba32e8555d941537c0ef6e")
    assert MixerCodec().encode(text) == blob
    assert MixerCodec().decode(blob) == text
    digest = hashlib.sha256(MixerCodec().encode(sources.prose(20_000))).hexdigest()
    assert digest == "63ac048e7d7e28b9f1bbf1a1253c1cab63065a511be2bd214a3132c664318feb"

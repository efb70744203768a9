"""Blobs of models: made in parallel, decoded one at a time, no longer than they should be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import SHAPE, parameters, weights

import codelength_recurrent
from codelength import RAW, CorruptBlob, Sample, UsageError
from codelength_recurrent import RecurrentCodec
from codelength_recurrent.weights import of_parameters, write


@pytest.fixture(scope="module", autouse=True)
def box(tmp_path_factory):
    """A box with one random model in it, of size tiny."""
    folder = tmp_path_factory.mktemp("models")
    write(folder / "recurrent-tiny.safetensors", weights(size=2.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codelength_recurrent, "MODELS", folder)
        yield folder


samples = st.lists(st.binary(max_size=90), min_size=1, max_size=12)


@given(datas=samples, segment=st.integers(1, 100))
@settings(max_examples=30, deadline=None)
def test_what_was_encoded_together_decodes_alone_and_back(datas, segment):
    codec = RecurrentCodec("tiny", segment)
    blobs = codec.encode_many([Sample("", data, RAW) for data in datas])
    assert blobs == [codec.encode(data) for data in datas]
    assert [codec.decode(blob) for blob in blobs] == datas
    assert codec.decode_many(blobs) == datas
    for blob in blobs:
        assert sum(codec.ledger(blob).values()) == len(blob)


def test_a_blob_is_as_long_as_the_model_says_and_no_longer():
    codec = RecurrentCodec("tiny")
    data = np.random.default_rng(0).integers(0, 256, 5000).astype(np.uint8)
    bits = 0.0
    at = 0
    for _, rows in codec.predictor.frequencies([data]):
        symbols = data[at : at + len(rows)]
        bits -= np.log2(rows[np.arange(len(rows)), symbols] / rows.sum(1)).sum()
        at += len(rows)
    ledger = codec.ledger(codec.encode(data.tobytes()))
    assert ledger["flush"] == 1
    assert bits / 8 - 1 <= ledger["payload"] + 1 <= 1.002 * bits / 8 + 1


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 201, 6400, 6401])
def test_segments_end_where_they_should(length):
    codec = RecurrentCodec("tiny", 100)
    data = bytes(at % 251 for at in range(length))
    blob = codec.encode(data)
    assert codec.decode(blob) == data
    assert ("stream sizes" in codec.ledger(blob)) == (length > 6400)


@pytest.mark.parametrize("blob", [b"", b"\0more", b"\xff" * 8 + b"\x7f", b"\x90\x4e\x05abc"])
def test_what_is_no_blob_is_refused(blob):
    with pytest.raises(CorruptBlob):
        RecurrentCodec("tiny").decode(blob)


def test_a_size_that_is_not_in_the_box_is_named_with_those_that_are():
    with pytest.raises(UsageError, match="size=7b is not bundled; bundled are tiny"):
        RecurrentCodec("7b")


def test_the_prior_is_the_file_and_the_version_its_digest(box):
    codec = RecurrentCodec("tiny")
    assert codec.model_bytes == {"weights": (box / "recurrent-tiny.safetensors").stat().st_size}
    assert codec.digests["weights"].startswith("sha256:")


def test_models_in_the_box_are_offered_by_their_sizes():
    assert [codec.spec for codec in codelength_recurrent.codelength_codecs()] == [
        "recurrent:size=tiny"
    ]


def test_its_versions_are_those_of_libraries():
    versions = RecurrentCodec("tiny").versions
    assert list(versions) == ["constriction", "numba", "safetensors"]
    assert "missing" not in versions.values()


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    found = parameters(SHAPE)
    found["byte.weight"][3, 1] = np.nan
    path = tmp_path / "nan.safetensors"
    with np.errstate(invalid="ignore"):
        write(path, of_parameters(SHAPE, found, {}))
    with pytest.raises(UsageError, match=r"nan\.safetensors: byte.* no numbers"):
        RecurrentCodec(weights=str(path)).encode(b"text")

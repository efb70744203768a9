"""The model bytes of a codec as a corpus."""

import pytest

from codelength import UsageError
from codelength.plugins import Plugins
from codelength_model_bytes import ModelBytes


def test_the_weights_of_a_model_are_the_sample_and_their_digest_the_label() -> None:
    codec = Plugins().codec("recurrent:size=0.2m").item
    corpus = Plugins().corpus("model-bytes:recurrent:size=0.2m").item
    assert corpus == ModelBytes("recurrent:size=0.2m")
    (sample,) = corpus.samples()
    assert sample.name == "weights"
    assert len(sample.data) == codec.model_bytes["weights"]
    assert corpus.label == codec.digests["weights"]


def test_a_codec_without_model_bytes_has_none_to_show() -> None:
    with pytest.raises(UsageError, match="gzip:level=9 has no model bytes"):
        list(ModelBytes("gzip:level=9").samples())


def test_it_wants_to_know_whose() -> None:
    with pytest.raises(UsageError, match="model-bytes needs a codec, as in"):
        ModelBytes().check_available()
    with pytest.raises(UsageError, match="no codec 'gzap'"):
        ModelBytes("gzap").check_available()


def test_its_old_name_works_too() -> None:
    old, new = (
        Plugins().corpus(f"{name}:recurrent:size=0.2m").item for name in ("prior", "model-bytes")
    )
    assert list(old.samples()) == list(new.samples())
    assert old.label == new.label

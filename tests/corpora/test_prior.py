"""The prior of a codec as a corpus."""

import pytest

from codelength import UsageError
from codelength.plugins import Plugins
from codelength_prior import Prior


def test_the_weights_of_a_model_are_the_sample_and_their_digest_the_label() -> None:
    codec = Plugins().codec("recurrent:size=0.2m").item
    corpus = Plugins().corpus("prior:recurrent:size=0.2m").item
    assert corpus == Prior("recurrent:size=0.2m")
    (sample,) = corpus.samples()
    assert sample.name == "weights"
    assert len(sample.data) == codec.model_bytes["weights"]
    assert corpus.label == codec.digests["weights"]


def test_a_codec_without_a_prior_has_none_to_show() -> None:
    with pytest.raises(UsageError, match="gzip:level=9 has no prior"):
        list(Prior("gzip:level=9").samples())


def test_it_wants_to_know_whose() -> None:
    with pytest.raises(UsageError, match="prior needs a codec, as in"):
        Prior().check_available()
    with pytest.raises(UsageError, match="no codec 'gzap'"):
        Prior("gzap").check_available()

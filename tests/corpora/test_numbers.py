"""Arrays of real numbers."""

import pytest

from codelength import Array
from codelength.api.corpus import corpus_digest
from codelength_numbers import codelength_corpora

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("corpus", codelength_corpora(), ids=lambda corpus: corpus.name)
def test_the_bytes_are_those_that_the_digest_names(corpus):
    assert corpus_digest(corpus.samples()) == corpus.digest


@pytest.mark.parametrize("corpus", codelength_corpora(), ids=lambda corpus: corpus.name)
def test_every_sample_has_the_type_and_the_shape_of_its_numbers(corpus):
    for sample in corpus.samples():
        media = sample.media
        assert isinstance(media, Array)
        rows, rest = divmod(len(sample.data), media.frame_size)
        assert (rows, rest) == (media.shape[0], 0)

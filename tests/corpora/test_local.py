"""Local corpora say which Python they are from."""

import sys

import pytest

import codelength_local

VERSION = ".".join(map(str, sys.version_info[:3]))


def test_pydoc_has_one_sample_for_each_topic():
    from pydoc_data.topics import topics

    samples = list(codelength_local.Pydoc().samples())
    assert [sample.name for sample in samples] == sorted(topics)
    assert bytes(samples[0].data).decode() == topics[samples[0].name]


def test_the_library_is_bounded_sorted_and_plain_source():
    samples = list(codelength_local.Library().samples())
    names = [sample.name for sample in samples]
    assert names == sorted(names)
    assert "argparse.py" in names
    assert 2_000_000 < sum(len(sample.data) for sample in samples) <= 4_000_000


@pytest.mark.parametrize("corpus", codelength_local.codelength_corpora(), ids=lambda c: c.name)
def test_nothing_pretends_to_be_the_same_elsewhere(corpus):
    assert corpus.label == f"local: Python {VERSION}"
    assert VERSION in corpus.title
    assert corpus.digest is None
    assert not corpus.embedded

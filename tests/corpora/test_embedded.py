"""Embedded corpora: whole, as stated, and the same from any process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import codelength_embedded
from codelength import Audio, Image
from codelength.api.corpus import corpus_digest
from codelength.plugins import Plugins

CORPORA = codelength_embedded.codelength_corpora()
PLUGINS = ["controls", "embedded", "local", "path", "standard"]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_the_data_are_those_that_the_digest_states(corpus):
    assert corpus_digest(corpus.samples()) == corpus.digest


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_samples_are_what_their_corpus_is_for(corpus):
    samples = list(corpus.samples())
    assert len(samples) >= 3
    assert {sample.media.kind for sample in samples} == {corpus.kind}
    assert [sample.name for sample in samples] == sorted(sample.name for sample in samples)
    for sample in samples:
        if isinstance(sample.media, Image):
            assert len(sample.data) == sample.media.frame_size * sample.media.height
        if isinstance(sample.media, Audio):
            assert len(sample.data) % sample.media.frame_size == 0


def test_images_and_sound_cover_what_codecs_differ_in():
    images = {sample.media for sample in codelength_embedded.Images().samples()}
    assert {(image.channels, image.depth) for image in images} == {(1, 8), (3, 8), (1, 16)}
    sound = {sample.media for sample in codelength_embedded.Sound().samples()}
    assert {audio.channels for audio in sound} == {1, 2}
    assert {audio.depth for audio in sound} == {16}


def test_the_default_run_is_small_and_needs_nothing_but_the_package():
    embedded = Plugins(only=PLUGINS).select_corpora(None)
    names = [entry.item.name for entry in embedded]
    assert names == [
        *("random", "iid", "markov", "zeros"),
        *("prose", "structured", "images", "sound"),
    ]
    assert sum(len(s.data) for o in embedded for s in o.item.samples()) < 8_000_000


def test_two_processes_read_the_same_bytes():
    program = (
        "from codelength.plugins import Plugins\n"
        "from codelength.api.corpus import corpus_digest\n"
        f"for entry in Plugins(only={PLUGINS}).select_corpora(None):\n"
        "    print(entry.item.spec, corpus_digest(entry.item.samples()))\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == 8


def test_listing_corpora_imports_nothing_heavy():
    program = (
        "import sys\n"
        "from codelength.plugins import Plugins\n"
        f"plugins = Plugins(only={PLUGINS})\n"
        "assert not plugins.broken, plugins.broken\n"
        "[(o.item.spec, o.item.title, o.item.licence, o.item.digest) for o in plugins.corpora]\n"
        "heavy = {'numpy', 'PIL', 'soundfile', 'pooch', 'requests', 'pydoc_data'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_corpus_says_where_it_comes_from():
    for entry in Plugins(only=PLUGINS).corpora:
        corpus = entry.item
        assert corpus.title, corpus.name
        assert corpus.licence != "unknown", corpus.name
        if corpus.name != "path":
            assert corpus.source, corpus.name


def test_the_readme_lists_every_corpus_with_its_digest():
    readme = (Path(__file__).parents[2] / "corpora" / "README.md").read_text()
    for entry in Plugins(only=PLUGINS).corpora:
        corpus = entry.item
        stated = getattr(corpus, "whole", None) or corpus.digest
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{corpus.name}"))
        assert (stated or "")[:12] in row, corpus.name

"""`codelength train codec`: a file for a codec that learns from samples, and its card."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codelength.api.model_card import ModelCard
from codelength.cli import cli
from codelength.metrics.contamination import Contamination, contamination_of
from codelength_zstd import Zstd
from factories import cell, corpus_slice


def train(*args: object) -> Result:
    return CliRunner().invoke(cli, ["train", "codec", *map(str, args)])


def test_a_dictionary_comes_with_a_card_and_the_spec_that_takes_it(tmp_path: Path) -> None:
    out = tmp_path / "prose.dict"
    result = train("zstd:level=19", "--corpora", "prose", "--size", "4kB", "--out", out)
    assert result.exit_code == 0, result.output
    assert f"Use it as zstd:level=19,dictionary={out}" in result.output
    codec = Zstd(19, dictionary=str(out))
    assert codec.model == out.read_bytes()
    assert codec.card is not None
    assert codec.card.includes == ("prose",)
    assert "chunks:4096" in codec.card.data


def test_a_corpus_that_the_model_was_made_of_is_marked() -> None:
    card = ModelCard(includes=("prose",), until="1999")
    prose, notes = corpus_slice(corpus="prose"), corpus_slice(corpus="notes")
    seen = cell("zstd", prose, coded=20, model_bytes={"dictionary": 9}, card=card)
    other = cell("zstd", notes, coded=20, model_bytes={"dictionary": 9}, card=card)
    assert contamination_of(seen) is Contamination.POSSIBLE
    assert contamination_of(other) is Contamination.UNKNOWN


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("gzip", "--corpora", "prose"), "gzip is not trained on samples"),
        (("zstd",), "one of the two"),
        (("zstd", "--data", Path(__file__), "--size", "4kB"), "10 samples"),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    tmp_path: Path, args: tuple[str, ...], says: str
) -> None:
    result = train(*args, "--out", tmp_path / "x")
    assert says in str(result.exception or result.output)
    assert not (tmp_path / "x").exists()


def test_a_damaged_card_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "d").write_bytes(b"abc")
    (tmp_path / "d.json").write_text(json.dumps({"until": "soon"}))
    with pytest.raises(Exception, match="until is 'soon'"):
        _ = Zstd(dictionary=str(tmp_path / "d")).card

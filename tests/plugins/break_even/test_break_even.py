"""The command: what it prints and writes, and what it says of wrong input."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from codelength.api.errors import CodelengthError
from codelength.cli import cli
from codelength.results.store import Store
from factories import cell, corpus_slice, environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of two codecs on two corpora."""
    with Store(tmp_path / "results") as store:
        store.append(environment())
        for corpus in ("prose", "logs"):
            for size in (200, 1000):
                of = corpus_slice(corpus, size, limit=None if size == 1000 else size)
                store.append(cell("gzip:level=9", of, size * 2 // 5))
                store.append(cell("lm:size=1", of, size // 5, model_bytes={"weights": 100}))
    return tmp_path / "results"


def ran(*arguments: object) -> str:
    result = CliRunner().invoke(cli, ["break-even", *map(str, arguments)], catch_exceptions=False)
    return result.output


def test_it_prints_tables_and_writes_a_page_with_plots(folder: Path) -> None:
    assert "≥ 366 B" in ran(folder, "--full")
    assert "Cheapest codec at each size · prose" in ran(folder)
    assert (folder / "break-even.md").read_text().count("## ") >= 3
    assert sorted(path.name for path in (folder / "plots").iterdir()) == [
        "break-even-logs-whole.svg",
        "break-even-prose-whole.svg",
    ]


def test_corpora_and_codecs_can_be_chosen_and_the_page_put_elsewhere(
    folder: Path, tmp_path: Path
) -> None:
    said = ran(folder, "--corpus", "prose", "--codecs", "gzip,lm:size=1", "--out", tmp_path / "out")
    assert "prose" in said
    assert "logs" not in said
    assert (tmp_path / "out" / "break-even.md").is_file()
    assert not (folder / "break-even.md").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--corpora", "prosa"], "no corpus 'prosa'; did you mean 'prose'"),
        (["--codecs", "gzap"], "no codec 'gzap'; did you mean 'gzip'"),
        (["--protocol", "hole"], "no protocol 'hole'; did you mean 'whole'"),
    ],
)
def test_a_name_that_nothing_answers_to_is_an_error(
    folder: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(CodelengthError, match=message):
        ran(folder, *arguments)


def test_an_empty_folder_says_what_fills_it(tmp_path: Path) -> None:
    with pytest.raises(CodelengthError, match=r"no results in .*codelength run --out"):
        ran(tmp_path)

"""Measured rates beside published ones."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from codelength.api.errors import UsageError
from codelength.cli import cli
from codelength_published.table import published_table
from factories import board_of, cell, corpus_slice


def test_published_rates_stand_beside_header_once_rates() -> None:
    of = corpus_slice("enwik8", protocol="paper", samples=5, header_once=True)
    (grid,) = board_of([cell("gzip:level=9", of), cell("zstd", of)]).grids
    table = published_table(grid)
    assert table is not None
    assert table.rows == [
        ["enwik8", "gzip:level=9", "36.00", "48.1", "-12.1", "gzip", "enwik9"],
    ]


def test_kodak_stands_in_for_imagenet_only_where_that_is_missing() -> None:
    def paper(name: str) -> list[str]:
        slices = [
            corpus_slice(corpus, protocol="paper", kind="image", header_once=True)
            for corpus in name.split()
        ]
        (grid,) = board_of([cell("png", of) for of in slices]).grids
        table = published_table(grid)
        return [row[0] for row in table.rows] if table else []

    assert paper("kodak") == ["kodak"]
    assert paper("imagenet kodak") == ["imagenet"]
    assert paper("holiday") == []


def test_the_command_prints_them(hand_in, tmp_path: Path) -> None:
    of = corpus_slice("enwik8", protocol="paper", samples=5, header_once=True)
    folder = hand_in("a", [cell("gzip:level=9", of)])
    done = CliRunner().invoke(cli, ["published", str(folder)], catch_exceptions=False)
    assert "Delétang" in done.output
    assert "-12.1" in done.output


def test_where_nothing_resembles_the_paper_one_line_says_so(hand_in) -> None:
    with pytest.raises(UsageError, match="nothing to set beside the published rates"):
        CliRunner().invoke(cli, ["published", str(hand_in("a", [cell()]))], catch_exceptions=False)

"""Break-evens from measured curves, crossings worked out by hand; fits of a planted law."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from codelength.api.model_card import ModelCard
from codelength.metrics.price import Pricing
from codelength.report.board import Board
from codelength.report.export.markdown import write_report
from codelength.report.table import Table
from codelength.results.cell import Cell
from codelength_break_even.growth import Growth, fit_rate, growths_of
from codelength_break_even.page import (
    BreakEvenPage,
    cheapest_table,
    crossings_table,
    matrix_table,
    rates_table,
)
from factories import board_of, broken, cell, corpus_slice, environment

SIZES = [1000, 2000, 4000, 8000]
CARDS = {"small": ModelCard(parameters=25), "large": ModelCard(parameters=700, until="2020")}


def heads(
    codec: str, coded: Callable[[int], float], sizes: list[int] = SIZES, **changes: object
) -> list[Cell]:
    """A codec on growing heads of a corpus; the largest is all of it."""
    cells = []
    for size in sizes:
        limit = None if size == SIZES[-1] else size
        of = corpus_slice(size=size, limit=limit, published="2006")
        cells.append(cell(codec, of, round(coded(size)), **changes))
    return cells


def model(name: str, rate: float, weights: int, sizes: list[int]) -> list[Cell]:
    extra = {"model_bytes": {"weights": weights}, "card": CARDS[name]}
    return heads(f"lm:{name}", lambda n: rate * n, sizes, **extra)


def measured(sizes: list[int] = SIZES) -> list[Cell]:
    """gzip at 40%; lm:small at 20% with 300 bytes, cheaper from 1500 on; lm:large at 10% with 1000,
    cheaper than gzip from 3333 on and than lm:small from 7000 on; xz learns: 500 and 20%."""
    return [
        *heads("gzip", lambda n: 0.4 * n, sizes),
        *model("small", 0.2, 300, sizes),
        *model("large", 0.1, 1000, sizes),
        *heads("xz", lambda n: 500 + 0.2 * n, sizes),
        broken("bz2", corpus_slice(size=8000)),
    ]


def board(cells: list[Cell] | None = None, pricing: Pricing = Pricing()) -> Board:  # noqa: B008
    return board_of(cells or measured(), [environment()], pricing)


def here(cells: list[Cell] | None = None, pricing: Pricing = Pricing()) -> Growth:  # noqa: B008
    (growth,) = growths_of(board(cells, pricing))
    return growth


def rows(table: Table | None) -> list[list[str]]:
    assert table is not None
    return [list(row) for row in table.rows]


def test_a_break_even_is_between_two_measured_sizes() -> None:
    found = {(c.below, c.above): (c.low, c.high) for c in here().crossings}
    assert found == {
        ("gzip", "lm:small"): (1000, 2000),
        ("gzip", "lm:large"): (2000, 4000),
        ("lm:small", "lm:large"): (4000, 8000),
        ("gzip", "xz"): (2000, 4000),
        ("xz", "lm:large"): (4000, 8000),
    }
    assert all(c.low < c.size < c.high for c in here().crossings)
    assert rows(crossings_table(here()))[0][:2] == ["1.00 kB", "2.00 kB"]
    assert crossings_table(here(heads("gzip", lambda n: 0.4 * n))) is None


def test_nothing_is_said_of_sizes_that_were_not_measured() -> None:
    """At 40% and 20% with 300 bytes, the lines cross at 1500; only 2000 and more was measured."""
    growth = here([c for c in measured() if c.slice.bytes > 1000])
    assert ("gzip", "lm:small") not in {(c.below, c.above) for c in growth.crossings}
    assert rows(matrix_table(growth))[1] == ["gzip", "≤ 2.38 kB", "", "never", "≤ 3.17 kB"]


def test_one_size_knows_no_break_even_and_says_how_to_measure_one() -> None:
    growth = here(measured([8000]))
    assert growth.crossings == []
    assert set(rows(matrix_table(growth))[1][1:]) == {"", "never"}
    assert any(
        "'codelength run --limit head:4000 --out DIR'" in n for n in matrix_table(growth).notes
    )
    assert not any(line[-1] != "n/a" for line in rows(rates_table(growth)))


def test_the_matrix_says_from_where_on_a_row_beats_a_column() -> None:
    found = matrix_table(here())
    assert found.columns[1].title == "xz"
    assert [row[0] for row in found.rows] == ["xz", "gzip", "lm:small", "lm:large"]
    assert rows(found)[2][1:] == ["always", "≥ 1.41 kB", "", "≤ 6.73 kB"]
    same = here([*heads("a", lambda n: n / 2), *heads("b", lambda n: n / 2)])
    assert rows(matrix_table(same)) == [["a", "", "="], ["b", "=", ""]]


def test_the_cheapest_at_each_size_with_its_parameters_and_total() -> None:
    assert rows(cheapest_table(here())) == [
        ["1.00 kB", "gzip", "n/a", "0 B", "400 B", "lm:small"],
        ["2.00 kB", "lm:small", "25", "300 B", "700 B", "gzip"],
        ["4.00 kB", "lm:small", "25", "300 B", "1.10 kB", "xz"],
        ["8.00 kB", "lm:large", "700", "1.00 kB", "1.80 kB", "lm:small"],
    ]


def test_a_ladder_is_the_models_of_a_family() -> None:
    (ladder,) = here().ladders()
    assert list(ladder.curves) == ["lm:small", "lm:large"]
    table = cheapest_table(ladder)
    assert table.title.startswith("Best size of lm at each size")
    assert [row[1] for row in table.rows] == ["lm:small"] * 3 + ["lm:large"]


def test_another_price_moves_the_break_evens() -> None:
    found = here(pricing=Pricing(16.0))  # 50 and 1400 bytes
    assert rows(matrix_table(found))[2][1:] == ["always", "always", "", "always"]
    silent = heads("lm:silent", lambda n: n / 20, model_bytes={"weights": 10})
    found = here([*measured(), *silent], Pricing(16.0))
    assert "lm:silent" not in found.curves
    assert any("Left out" in note and "lm:silent" in note for note in matrix_table(found).notes)


def test_codecs_are_compared_at_the_sizes_that_both_have() -> None:
    cells = [*heads("gzip", lambda n: 0.4 * n), *heads("xz", lambda n: 500 + 0.2 * n, SIZES[1:])]
    assert [(c.low, c.high) for c in here(cells).crossings] == [(2000, 4000)]
    assert rows(rates_table(here(cells)))[0][2] == "n/a"


def test_samples_are_no_part_of_a_curve() -> None:
    drawn = cell("gzip", corpus_slice(size=3000, limit="sample:3000"), 900)
    assert here([*measured(), drawn]).sizes == SIZES


@pytest.mark.parametrize(("a", "b", "c"), [(0.2, 3.0, 0.4), (0.25, 0, 1), (0, 2, 0.2)])
def test_a_fit_finds_a_planted_law(a: float, b: float, c: float) -> None:
    points = [(n, a + b * n**-c) for n in (1000, 2000, 4000, 8000, 16_000)]
    assert fit_rate(points, 32_000) == pytest.approx(a + b * 32_000**-c, rel=1e-6)


def test_a_forecast_has_the_error_that_the_fit_made_at_the_largest_size() -> None:
    exact = here(heads("gzip", lambda n: 0.2 * n + 3 * n**0.6, [n * 1000 for n in SIZES]))
    ahead = exact.curves["gzip"].forecast
    assert ahead is not None
    assert ahead[1] < 1e-3 * ahead[0]
    jump = heads("gzip", lambda n: 0.3 * n if n == 8000 else 0.4 * n)
    ahead = here(jump).curves["gzip"].forecast
    assert ahead is not None
    assert math.isclose(ahead[1] / ahead[0], 1 / 3, rel_tol=0.01)
    assert here(jump[1:]).curves["gzip"].forecast is None
    assert rows(rates_table(here(jump)))[0][-1].startswith("≈")


def test_the_page_and_its_plot_are_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_report(BreakEvenPage(board()), tmp_path / folder, "break-even.md")
    for name in ("break-even.md", "plots/break-even-prose-whole.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    text = (tmp_path / "one" / "break-even.md").read_text()
    for said in ("codelength run --corpora all", "a ratio holds only", "Best size of lm"):
        assert said in text


def test_two_dozen_codecs_are_drawn(tmp_path: Path) -> None:
    many = [c for i in range(24) for c in heads(f"gzip:level={i}", lambda n, i=i: n * (9 + i) / 40)]
    write_report(BreakEvenPage(board([*many, *measured()])), tmp_path)
    size = (tmp_path / "plots" / "break-even-prose-whole.svg").stat().st_size
    assert 8_000 < size < 100_000


def test_the_document_has_the_curves_and_the_break_evens() -> None:
    document = BreakEvenPage(board()).document
    curves, break_evens = document["curves"], document["break_evens"]
    assert isinstance(curves, list)
    assert isinstance(break_evens, list)
    assert curves[1]["coded_bytes"] == {str(n): round(0.4 * n) for n in SIZES}
    assert break_evens[0]["cheaper_below"] in ("gzip", "xz")
    assert break_evens[0]["from_bytes"] < break_evens[0]["estimate"] < break_evens[0]["to_bytes"]


def test_marks_are_on_every_rate_and_explained() -> None:
    table = rates_table(here())
    assert any("10.00†" in value for row in table.rows for value in row)
    assert table.notes[0].startswith("† may have been trained on it")

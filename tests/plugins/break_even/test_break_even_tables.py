"""The tables and plots of break-evens, from cells whose crossings were worked out by hand."""

from pathlib import Path

from codelength.api.model_card import ModelCard
from codelength.metrics import Price, Pricing
from codelength.report.board import board_of
from codelength.report.export.markdown import write_report
from codelength.report.table import Table
from codelength.results.cell import Cell
from codelength_break_even.page import BreakEvenPage
from codelength_break_even.tables import (
    Costs,
    cheapest_table,
    cost_tables,
    costs_of,
    list_table,
    matrix_table,
)
from factories import broken, cell, corpus_slice, environment

CARDS = {"small": ModelCard(parameters=25), "large": ModelCard(parameters=700, until="2020")}


def measured() -> list[Cell]:
    """gzip at 40%; lm:small at 20% with 100 bytes; lm:large at 10% with 700: crossings at 500,
    2333⅓ and 6000 bytes."""
    return [
        cell("gzip", coded=400),
        cell("lm:small", coded=200, model_bytes={"weights": 100}, card=CARDS["small"]),
        cell("lm:large", coded=100, model_bytes={"weights": 700}, card=CARDS["large"]),
        broken("xz"),
    ]


def here(cells: list[Cell] | None = None, pricing: Pricing = Pricing()) -> Costs:  # noqa: B008
    (grid,) = board_of(cells or measured(), (), pricing).grids
    return costs_of(grid, "prose")


def grid(table: Table) -> list[list[str]]:
    return [list(row) for row in table.rows]


def test_the_matrix_says_from_where_on_a_row_beats_a_column() -> None:
    assert grid(matrix_table(here())) == [
        ["gzip", "0 B", "40.00", "", "≤ 500 B", "≤ 2.33 kB"],
        ["lm:small", "100 B", "20.00?", "≥ 500 B", "", "≤ 6.00 kB"],
        ["lm:large", "700 B", "10.00?", "≥ 2.33 kB", "≥ 6.00 kB", ""],
    ]


def test_always_never_and_equal_are_said() -> None:
    found = matrix_table(here([cell("a", coded=300), cell("b", coded=400), cell("c", coded=400)]))
    assert [row[3:] for row in grid(found)] == [
        ["", "always", "always"],
        ["never", "", "="],
        ["never", "=", ""],
    ]


def test_crossings_are_listed_by_size_with_who_is_cheaper_on_which_side() -> None:
    table = list_table(here())
    assert table is not None
    assert grid(table) == [
        ["500 B", "n/a", "gzip", "lm:small"],
        ["2.33 kB", "n/a", "gzip", "lm:large"],
        ["6.00 kB", "n/a", "lm:small", "lm:large"],
    ]
    assert list_table(here([cell("gzip"), cell("xz", coded=300)])) is None


def test_the_cheapest_at_each_size_with_its_parameters_and_total() -> None:
    assert grid(cheapest_table(here())) == [
        ["0 B", "", "gzip", "n/a", "0 B", "40.00", "0 B"],
        ["500 B", "n/a", "lm:small", "25", "100 B", "20.00?", "200 B"],
        ["6.00 kB", "n/a", "lm:large", "700", "700 B", "10.00?", "1.30 kB"],
    ]


def test_a_ladder_is_the_models_of_a_family() -> None:
    (ladder,) = here().ladders()
    assert list(ladder.lines) == ["lm:small", "lm:large"]
    table = cheapest_table(ladder, is_ladder=True)
    assert table.title.startswith("Best size of lm at each corpus size")
    assert [row[0] for row in table.rows] == ["0 B", "6.00 kB"]
    assert not list(here([cell("gzip:level=1"), cell("gzip:level=9", coded=300)]).ladders())


def test_another_price_moves_the_crossings() -> None:
    found = here(pricing=Pricing(Price.TWO_BYTES))  # 50 and 1400 bytes
    assert grid(matrix_table(found))[1][3:] == ["≥ 250 B", "", "≤ 13.5 kB"]
    assert (
        matrix_table(found)
        .notes[-1]
        .startswith("Charged: weights at 2 bytes a parameter. Ratios are")
    )


def test_what_has_no_price_is_left_out_and_named() -> None:
    cells = [*measured(), cell("lm:silent", coded=50, model_bytes={"weights": 10})]
    found = here(cells, Pricing(Price.TWO_BYTES))
    assert "lm:silent" not in found.lines
    assert any("Left out" in note and "lm:silent" in note for note in matrix_table(found).notes)


def test_intervals_come_from_samples() -> None:
    groups = {"gzip": [(100, 40)] * 10, "lm": [(100, 20)] * 10}
    cells = [
        cell("gzip", coded=400, groups=groups["gzip"]),
        cell("lm", coded=200, groups=groups["lm"], model_bytes={"weights": 100}),
    ]
    table = list_table(here(cells))
    assert table is not None
    assert table.rows[0][:2] == ["500 B", "500 B–500 B"]


def test_the_page_and_its_plots_are_the_same_each_time(tmp_path: Path) -> None:
    cells = measured()
    for folder in ("one", "two"):
        page = BreakEvenPage(board_of(cells, [environment()]))
        write_report(page, tmp_path / folder, "break-even.md")
    names = ["break-even.md", "plots/break-even-prose-whole.svg", "plots/ladder-lm-prose-whole.svg"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    text = (tmp_path / "one" / "break-even.md").read_text()
    assert "Charged: models as stored." in text
    assert "plots/ladder-lm-prose-whole.svg" in text
    assert "codelength run --corpora all" in text
    for table in cost_tables(here()):
        assert table.title in text


def test_a_long_name_and_two_dozen_codecs_are_drawn(tmp_path: Path) -> None:
    cells = [cell(f"gzip:level={i},window={i}", coded=300 + i) for i in range(24)]
    page = BreakEvenPage(board_of([*cells, *measured()[1:3]]))
    write_report(page, tmp_path)
    size = (tmp_path / "plots" / "break-even-prose-whole.svg").stat().st_size
    assert 10_000 < size < 100_000


def test_marks_are_on_every_rate_and_explained() -> None:
    of = corpus_slice(published="2006")
    large = cell("lm:large", of, 100, model_bytes={"weights": 700}, card=CARDS["large"])
    for table in cost_tables(here([cell("gzip", of, 400), large])):
        if any("10.00" in value for row in table.rows for value in row):
            assert any("10.00†" in value for row in table.rows for value in row)
        assert table.notes[0].startswith("† may have been trained on it")

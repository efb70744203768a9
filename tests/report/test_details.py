"""What surrounds the rankings: failures, ledgers."""

from codelength.report.failures import failures_table
from codelength.report.table import stack_head
from codelength.report.tables import ledger_table
from codelength.results.cell import Status
from factories import board_of, broken, cell, corpus_slice

PROSE = corpus_slice("prose")


def test_failures_are_gravest_first_and_grouped_by_reason() -> None:
    cells = [
        cell("gzip", PROSE),
        broken("png", PROSE, Status.UNSUPPORTED, "not an image"),
        broken("png", corpus_slice("book"), Status.UNSUPPORTED, "not an image"),
        broken("liar", PROSE, Status.MISMATCH, "offset 3: wrote 0x01,\nread 0x02"),
    ]
    table = failures_table(board_of(cells))
    assert table is not None
    assert table.title == "Not ok · 3 cells"
    assert table.rows == [
        ["mismatch", "liar", "prose", "whole", "offset 3: wrote 0x01, read 0x02"],
        ["unsupported", "png", "book, prose", "whole", "not an image"],
    ]


def test_where_nothing_failed_there_is_no_table_of_failures() -> None:
    assert failures_table(board_of([cell()])) is None


def test_the_ledger_sums_to_the_coded_bytes_or_says_what_is_missing() -> None:
    (grid,) = board_of([cell("a", ledger={"payload": 390, "length": 10})]).grids
    table = ledger_table(grid, "prose")
    assert table is not None
    assert table.rows == [["a", "400", "390", "10", "10"]]
    (grid,) = board_of([cell("a", ledger={"payload": 390}, model_bytes={"weights": 7000})]).grids
    table = ledger_table(grid, "prose")
    assert table is not None
    heads = [column.head for column in table.columns]
    assert heads[-3:] == ["off the\nbooks", "header\nof one", "model"]
    assert table.rows == [["a", "400", "390", "10", "10", "7,000"]]


def test_long_heads_are_stacked() -> None:
    assert stack_head("librispeech-dev-clean") == "librispeech-\ndev-clean"
    assert stack_head("kodak") == "kodak"

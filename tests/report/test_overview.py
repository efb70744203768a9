"""Means over many corpora, controls, and what surrounds them."""

from codelength.report.board import boards
from codelength.report.failures import failures
from codelength.report.ledger import break_even, ledger
from codelength.report.overview import controls, stacked, summary, tables
from codelength.report.published import comparison
from codelength.report.table import Table
from codelength.results.cell import Status
from factories import broken, cell, corpus_slice, environment, leaderboard

PROSE, PHOTO = corpus_slice("prose"), corpus_slice("photo", kind="image")


def rows(table: Table) -> dict[str, list[str]]:
    heads = [column.head.replace("\n", " ") for column in table.columns]
    return {row[heads.index("codec")]: row for row in table.rows}


def test_the_summary_has_the_mean_in_all_and_by_kind() -> None:
    cells = [cell("gzip", PROSE, 500), cell("gzip", PHOTO, 125)]
    (table,) = summary(cells, [environment()])
    heads = [column.head.replace("\n", " ") for column in table.columns]
    assert heads[:6] == ["#", "codec", "all %", "95% interval°", "text %", "image %"]
    assert rows(table)["gzip"][:6] == ["1", "gzip", "25.00", "25.00–25.00", "50.00", "12.50"]
    assert any("2 of 2 corpora with one sample" in note for note in table.notes)


def test_a_codec_with_a_hole_is_not_ranked_and_says_how_many_it_did() -> None:
    cells = [
        cell("gzip", PROSE, 900),
        cell("gzip", PHOTO, 900),
        cell("png", PHOTO, 100),
        broken("png", PROSE, Status.UNSUPPORTED),
    ]
    (table,) = summary(cells, [environment()])
    assert [row[1] for row in table.rows] == ["gzip", "png"]
    assert rows(table)["png"][:6] == ["-", "png", "n/a", "1 of 2", "n/a", "10.00"]


def test_there_is_one_summary_for_each_protocol_and_limit() -> None:
    cells = [
        cell(of=corpus_slice(protocol="paper")),
        cell(of=corpus_slice()),
        cell(of=corpus_slice(limit=9)),
    ]
    titles = [table.title.split(" · ")[1] for table in summary(cells, [])]
    assert titles == ["whole", "whole, first 9 bytes", "paper"]


def test_a_summary_of_controls_alone_averages_nothing() -> None:
    (table,) = summary([cell(of=corpus_slice("noise", kind="raw", entropy=8.0))], [])
    assert table.rows[0][0] == "-"
    assert any("Nothing to average" in note for note in table.notes)


def test_controls_show_what_is_spent_above_the_truth() -> None:
    (board,) = boards([cell(of=corpus_slice("noise", kind="raw", entropy=3.0), coded=400)])
    checks = board.controls()
    assert checks is not None
    assert controls(checks).rows == [["true entropy", "3.000"], ["gzip", "0.200"]]


def test_failures_are_gravest_first_and_grouped_by_reason() -> None:
    cells = [
        cell("gzip", PROSE),
        broken("png", PROSE, Status.UNSUPPORTED, "not an image"),
        broken("png", corpus_slice("book"), Status.UNSUPPORTED, "not an image"),
        broken("liar", PROSE, Status.MISMATCH, "offset 3: wrote 0x01,\nread 0x02"),
    ]
    table = failures(cells)
    assert table is not None
    assert table.title == "Not ok · 3 cells"
    assert table.rows == [
        ["mismatch", "liar", "prose", "whole", "offset 3: wrote 0x01, read 0x02"],
        ["unsupported", "png", "book, prose", "whole", "not an image"],
    ]


def test_where_nothing_failed_there_is_no_table_of_failures() -> None:
    assert failures([cell()]) is None


def test_the_ledger_sums_to_the_coded_bytes_or_says_what_is_missing() -> None:
    (board,) = boards([cell("a", ledger={"payload": 390, "length": 10})])
    table = ledger(board, "prose")
    assert table is not None
    assert table.rows == [["a", "400", "390", "10", "10"]]
    (board,) = boards([cell("a", ledger={"payload": 390}, model_bytes={"weights": 7000})])
    table = ledger(board, "prose")
    assert table is not None
    assert [column.head for column in table.columns][-3:] == [
        "off the\nbooks",
        "header\nof one",
        "prior",
    ]
    assert table.rows == [["a", "400", "390", "10", "10", "7,000"]]


def test_break_even_sets_every_pair_side_by_side() -> None:
    cells = [
        cell("lm", coded=200, model_bytes={"weights": 100}),
        cell("gzip", coded=400),
        cell("best", coded=100),
    ]
    (board,) = boards(cells)
    table = break_even(board, "prose")
    assert table is not None
    assert table.rows[2:] == [["best", "10.00", "never"], ["gzip", "40.00", "500 B"]]


def test_without_priors_there_is_nothing_to_break_even() -> None:
    (board,) = boards([cell()])
    assert break_even(board, "prose") is None


def test_published_rates_stand_beside_header_once_rates() -> None:
    of = corpus_slice("enwik8", protocol="paper", samples=5, header_once=True)
    (board,) = boards([cell("gzip:level=9", of), cell("zstd", of)])
    table = comparison(board)
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
        (board,) = boards([cell("png", of) for of in slices])
        table = comparison(board)
        return [row[0] for row in table.rows] if table else []

    assert paper("kodak") == ["kodak"]
    assert paper("imagenet kodak") == ["imagenet"]
    assert paper("holiday") == []


def test_long_heads_are_stacked() -> None:
    assert stacked("librispeech-dev-clean") == "librispeech-\ndev-clean"
    assert stacked("kodak") == "kodak"


def test_a_full_board_stays_within_a_terminal() -> None:
    cells = leaderboard()
    found = [*tables(cells, [environment()]), *summary(cells, [environment()])]
    for width in (100, 120):
        for table in found:
            assert max(map(len, table.text(width).splitlines())) <= width
    rankings = [table for table in found if "by ratio" in table.title]
    assert len(rankings) == 10
    for table in rankings[:8]:  # at 110 columns no ranking is broken into blocks
        assert table.text(110).count("zstd:level=19") == 1

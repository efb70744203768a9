"""What may be compared with what."""

from codelength.metrics.budget import Budget
from codelength.metrics.price import Pricing
from codelength.report.board import OVER, build_board
from codelength.report.tables import find_winners, ranking_table
from codelength.results.store import Results
from factories import board_of, broken, cell, corpus_slice, phase


def test_protocols_and_limits_are_never_mixed() -> None:
    slices = [
        corpus_slice(protocol="paper", header_once=True),
        corpus_slice(protocol="chunks:2048"),
        corpus_slice(protocol="whole", limit=500),
        corpus_slice(protocol="chunks:512"),
        corpus_slice(protocol="whole"),
    ]
    found = board_of([cell(of=of) for of in slices]).grids
    assert [grid.label for grid in found] == [
        "whole",
        "whole, first 500 bytes",
        "chunks:512",
        "chunks:2048",
        "paper",
    ]
    assert all(len(grid.cells) == 1 for grid in found)


def test_parts_are_by_kind_and_leave_out_controls_and_empty_corpora() -> None:
    slices = [
        corpus_slice("song", kind="audio"),
        corpus_slice("prose"),
        corpus_slice("noise", kind="raw", entropy=8.0),
        corpus_slice("nothing", 0),
        corpus_slice("photo", kind="image"),
    ]
    (grid,) = board_of([cell(of=of) for of in slices]).grids
    assert list(grid.slices) == ["nothing", "prose", "photo", "song", "noise"]
    parts = {part.name: list(part.corpora) for part in grid.parts}
    assert parts == {
        "all": ["prose", "photo", "song"],
        "text": ["prose"],
        "image": ["photo"],
        "audio": ["song"],
    }


def test_a_corpus_whose_bytes_changed_is_another_corpus() -> None:
    (grid,) = board_of(
        [cell(of=corpus_slice("mine", 1000)), cell("xz", of=corpus_slice("mine", 1001))]
    ).grids
    assert len(grid.slices) == 2
    assert all(name.startswith("mine@") for name in grid.slices)


def test_another_version_of_a_library_is_another_codec() -> None:
    old, new = {"zstandard": "0.22"}, {"zstandard": "0.23"}
    folders = {
        "before": Results(cells=[cell("zstd", versions=old), cell("gzip")]),
        "after": Results(cells=[cell("zstd", coded=390, versions=new, run="run-2")]),
    }
    (grid,) = build_board(folders).grids
    assert list(grid.rows) == ["gzip", "zstd (zstandard 0.22)", "zstd (zstandard 0.23)"]


def test_a_cell_that_failed_before_it_knew_its_version_stays_with_its_codec() -> None:
    (grid,) = board_of([cell("zstd"), broken("zstd", corpus_slice("other"))]).grids
    assert list(grid.rows) == ["zstd"]


def test_codecs_are_in_the_order_that_people_count() -> None:
    names = ["zstd:level=19", "zstd:level=3", "gzip", "zstd:level=9"]
    (grid,) = board_of([cell(name) for name in names]).grids
    assert list(grid.rows) == ["gzip", "zstd:level=3", "zstd:level=9", "zstd:level=19"]


def test_rows_over_the_budget_stand_below_and_have_no_place() -> None:
    corpora = [corpus_slice("prose"), corpus_slice("tables")]
    sizes = {"small": 200, "middle": 300, "large": 400}
    cells = [
        cell(codec, of, coded, encode=phase(9.0 if codec == "small" else 1.0))
        for codec, coded in sizes.items()
        for of in corpora
    ]
    board = board_of(cells, pricing=Pricing(budget=Budget(time=10)))
    (part,) = board.grids[0].parts
    assert list(part.places().items()) == [("middle", "1"), ("large", "2"), ("small", OVER)]
    assert find_winners(part)[0] == "middle"
    table = ranking_table(board, part)
    assert "time ≤ 10 s" in table.title
    assert "small time 18 s of 10 s" in " ".join(table.notes)
    assert len(table.rows) == 3


def test_a_row_with_a_hole_is_not_known_to_keep_the_budget() -> None:
    cells = [cell("whole", corpus_slice("prose")), broken(of=corpus_slice("prose"))]
    (grid,) = board_of(cells, pricing=Pricing(budget=Budget(size=10**9))).grids
    assert [str(use) for use in grid.over["gzip"]] == ["size n/a of 1,000,000,000 B"]
    assert list(grid.over) == ["gzip"]

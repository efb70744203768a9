"""What decodes on one machine only is told apart wherever it is ranked."""

from codelength.report.board import boards
from codelength.report.bound import MARK
from codelength.report.machines import Machines
from codelength.report.overview import overall, standings
from codelength.report.rankings import ranking
from codelength.results.cell import Evidence
from factories import cell, corpus_slice, environment

HERE = {"evidence": Evidence.SAME_MACHINE, "versions": {"torch": "2.13.0"}}


def test_its_name_is_marked_and_the_mark_explained_in_every_ranking() -> None:
    cells = [
        found
        for of in (corpus_slice("prose"), corpus_slice("verse"))
        for found in (cell("gzip", of), cell("hf:exact=false", of, 300, **HERE))
    ]
    (board,), machines = boards(cells), Machines(cells, [environment()])
    for table in (
        ranking(board, "prose", machines),
        standings(board, machines),
        overall(board, machines),
    ):
        assert [row[1] for row in table.rows] == [f"hf:exact=false {MARK}", "gzip"]
        assert (
            sum(MARK in note and "only where it was encoded" in note for note in table.notes) == 1
        )
        assert f"| hf:exact=false {MARK} |" in table.markdown()


def test_nothing_is_said_where_all_decode_anywhere() -> None:
    cells = [cell("gzip")]
    (board,) = boards(cells)
    table = ranking(board, "prose", Machines(cells, [environment()]))
    assert not any(MARK in text for text in (*table.notes, *(row[1] for row in table.rows)))

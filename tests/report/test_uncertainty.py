"""What tables say of other files, of all of a sample, and of other means."""

from codelength.api.sampling import Draw
from codelength.report.board import Board
from codelength.report.board_page import BoardPage
from codelength.report.data import Json
from codelength.report.table import Table
from codelength.report.tables import answer_table, ranking_table
from codelength.results.cell import Cell, CorpusSlice
from factories import board_of, cell, corpus_slice

DRAW = Draw(blocks=20, block=1000, files=12, bytes=500_000)


def sample(corpus: str = "prose", **changes: object) -> CorpusSlice:
    return corpus_slice(corpus, 20_000, limit="sample:20000", draw=DRAW, **changes)


def measured(codec: str, on_sample: float, on_all: float | None) -> list[Cell]:
    cells = [cell(codec, sample(), round(20_000 * on_sample))]
    whole = corpus_slice(size=500_000)
    return cells if on_all is None else [*cells, cell(codec, whole, round(500_000 * on_all))]


def board() -> Board:
    found = [("gzip", 0.5, 0.45), ("xz", 0.4, 0.36), ("bz2", 0.42, 0.37), ("lm", 0.3, None)]
    return board_of([c for row in found for c in measured(*row)])


def column(table: Table, head: str) -> list[str]:
    heads = [column.title for column in table.columns]
    return [row[heads.index(head)] for row in table.rows]


def test_a_slow_codec_is_ranked_by_an_estimate_with_the_places_that_it_may_have() -> None:
    whole, sampled = board().grids
    table = ranking_table(board(), whole.averaged)
    assert column(table, "codec") == ["lm", "xz", "bz2", "gzip"]
    assert column(table, "#") == ["≈1", "2", "3", "4"]
    assert column(table, "size %") == ["≈26.79", "36.00", "37.00", "45.00"]
    assert column(table, "95% interval") == ["23.16–31.00", "", "", ""]
    assert any(note.startswith("≈: estimated from a sample,") for note in table.notes)
    title = ranking_table(board(), sampled.averaged).title
    assert "20.0 kB of 500 kB: 20 blocks of up to 1.00 kB from 12 files" in title


def test_rows_that_an_estimate_may_be_smaller_than_have_sets_of_places() -> None:
    found = [("gzip", 0.5, 0.45), ("xz", 0.4, 0.36), ("bz2", 0.42, 0.37), ("lm", 0.41, None)]
    board = board_of([c for row in found for c in measured(*row)])
    places = board.grids[0].averaged.places()
    assert places == {"xz": "1–2", "lm": "≈1–3", "bz2": "2–3", "gzip": "4"}
    assert places_of(BoardPage(board).document)["lm"]["place"] == "≈1–3"


def places_of(document: Json) -> dict[str, Json]:
    """What the document says of each row over all corpora."""
    return {row["name"]: row["places"]["all"] for row in document["boards"][0]["rows"]}


def test_where_all_of_it_was_never_measured_nothing_is_estimated() -> None:
    (grid,) = board_of([cell("gzip", sample()), cell("xz", sample())]).grids
    assert grid.averaged.estimates == {}


def test_the_chance_to_be_first_is_printed_where_there_are_files_enough() -> None:
    of = corpus_slice(size=20_000, samples=20)
    sizes = {"a": [400, 402] * 10, "b": [401] * 20, "c": [800] * 20}
    cells = [cell(n, of, sum(s), groups=[(1000, x) for x in s]) for n, s in sizes.items()]
    (grid,) = board_of(cells).grids
    table = ranking_table(board_of(cells), grid.averaged)
    first, second, third = column(table, "first %")
    assert int(first) + int(second) == 100
    assert 35 < int(first) < 65
    assert third == ""
    assert any(note.startswith("first:") for note in table.notes)


def test_all_kinds_together_say_who_is_first_under_other_means() -> None:
    """b is far ahead on a small picture, a is ahead on three texts."""
    sizes = {"a": [300, 300, 300, 90], "b": [310, 310, 310, 40]}
    cells = []
    for codec, coded in sizes.items():
        for corpus, size in zip(["t1", "t2", "t3"], coded, strict=False):
            cells.append(cell(codec, corpus_slice(corpus, 1000), size))
        cells.append(cell(codec, corpus_slice("p", 100, kind="image"), coded[3]))
    (grid,) = board_of(cells).grids
    (note,) = [n for n in ranking_table(board_of(cells), grid.averaged).notes if "Other means" in n]
    assert "by each corpus alike, b is first (τ 1.00)" in note
    assert "by mean rank (Borda), a is first (τ -1.00)" in note
    assert "by total bytes, b is first" in note
    (text,) = [part for part in grid.parts if part.name == "text"]
    assert not any("Other means" in n for n in ranking_table(board_of(cells), text).notes)


def test_the_first_screen_has_no_ranking_of_the_sample_beside_that_of_all() -> None:
    titles = [section.title for section in BoardPage(board()).first if isinstance(section, Table)]
    assert titles
    assert not any("blocks" in title for title in titles)


def test_a_slow_codec_is_named_the_smallest_only_if_that_is_sure() -> None:
    """The interval of `near` reaches beyond xz; that of `lm` does not."""
    sure = answer_table(board().grids[0])
    assert sure
    assert sure.rows[0][1].startswith("lm ≈26.79%")
    found = [("gzip", 0.5, 0.45), ("xz", 0.4, 0.36), ("bz2", 0.42, 0.37), ("near", 0.395, None)]
    unsure = answer_table(board_of([c for row in found for c in measured(*row)]).grids[0])
    assert unsure
    assert unsure.rows[0][1].startswith("xz 36.00%")


def test_a_sample_of_which_all_was_measured_adds_nothing() -> None:
    cells = [c for row in [("gzip", 0.5, 0.45), ("xz", 0.4, 0.36)] for c in measured(*row)]
    (grid,) = board_of(cells).grids
    assert grid.limit is None

"""Which cells of which folders are one row, one column, one confirmation."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from codelength.api.errors import StoreError, UsageError
from codelength.report.board import Board, Grid, load_board
from codelength.report.board_page import BoardPage
from codelength.report.export.markdown import to_markdown
from codelength.report.export.terminal import to_text
from codelength.report.submissions import read_folders
from codelength.results.cell import Cell, Phase, Status
from codelength.results.store import FILE
from factories import MACHINE, broken, cell, corpus_slice, environment, phase

HERE = environment()
THERE = environment("run-2", started="2025-12-01T00:00:00Z", machine={**MACHINE, "cpu": "Slow 1"})

EMPTY = Phase(cpu=[[]], wall=[[]], peak_bytes=0, baseline_rss_bytes=0)


def there(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells, measured by the other run, at half the speed."""
    import msgspec

    return [
        msgspec.structs.replace(
            c, run="run-2", encode=c.encode and phase(1.0), decode=c.decode and phase(1.0)
        )
        for c in cells
    ]


def only(board: Board) -> Grid:
    (grid,) = board.grids
    return grid


def test_sizes_that_agree_are_one_row_that_says_who_confirms_it(hand_in) -> None:
    cells = [cell("gzip"), cell("xz", coded=300)]
    folders = [hand_in("alice", cells, HERE), hand_in("bob", there(cells), THERE)]
    grid = only(load_board(folders))
    assert sorted(grid.rows) == ["gzip", "xz"]
    assert grid.rows["gzip"].folders == ["alice"]
    assert grid.rows["gzip"].confirmed == ["bob"]
    assert not grid.rows["gzip"].contradicted
    # The speeds shown are those of the folder that was named first.
    assert grid.rows["gzip"].cells["prose"].encode == phase(0.5)
    assert only(load_board(folders[::-1])).rows["gzip"].cells["prose"].encode == phase(1.0)


def test_a_copy_of_a_run_confirms_nothing(hand_in) -> None:
    folders = [hand_in(name, [cell("gzip")], HERE) for name in ("one", "two", "three")]
    board = load_board(folders)
    (row,) = only(board).rows.values()
    assert row.confirmed == []
    assert len(row.measured["prose"]) == 1
    assert board.folders == {"run-1": ["one", "two", "three"]}


def test_a_copy_whose_record_was_changed_is_a_run_of_its_own(hand_in) -> None:
    changed = environment(machine={**MACHINE, "cpu": "Another 1"})
    folders = [hand_in("one", [cell()], HERE), hand_in("two", [cell()], changed)]
    board = load_board(folders)
    (row,) = only(board).rows.values()
    assert row.confirmed == ["two"]
    assert [e.run for e in board.machines.environments] == ["run-1", "run-1~2"]
    assert [e.machine["cpu"] for e in board.machines.environments] == ["Fast 9000", "Another 1"]


def test_other_libraries_with_other_sizes_are_another_row(hand_in) -> None:
    old = cell("zstd", coded=400, versions={"zstandard": "0.22"}, plugin="codelength 0.1.0")
    new = cell("zstd", coded=390, versions={"zstandard": "0.23"}, plugin="codelength 0.1.0")
    folders = [hand_in("alice", [old], HERE), hand_in("bob", there([new]), THERE)]
    board = load_board(folders)
    assert list(only(board).rows) == ["zstd (zstandard 0.22)", "zstd (zstandard 0.23)"]
    assert not board.contradictions


def test_other_libraries_with_the_same_sizes_confirm(hand_in) -> None:
    slices = [corpus_slice("prose"), corpus_slice("logs")]
    old = [cell("zstd", of, versions={"zstandard": "0.22"}) for of in slices]
    new = [cell("zstd", slices[1], versions={"zstandard": "0.23"})]
    folders = [hand_in("bob", there(new), THERE), hand_in("alice", old, HERE)]
    grid = only(load_board(folders))
    # The row is of the libraries that measured more; sizes of two libraries never mix in one row.
    (row,) = grid.rows.values()
    assert row.versions == {"zstandard": "0.22"}
    assert row.folders == ["alice"]
    assert row.confirmed == ["bob"]


def test_libraries_that_each_measured_something_else_are_never_one_row(hand_in) -> None:
    slices = [corpus_slice("prose"), corpus_slice("logs"), corpus_slice("code")]
    old = [cell("zstd", of, versions={"zstandard": "0.22"}) for of in slices[:2]]
    new = [cell("zstd", of, versions={"zstandard": "0.23"}) for of in slices[1:]]
    grid = only(load_board([hand_in("a", old), hand_in("b", there(new), THERE)]))
    assert len(grid.rows) == 2
    (part,) = grid.parts
    assert all(mean.value is None for mean in part.means.values())


def test_the_same_libraries_with_other_sizes_contradict_each_other(hand_in) -> None:
    cells = [cell("gzip", coded=400), cell("gzip", corpus_slice("logs"), coded=500)]
    others = [cell("gzip", coded=401), cell("gzip", corpus_slice("logs"), coded=500)]
    folders = [
        hand_in("alice", cells, HERE),
        hand_in("bob", there(others), THERE),
        hand_in("carol", cells, environment("run-3")),
    ]
    board = load_board(folders)
    assert list(map(str, board.contradictions)) == [
        "gzip · prose · whole: 400 B in alice, 401 B in bob; all with zlib 1.3.1"
    ]
    rows = only(board).rows
    assert list(rows) == ["gzip (in alice)", "gzip (in bob)"]
    assert all(row.contradicted for row in rows.values())
    assert rows["gzip (in alice)"].sizes == {"prose": 400, "logs": 500}
    assert rows["gzip (in bob)"].sizes == {"prose": 401, "logs": 500}


def test_what_one_decoded_and_another_did_not_is_a_contradiction(hand_in) -> None:
    good = cell("gzip")
    bad = broken("gzip", status=Status.MISMATCH, reason="offset 3: wrote 0x00, read 0x01")
    board = load_board([hand_in("alice", [good]), hand_in("bob", [bad], HERE)])
    assert [str(c) for c in board.contradictions] == [
        "gzip · prose · whole: 400 B in alice, not decoded equal in bob; all with zlib 1.3.1"
    ]
    assert [(m.folder, m.cell.status) for m in board.failed] == [("bob", Status.MISMATCH)]


def test_a_timeout_contradicts_nothing_and_is_listed(hand_in) -> None:
    slow = broken("gzip", status=Status.TIMEOUT)
    board = load_board([hand_in("alice", [cell("gzip")]), hand_in("bob", [slow])])
    assert not board.contradictions
    assert only(board).rows["gzip"].cells["prose"].ok
    assert [m.folder for m in board.failed] == ["bob"]


def test_other_bytes_under_the_same_name_are_left_out_and_named(hand_in) -> None:
    mine, theirs = corpus_slice("prose", 1000), corpus_slice("prose", 1001)
    folders = [
        hand_in("alice", [cell("gzip", mine)]),
        hand_in("bob", there([cell("gzip", theirs), cell("xz", theirs)]), THERE),
    ]
    board = load_board(folders)
    assert list(only(board).rows) == ["gzip"]
    (line,) = map(str, board.left_out)
    assert line == (
        "bob: prose · whole: 2 cells left out: other bytes (digest "
        f"{theirs.digest[:12]}, 1 sample, 1,001 B) than in alice (digest {mine.digest[:12]}, "
        "1 sample, 1,000 B), which was named first"
    )
    assert list(only(load_board(folders[::-1])).rows) == ["gzip", "xz"]


def test_the_same_bytes_under_another_name_are_the_same_corpus(hand_in) -> None:
    mine = corpus_slice("path:books")
    theirs = corpus_slice("path:/home/bob/books", digest=mine.digest)
    folders = [
        hand_in("alice", [cell("gzip", mine)]),
        hand_in("bob", there([cell("xz", theirs, 300)]), THERE),
    ]
    grid = only(load_board(folders))
    assert list(grid.slices) == ["path:books"]
    assert list(grid.parts[0].places()) == ["xz", "gzip"]


def test_protocols_are_never_mixed(hand_in) -> None:
    chunked = corpus_slice(protocol="chunks:2048")
    board = load_board([hand_in("a", [cell()]), hand_in("b", [cell(of=chunked)])])
    assert [grid.label for grid in board.grids] == ["whole", "chunks:2048"]


def test_a_limit_that_cut_nothing_hides_no_cell(hand_in) -> None:
    full, same = corpus_slice("prose"), corpus_slice("prose", limit=10**6)
    other = corpus_slice("big", 10**6, limit=10**6)
    folders = [
        hand_in("alice", [cell("gzip", full)]),
        hand_in("bob", [cell("xz", same, 300), cell("xz", other, 300)]),
    ]
    whole, limited = load_board(folders).grids
    assert list(whole.parts[0].places()) == ["xz", "gzip"]
    assert limited.parts[0].places() == {"xz": "1", "gzip": "-"}


def test_a_corpus_that_could_not_be_read_is_left_out(hand_in) -> None:
    unread = broken("gzip", corpus_slice("prose", 0, digest="", samples=0), reason="no such file")
    board = load_board([hand_in("alice", [cell("gzip")]), hand_in("bob", [unread])])
    assert [str(line) for line in board.left_out] == [
        "bob: prose · whole: 1 cell left out: the corpus could not be read there, so its bytes "
        "are unknown"
    ]


def test_a_cell_that_failed_before_it_knew_its_libraries_stays_with_its_codec(hand_in) -> None:
    lost = broken("gzip", corpus_slice("logs"))
    grid = only(load_board([hand_in("a", [cell("gzip"), lost])]))
    assert list(grid.rows) == ["gzip"]
    assert grid.parts[0].means["gzip"].value is None


def test_codecs_that_are_called_like_rows_do_not_hide_them(hand_in) -> None:
    cells = [
        cell("gzip", versions={"zlib": "1"}, coded=400),
        cell("gzip (zlib 1)", versions={"zlib": "1"}, coded=100),
    ]
    newer = [cell("gzip", versions={"zlib": "2"}, coded=300)]
    grid = only(load_board([hand_in("a", cells), hand_in("b", there(newer), THERE)]))
    sizes = {name: row.sizes["prose"] for name, row in grid.rows.items()}
    assert sizes == {"gzip (zlib 1)": 400, "gzip (zlib 1)′": 100, "gzip (zlib 2)": 300}


def test_some_corpora_only(hand_in) -> None:
    folder = hand_in("a", [cell(of=corpus_slice("prose")), cell(of=corpus_slice("logs"))])
    assert list(only(load_board([folder], ["logs"])).slices) == ["logs"]
    with pytest.raises(UsageError, match="did you mean 'logs'"):
        load_board([folder], ["log"])


def test_folders_are_called_by_no_more_of_their_path_than_needed(hand_in, tmp_path: Path) -> None:
    for name in ("alice/out", "bob/out", "mine"):
        hand_in(name, [cell()])
    paths = [tmp_path / name for name in ("alice/out", "bob/out", "mine", "alice/../mine")]
    assert list(read_folders(paths)) == ["alice/out", "bob/out", "mine"]


def test_figures_that_cannot_be_are_an_error_of_one_line(hand_in) -> None:
    for number, impossible in enumerate(
        [cell(coded=-1), cell(encode=phase(-1.0)), cell(decode=EMPTY)]
    ):
        with pytest.raises(StoreError, match="no results in"):
            read_folders([hand_in(str(number), [impossible])])


def test_what_is_no_results_folder_is_an_error_of_one_line(hand_in, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(UsageError, match=r"no results in .*'codelength run --out"):
            read_folders([path])
    file = hand_in("a", [cell()]) / FILE
    with pytest.raises(UsageError, match="is no folder; name the folder that"):
        read_folders([file])
    file.write_text("{}\n" * 3)
    with pytest.raises(StoreError, match="no results in"):
        read_folders([file.parent])


def test_lines_that_are_not_results_count_nowhere_and_are_listed(hand_in) -> None:
    """A size that somebody made smaller by hand does not rank first."""
    edited = replace(cell("liar"), coded_bytes=7)
    folder = hand_in("a", [cell("gzip"), edited, cell("xz", coded=300)])
    board = load_board([folder])
    assert list(only(board).parts[0].places()) == ["xz", "gzip"]
    (problem,) = board.problems
    page = BoardPage(board)
    text = to_markdown(page)
    assert "## Not a result · 1" in text
    assert "its ledger has 400 bytes, its blobs 7" in text
    assert "its ledger has 400 bytes" in "\n".join(to_text(page))
    assert page.document["problems"] == [problem]

"""What became of the files of a corpus: one line beside its figures, and a list in the report."""

import json
from pathlib import Path

import pytest

from codelength.api.corpus import Reading
from codelength.report.board import Board, load_board
from codelength.report.board_page import BoardPage
from codelength.report.export import EXPORTERS
from codelength.report.export.markdown import to_markdown
from codelength.report.readings import describe_readings, files_table, sizes_by_file, sum_tables
from codelength.report.table import Bold, Table
from codelength.results.cell import Cell, Readings
from codelength.results.store import Store
from factories import cell, corpus_slice, environment

DECODED, BYTES = "path:photos,view=decoded", "path:photos,view=bytes"
MEDIA = {"reader": "Pillow 12.0", "is_decoded": True}
VIEWS = {
    DECODED: [
        Reading(name="a.png", on_disk=300, measured=900, taken_as="8-bit RGB PNG", **MEDIA),
        Reading(name="b.png", on_disk=200, measured=200, taken_as="bytes", reason="it breaks off"),
        Reading(name="notes.txt", on_disk=100, measured=100, taken_as="text"),
    ],
    BYTES: [
        Reading(name="a.png", on_disk=300, measured=300, taken_as="bytes"),
        Reading(name="b.png", on_disk=200, measured=200, taken_as="bytes"),
        Reading(name="notes.txt", on_disk=100, measured=100, taken_as="text"),
    ],
}
CODED = {
    "gzip": {DECODED: [500, 190, 60], BYTES: [290, 190, 60]},
    "jxl": {DECODED: [260, 200, 90], BYTES: [310, 210, 100]},
}
LINE = (
    f"{DECODED}: 3 files, 600 B on disk; 1 read as media, 2 as bytes (1 could not be read "
    "exactly). Ratios are of the decoded 1,200 B; the smallest coding of them, by jxl, is 91.67% "
    "of the bytes on disk."
)


def measured(view: str, codec: str, limit: int | None = None) -> Cell:
    raw = [file.measured for file in VIEWS[view]]
    of = corpus_slice(view, limit or sum(raw), samples=3, label="local", limit=limit)
    coded = CODED[codec][view]
    return cell(codec, of, sum(coded), groups=[] if limit else list(zip(raw, coded, strict=True)))


def board(folder: Path, *cells: Cell) -> Board:
    with Store(folder) as store:
        store.append(environment())
        for view in {one.slice.corpus: None for one in cells}:
            store.append(Readings(corpus=view, run="run-1", files=VIEWS[view]))
        for one in cells:
            store.append(one)
    return load_board([folder])


def overall(board: Board) -> list[Table]:
    tables = [section for section in BoardPage(board).first if isinstance(section, Table)]
    return [table for table in tables if table.title.startswith("Overall")]


@pytest.fixture
def both(tmp_path: Path) -> Board:
    return board(tmp_path / "r", *(measured(view, codec) for view in VIEWS for codec in CODED))


def test_a_line_beside_the_ranking_says_what_the_ratios_are_of(both: Board) -> None:
    lines = to_markdown(BoardPage(both)).replace("\\", "").splitlines()
    assert lines.count(LINE) == 1
    assert not any(line.startswith(f"{BYTES}: ") for line in lines)  # the same files, said once


def test_decoded_files_are_averaged_only_where_they_are_not_there_as_bytes(
    both: Board, tmp_path: Path
) -> None:
    (table,) = overall(both)
    assert table.title.startswith(f"Overall · whole · {BYTES} · ")
    assert [row[1:3] for row in table.rows] == [["gzip", "90.00"], ["jxl", "103.33"]]
    said = "1 corpus (controls, empty, decoded files that are also there"
    assert any(note.startswith(said) for note in table.notes)
    alone = board(tmp_path / "alone", measured(DECODED, "jxl"))
    assert overall(alone)[0].rows[0][1:3] == ["jxl", "45.83"]


def test_of_the_first_bytes_only_no_share_of_the_files_is_told(tmp_path: Path) -> None:
    (grid,) = board(tmp_path / "r", measured(DECODED, "jxl", limit=700)).grids
    assert describe_readings(grid, DECODED).endswith("Ratios are of the decoded 1,200 B.")
    table = files_table(grid, DECODED)
    assert table is not None
    assert "coded decoded B" not in [column.title for column in table.columns]


def test_both_views_of_the_files_stand_beside_each_other(both: Board) -> None:
    (grid,) = both.grids
    assert files_table(grid, BYTES) is None
    table = files_table(grid, DECODED)
    assert table is not None
    heads = "file, on disk B, measured B, coded as bytes B, coded decoded B"
    assert [column.title for column in table.columns[:5]] == heads.split(", ")
    assert table.rows == [
        ["a.png", "300", "900", "290", "260", "0", "8-bit RGB PNG", "Pillow 12.0", ""],
        ["b.png", "200", "200", "190", "200", "0", "bytes", "", "it breaks off"],
        ["notes.txt", "100", "100", "60", "90", "0", "text", "", ""],
    ]


def test_a_folder_measured_in_one_view_has_its_list_too(tmp_path: Path) -> None:
    (grid,) = board(tmp_path / "r", measured(BYTES, "gzip")).grids
    table = files_table(grid, BYTES)
    assert table is not None
    assert table.rows[0] == ["a.png", "300", "300", "290", "0", "bytes", "", ""]


def test_report_page_and_json_have_the_list(both: Board) -> None:
    page = BoardPage(both)
    assert f"<summary>Files · {DECODED} · whole</summary>" in to_markdown(page)
    files = {exporter.name: exporter.export(page).decode() for exporter in EXPORTERS[:2]}
    found = {one["corpus"]: one["files"] for one in json.loads(files["json"])["readings"]}
    assert list(found) == [BYTES, DECODED]
    assert [file["on_disk"] for file in found[DECODED]] == [300, 200, 100]
    assert found[DECODED][1]["reason"] == "it breaks off"
    (html,) = [exporter for exporter in EXPORTERS if exporter.name == "html"]
    text = html.export(page).decode()
    assert "it breaks off" in text
    assert f"<details><summary>Files · {DECODED}" in text
    assert text.count("What each file was taken as") == 1


def test_corpora_that_were_not_read_from_files_have_no_list(tmp_path: Path) -> None:
    with Store(tmp_path / "r") as store:
        store.append(environment())
        store.append(cell())
    page = BoardPage(load_board([tmp_path / "r"]))
    assert "Files ·" not in to_markdown(page)
    assert page.document["readings"] == []


def test_the_sizes_of_files_are_known_under_every_cut_and_for_any_number_of_files(tmp_path):
    import codelength as api

    folder = tmp_path / "f"
    folder.mkdir()
    sizes = {f"{number:04}@x.txt": number % 90 for number in range(1100)}
    for name, size in sizes.items():
        (folder / name).write_bytes(bytes(size))
    (folder / "1234").symlink_to("nowhere")
    results = api.run("store", f"path:{folder}", ["whole", "chunks:32"], out=tmp_path / "out")
    (files,) = (record.files for record in results.readings.values())
    for one in results.current:
        found = {files[place].name: size for place, size in sizes_by_file(one, files).items()}
        kept = {name: (size, size) for name, size in sizes.items() if size or len(found) == 1100}
        assert found == kept
    assert {len(one.groups) <= 1000 for one in results.current} == {True}


def test_a_folder_is_summed_by_suffix_and_by_subfolder(tmp_path: Path) -> None:
    sizes = {"a.txt": 100, "logs/b.log": 300, "logs/c.LOG": 100, "logs/d.txt": 0}
    readings = [
        Reading(name=name, on_disk=size, measured=size, taken_as="text")
        for name, size in sizes.items()
    ]
    readings.insert(1, Reading(name="lost", on_disk=9, measured=0, taken_as="", reason="gone"))
    of = corpus_slice("path:mine", 500, samples=4)
    coded = {"gzip": [40, 100, 40, 5], "xz": [50, 60, 50, 5]}
    with Store(tmp_path / "r") as store:
        store.append(environment())
        store.append(Readings(corpus="path:mine", run="run-1", files=readings))
        for codec, found in coded.items():
            groups = list(zip(sizes.values(), found, strict=True))
            store.append(cell(codec, of, sum(found), groups=groups))
    found = load_board([tmp_path / "r"])
    (grid,) = found.grids
    by_suffix, by_folder = sum_tables(grid, "path:mine")
    assert by_suffix.rows == [
        [".log", "2", "400", "xz", "27.50", "35.00"],
        [".txt", "2", "100", "gzip", "55.00", "45.00"],
    ]
    assert [isinstance(value, Bold) for value in by_suffix.rows[1]] == [False] * 5 + [True]
    assert [row[:3] for row in by_folder.rows] == [["logs/", "3", "400"], ["none", "1", "100"]]
    records = BoardPage(found).files
    assert len(records.rows) == 8
    assert records.rows[1][2:] == ["logs/b.log", ".log", "logs/", "gzip", 300, 100]

import json
from pathlib import Path

import pytest
from gate_factories import baseline, cells, changed

from codelength.api.errors import StoreError
from codelength.gate.baseline import BaselineTiming, load, to_json, update_file

TIMING = BaselineTiming(
    codec="gzip",
    clock="cpu",
    prefix_bytes=5000,
    contention=0.25,
    encode=[1.0, 1.25],
    decode=[-0.5, -0.25],
)


def test_a_baseline_reads_back_as_it_was_written(tmp_path):
    made = changed(baseline(cells()), timings=[TIMING])
    (tmp_path / "baseline.json").write_bytes(to_json(made))
    assert load(tmp_path / "baseline.json") == made


def test_each_cell_and_each_timing_is_a_line_so_that_a_diff_shows_what_changed():
    lines = to_json(changed(baseline(cells()), timings=[TIMING])).decode().splitlines()
    assert sum('"coded_bytes":400' in line for line in lines) == 4
    assert sum('"piece":5000' in line for line in lines) == 1
    assert json.loads("\n".join(lines))["grid"]["codecs"] == ["gzip", "zstd"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "grid"'])
def test_a_file_that_is_no_baseline_is_named(tmp_path, text):
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(StoreError, match=r"b\.json is no baseline"):
        load(tmp_path / "b.json")


def test_a_baseline_of_a_later_schema_is_refused_whatever_else_it_holds(tmp_path):
    (tmp_path / "b.json").write_text('{"schema": 99, "news": true}')
    with pytest.raises(StoreError, match="has schema 99, this codelength reads up to 1"):
        load(tmp_path / "b.json")


@pytest.mark.parametrize(
    ("line", "twice"),
    [
        ('{"codec":"gzip","corpus":"tables"', r"the cell gzip on tables \(whole\)"),
        ('{"codec":"gzip","clock"', "the times of gzip"),
        ('"grid"', "the field 'grid'"),
    ],
)
def test_what_a_merge_left_twice_is_refused_by_name(tmp_path, line, twice):
    """As where git is told to keep the lines of both branches."""
    lines = []
    for text in to_json(changed(baseline(cells()), timings=[TIMING])).decode().splitlines():
        if text.startswith(line):
            lines.append(text if text.endswith(",") else text + ",")
        lines.append(text)
    (tmp_path / "b.json").write_text("\n".join(lines))
    with pytest.raises(StoreError, match=rf"b\.json has {twice} twice.*; remove one of the lines"):
        load(tmp_path / "b.json")


def test_the_records_of_one_codec_are_replaced_and_those_of_others_stay():
    old = changed(baseline(cells("gzip zstd")), timings=[TIMING, changed(TIMING, codec="zstd")])
    faster = changed(TIMING, encode=[0.5])
    new = changed(
        baseline(cells("gzip", versions={"zlib": "2"})), timings=[faster], provenance={"at": "noon"}
    )
    both = old.updated(new)
    assert [(cell.codec, cell.versions["zlib"]) for cell in both.cells] == [
        ("gzip", "2"),
        ("gzip", "2"),
        ("zstd", "1.3.1"),
        ("zstd", "1.3.1"),
    ]
    assert both.timings == [faster, old.timings[1]]
    assert both.provenance == old.provenance
    assert old.updated(baseline(cells("xz"))).grid.codecs == ["gzip", "zstd", "xz"]


def test_times_of_two_machines_are_not_in_one_file():
    old = changed(baseline(cells("gzip zstd")), timings=[TIMING, changed(TIMING, codec="zstd")])
    new = changed(baseline(cells("gzip")), timings=[TIMING], timed_on={"processor": "other"})
    assert old.updated(new).timings == [TIMING]
    assert old.updated(new).timed_on == {"processor": "other"}
    assert old.updated(changed(new, timings=[])) == old


def test_cells_of_other_corpora_take_the_place_of_all():
    old, new = baseline(cells("gzip zstd")), baseline(cells("gzip", "prose"))
    assert old.updated(new) == new


def test_the_clock_of_a_codec_is_that_of_its_update():
    whole = baseline(cells("gzip zstd"))
    old = changed(whole, grid=changed(whole.grid, wall=["zstd", "gzip"]))
    assert old.updated(baseline(cells("gzip"))).grid.wall == ["zstd"]
    assert old.updated(old) == old


def test_an_update_that_changes_nothing_does_not_touch_the_file(tmp_path):
    path = tmp_path / "b.json"
    update_file(path, baseline(cells()))
    before = path.stat()
    was, is_now = update_file(path, changed(baseline(cells()), provenance={"started": "later"}))
    assert was == is_now
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    update_file(path, baseline(cells("gzip", versions={})))
    assert load(path) == was.updated(baseline(cells("gzip", versions={})))


@pytest.mark.parametrize("path", ["/proc/b.json", "/proc/nowhere/b.json"])
def test_a_place_where_nothing_can_be_written_is_named(path):
    with pytest.raises(StoreError, match=r"/proc.* cannot be written: "):
        update_file(Path(path), baseline(cells()))


def test_a_committed_baseline_is_written_again_as_it_was():
    """The names of fields in the file stay, whatever they are called in the code."""
    path = Path(__file__).parents[2] / "reports" / "baseline.json"
    assert to_json(load(path)) == path.read_bytes()


def test_fields_keep_their_names_in_the_file():
    made = json.loads(to_json(changed(baseline(cells()), timings=[TIMING])))
    assert {"schema", "made", "timed", "grid", "cells", "paces"} == made.keys()
    assert made["paces"][0].keys() == {"codec", "clock", "piece", "state", "encode", "decode"}

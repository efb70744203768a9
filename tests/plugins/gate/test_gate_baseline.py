import json
import shutil
import subprocess
from pathlib import Path

import pytest
from gate_factories import baseline, cells, changed
from msgspec.structs import replace

from codelength.api.errors import StoreError
from codelength.results.cell import Status
from codelength_gate.baseline import (
    SCHEMA,
    Baseline,
    BaselineTiming,
    DefaultRows,
    Grid,
    load,
    to_json,
    update_file,
)

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
    assert json.loads("\n".join(lines))["grid"] == {
        "corpora": ["prose", "tables"],
        "protocols": ["whole"],
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "grid"'])
def test_a_file_that_is_no_baseline_is_named(tmp_path, text):
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(StoreError, match=r"b\.json is no baseline"):
        load(tmp_path / "b.json")


def test_a_baseline_of_a_later_schema_is_refused_whatever_else_it_holds(tmp_path):
    (tmp_path / "b.json").write_text('{"schema": 99, "news": true}')
    with pytest.raises(StoreError, match="has schema 99, this codelength reads up to 2"):
        load(tmp_path / "b.json")


@pytest.mark.parametrize(
    ("line", "twice"),
    [
        ('{"codec":"gzip","corpus":"prose"', r"the cell gzip on prose \(whole\)"),
        ('{"codec":"gzip","clock"', "the times of gzip"),
        ('"grid"', "the field 'grid'"),
    ],
)
def test_what_a_merge_left_in_two_versions_is_refused_by_name(tmp_path, line, twice):
    """As where git is told to keep the lines of both branches."""
    lines = []
    for text in to_json(changed(baseline(cells()), timings=[TIMING])).decode().splitlines():
        if text.startswith(line):
            lines += [text.replace(":400", ":401").replace(":5000", ":5001"), ","]
        lines.append(text)
    (tmp_path / "b.json").write_text("\n".join(lines))
    with pytest.raises(StoreError, match=rf"b\.json has {twice} twice.*; remove one of the lines"):
        load(tmp_path / "b.json")


def test_a_merge_that_is_not_finished_is_called_so(tmp_path):
    text = to_json(baseline(cells())).decode()
    (tmp_path / "b.json").write_text(text.replace("[\n{", "[\n<<<<<<< HEAD\n{", 1))
    with pytest.raises(StoreError, match=r"b\.json has the conflict of a merge; keep the lines"):
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
    assert old.updated(baseline(cells("xz"))).codecs == ["gzip", "xz", "zstd"]


def test_each_time_says_of_which_machine_it_is():
    zstd = changed(TIMING, codec="zstd", on={"processor": "one"})
    old = changed(baseline(cells("gzip zstd")), timings=[TIMING, zstd])
    elsewhere = changed(TIMING, on={"processor": "other"})
    new = changed(baseline(cells("gzip")), timings=[elsewhere])
    assert old.updated(new).timings == [elsewhere, zstd]
    assert old.updated(changed(new, timings=[])) == old.updated(old)


def test_cells_of_other_corpora_take_the_place_of_all():
    old, new = baseline(cells("gzip zstd")), baseline(cells("gzip", "prose"))
    assert old.updated(new) == new


def test_what_is_gone_is_taken_out_with_its_times():
    rows = [DefaultRows(plugin="box", codecs=["gzip", "zstd"])]
    old = changed(baseline(cells("gzip zstd")), rows=rows, timings=[TIMING])
    new = changed(baseline(cells("xz")), rows=[DefaultRows(plugin="box", codecs=["xz", "zstd"])])
    both = old.updated(new, gone=["gzip"])
    assert (both.codecs, both.rows, both.timings) == (["xz", "zstd"], new.rows, [])


def test_a_baseline_of_schema_1_is_read(tmp_path):
    """As the first releases wrote it: codecs in the grid, and one machine for all times."""
    path = tmp_path / "b.json"
    path.write_text(
        """{
"schema": 1,
"made": {"started":"2025-11-21T06:00:00Z"},
"timed": {"processor":"Fast 9000"},
"grid": {"codecs":["gzip"],"corpora":["prose"],"protocols":["whole"],"limit":20000,"wall":["gzip"]},
"cells": [
{"codec":"gzip","corpus":"prose","protocol":"whole","raw_bytes":20000,"digest":"d","coded_bytes":4}
],
"paces": [
{"codec":"gzip","clock":"wall","piece":5000,"state":0.25,"encode":[1.0],"decode":[2.0]}
]
}
"""
    )
    made = load(path)
    assert made.codecs == ["gzip"]
    assert made.grid == Grid(corpora=["prose"], protocols=["whole"], limit=20_000)
    assert made.timings[0].on == {"processor": "Fast 9000"}
    assert made.timings[0].clock == "wall"
    assert (made.schema, made.rows) == (SCHEMA, [])


@pytest.fixture
def repository(tmp_path):
    """Commits and merges baselines: base, two branches; returns what git made of them."""

    def git(*words: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=b", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *name, *words], cwd=tmp_path, check=True, capture_output=True)

    def commit(new: Baseline) -> None:
        update_file(tmp_path / "baseline.json", new)
        git("add", ".")
        git("commit", "-m", "update")

    def merged(base: Baseline, ours: list[Baseline], theirs: list[Baseline]) -> Baseline:
        git("init", "-b", "main")
        commit(base)
        git("checkout", "-b", "other")
        for new in theirs:
            commit(new)
        git("checkout", "main")
        for new in ours:
            commit(new)
        git("merge", "other")
        return load(tmp_path / "baseline.json")

    return merged


def test_two_branches_that_updated_different_codecs_are_merged_by_git(repository):
    """Neighbours in the file, the first and the last record, and a codec more in each branch."""
    merged = repository(
        baseline(cells("gzip lz4 zstd", "prose")),
        [
            baseline(cells("lz4 zstd", "prose", versions={"zlib": "3"})),
            baseline(cells("xz", "prose")),
        ],
        [baseline(cells("gzip brotli", "prose", versions={"zlib": "2"}))],
    )
    versions = {cell.codec: cell.versions["zlib"] for cell in merged.cells}
    assert versions == {"brotli": "2", "gzip": "2", "lz4": "3", "xz": "1.3.1", "zstd": "3"}
    assert merged == merged.updated(merged)


def with_rows(codecs: str, offered: str, **changes) -> Baseline:
    """A baseline with the rows of a plugin, and times."""
    rows = [DefaultRows(plugin="mine", codecs=offered.split())]
    timings = [replace(TIMING, codec=codec) for codec in codecs.split()]
    return changed(baseline(cells(codecs, **changes)), rows=rows, timings=timings)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("b", "c"), ("c", "b"), ("b c d", "e"), ("aa", "ab"), ("x y", "z"), ("b x", "c y z")],
)
@pytest.mark.parametrize("declined", [False, True])
def test_two_branches_that_added_neighbours_are_merged_by_the_rule_of_this_project(
    repository, tmp_path, ours, theirs, declined
):
    shutil.copy(Path(__file__).parents[3] / ".gitattributes", tmp_path)
    changes = {"status": Status.UNSUPPORTED, "reason": "no"} if declined else {}
    base = with_rows("a m", "a m")
    first = with_rows(ours, f"a m {ours}", **changes)
    second = with_rows(theirs, f"a m {theirs}", **changes)
    merged = repository(base, [first], [second])
    everything = sorted(f"a m {ours} {theirs}".split())
    expected = [baseline(cells("a m"))] + [baseline(cells(c, **changes)) for c in (ours, theirs)]
    wanted = [cell for one in expected for cell in one.cells]
    assert sorted(merged.cells, key=repr) == sorted(wanted, key=repr)
    assert sorted(timing.codec for timing in merged.timings) == everything
    assert merged.rows == [DefaultRows(plugin="mine", codecs=everything)]
    update_file(tmp_path / "baseline.json", merged)
    assert load(tmp_path / "baseline.json").codecs == everything


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


def test_the_committed_baseline_is_written_again_as_it_was():
    path = Path(__file__).parents[3] / "reports" / "baseline.json"
    assert to_json(load(path)) == path.read_bytes()


def test_fields_keep_their_names_in_the_file():
    made = json.loads(to_json(changed(baseline(cells()), timings=[TIMING])))
    assert {"schema", "made", "grid", "rows", "cells", "paces"} == made.keys()
    assert made["paces"][0].keys() == {"codec", "clock", "piece", "state", "encode", "decode"}


def test_a_baseline_that_was_written_in_schema_2_is_read_for_good():
    made = load(Path(__file__).parent / "golden" / "schema2.json")
    sizes = {cell.codec: cell.coded_bytes for cell in made.cells}
    assert sizes == {"gzip:level=9": 2421, "order2:limit=1023": 2190, "store": 5000}
    assert made.grid == Grid(corpora=["prose"], protocols=["whole"], limit=5000)
    assert [rows.plugin for rows in made.rows] == ["order2", "stdlib"]

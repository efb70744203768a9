import json
from pathlib import Path

import pytest
from gate_factories import baseline, cells, changed

from codelength.api.errors import StoreError, UsageError
from codelength.gate.baseline import BaselineTiming, load, to_json

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


def test_no_baseline_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UsageError, match=r"no baseline .*b\.json; 'codelength gate .* --update'"):
        load(tmp_path / "b.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', '{"schema": 1, "grid"'])
def test_a_file_that_is_no_baseline_is_named(tmp_path, text):
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(StoreError, match=r"b\.json is no baseline"):
        load(tmp_path / "b.json")


def test_a_baseline_of_a_later_schema_is_refused_whatever_else_it_holds(tmp_path):
    (tmp_path / "b.json").write_text('{"schema": 99, "news": true}')
    with pytest.raises(StoreError, match="has schema 99, this codelength reads up to 1"):
        load(tmp_path / "b.json")


def test_the_cells_of_one_codec_are_replaced_and_those_of_others_stay():
    old = changed(baseline(cells("gzip zstd")), timings=[TIMING])
    new = baseline(cells("gzip", versions={"zlib": "2"}))
    both = old.with_cells(new)
    assert [(cell.codec, cell.versions["zlib"]) for cell in both.cells] == [
        ("gzip", "2"),
        ("gzip", "2"),
        ("zstd", "1.3.1"),
        ("zstd", "1.3.1"),
    ]
    assert both.timings == [TIMING]
    assert old.with_cells(baseline(cells("xz"))).grid.codecs == ["gzip", "zstd", "xz"]


def test_a_committed_baseline_is_written_again_as_it_was():
    """The names of fields in the file stay, whatever they are called in the code."""
    path = Path(__file__).parents[2] / "reports" / "baseline.json"
    assert to_json(load(path)) == path.read_bytes()


def test_fields_keep_their_names_in_the_file():
    made = json.loads(to_json(changed(baseline(cells()), timings=[TIMING])))
    assert {"schema", "made", "timed", "grid", "cells", "paces"} == made.keys()
    assert made["paces"][0].keys() == {"codec", "clock", "piece", "state", "encode", "decode"}

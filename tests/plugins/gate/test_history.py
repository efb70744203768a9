"""The history of a gate: series with planted steps, and what is written of them."""

import json
import math
import subprocess
import sys
from random import Random

import msgspec
import pytest

from codelength.report.export import EXPORTERS
from codelength_gate.history.entries import SCHEMA, Entry, append, read_history
from codelength_gate.history.page import draw_course, to_bencher, to_page
from codelength_gate.history.series import SHORTEST, Series, fit_levels, read_series


def entry(number: int, sizes: dict[str, int], encode: float | None = None, **fields: str) -> Entry:
    times = {} if encode is None else {"gzip": {"encode": encode, "decode": 1.0}}
    return Entry(
        schema=SCHEMA,
        started=f"2025-11-{number + 1:02}T06:00:00Z",
        exit_code=0,
        sizes={"gzip": sizes},
        times=times,
        **{"commit": f"{number:040}", "subject": f"change {number}", **fields},
    )


def entries(number: int = 12) -> list[Entry]:
    """From the sixth on a byte more, and from the eighth on twice the time to encode."""
    dice = Random(3)
    return [
        entry(i, {"prose": 400 + (i >= 5), "images": 90}, (1 + (i >= 7)) * dice.gauss(1, 0.02))
        for i in range(number)
    ]


def steps(of: list[Entry]) -> dict[str, list[int]]:
    return {one.what: [step.at for step in one.steps] for one in read_series(of)}


def test_steps_are_where_they_were_planted():
    assert steps(entries()) == {
        "size": [5],
        "size on prose": [5],
        "size on images": [],
        "encode time": [7],
        "decode time": [],
    }


def test_one_byte_in_a_gigabyte_is_a_step_and_the_way_back_is_another():
    sizes = [10**9, 10**9 + 1, 10**9]
    assert steps([entry(i, {"a": size}) for i, size in enumerate(sizes)])["size"] == [1, 2]


def test_times_that_scatter_have_few_steps_and_a_step_of_a_fifth_is_found():
    dice = Random(1)
    noise = [[dice.gauss(0, 0.04) for _ in range(30)] for _ in range(200)]
    alarms = sum(len(fit_levels(values)) > 1 for values in noise)
    found = 0
    for values in noise:
        at = dice.randrange(SHORTEST, 30 - SHORTEST)
        levels = fit_levels([v + math.log(1.2) * (i >= at) for i, v in enumerate(values)])
        found += len(levels) == 2 and abs(levels[1][0] - at) <= 1
    assert alarms <= 10
    assert found >= 190


def test_an_outlier_is_no_step():
    assert len(fit_levels([0.0] * 10 + [1.0] + [0.0] * 10)) == 1
    assert fit_levels([]) == []


def test_the_size_in_all_is_over_the_corpora_that_all_entries_have():
    changed = [entry(0, {"prose": 400}), entry(1, {"prose": 400, "images": 90})]
    assert steps(changed) == {"size": [], "size on prose": [], "size on images": []}


def test_times_of_another_processor_are_another_series():
    mixed = [entry(i, {"a": 1}, 3.0 if i < 5 else 1.0, processor=f"{i < 5}") for i in range(10)]
    series = {one.what: one.values for one in read_series(mixed)}
    assert series["encode time"] == [*[None] * 5, *[1.0] * 5]


def test_a_course_is_drawn_between_its_lowest_and_its_highest_value():
    assert draw_course([1, 1, None, 2, 3]) == "▁▁ ▅█"
    assert draw_course([5.0]) == "▁"
    assert len(draw_course(list(range(100)))) == 32


def test_the_page_names_the_commit_of_the_last_step():
    page = to_page(entries(), read_series(entries()))
    (table,) = page.first
    assert page.summary == "12 gates from 2025-11-01 to 2025-11-12: 2 steps."
    assert list(table.rows[0][:6]) == ["gzip", "size", "490", "491", "+0.20%", "▁▁▁▁▁███████"]
    assert table.rows[0][6] == f"+0.20% at {0:010} change 5"
    assert [row[1] for row in table.rows] == ["size", "encode time", "decode time"]


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
def test_every_exporter_takes_the_page(exporter):
    if exporter.name == "parquet":
        pytest.importorskip("pyarrow")
    data = exporter.export(to_page(entries(), read_series(entries())))
    if exporter.name == "html":
        assert data.count(b"<svg") == 2
    if exporter.name == "json":
        assert json.loads(data)["steps"][0] == {
            "codec": "gzip",
            "what": "encode time",
            "commit": f"{7:040}",
            "before": pytest.approx(1, rel=0.05),
            "after": pytest.approx(2, rel=0.05),
        }


def test_benchers_format_has_a_benchmark_for_each_codec_and_corpus():
    made = json.loads(to_bencher(entries()[-1], read_series(entries())))
    assert made["gzip on prose"] == {"file-size": {"value": 401}}
    assert made["gzip"].keys() == {"encode-time", "decode-time"}
    assert all(m.keys() == {"value"} for measures in made.values() for m in measures.values())


def test_lines_are_appended_and_damaged_ones_are_named(tmp_path):
    path = tmp_path / "h" / "history.jsonl"
    for one in entries(2):
        append(path, one)
    with path.open("ab") as file:
        file.write(b'{"schema":1}\n')
    append(path, entries(3)[2])
    problems: list[str] = []
    assert read_history(path, problems) == entries(3)
    assert len(problems) == 1
    assert "history.jsonl:3" in problems[0]


def test_the_command_shows_the_course_and_writes_benchers_format(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(e) + b"\n" for e in entries()))

    def history(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "codelength", "history", *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    ran = history("history.jsonl")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("12 gates from 2025-11-01 to 2025-11-12: 2 steps.\n")
    assert "▁▁▁▁▁███████" in ran.stdout
    assert "gzip on prose" in json.loads(history("history.jsonl", "--bencher", "-").stdout)
    ran = history("nowhere.jsonl")
    assert ran.returncode == 2
    assert "'codelength gate --history nowhere.jsonl' writes it" in ran.stderr
    assert history("history.jsonl", "--codecs", "xz").returncode == 2


def test_a_series_without_figures_has_no_steps():
    assert Series("gzip", "encode time", [None, None], False).steps == []

"""Two runs, invented, side by side."""

import json
import math
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from codelength.report.export import EXPORTERS
from codelength.report.page import Prose
from codelength.report.table import Table
from codelength.results.cell import Cell, Environment, Status
from codelength.results.store import Results
from codelength_compare import changes
from codelength_compare.changes import NOISE, NOTICE, Comparison, compute_speed_ratio
from codelength_compare.page import summarize, to_page
from factories import broken, cell, corpus_slice, environment, leaderboard, phase


def results(cells: list[Cell], *environments: Environment) -> Results:
    """A folder that holds these."""
    known = environments or (environment(),)
    return Results({e.run: e for e in known}, cells)


def compare(a: Results, b: Results) -> Comparison:
    """Of one run on each side."""
    return changes.compare([a], [b])


def to_tables(compared: Comparison) -> list[Table]:
    return [section for section in to_page(compared).first if isinstance(section, Table)]


def export(compared: Comparison, name: str) -> str:
    (exporter,) = [exporter for exporter in EXPORTERS if exporter.name == name]
    return exporter.export(to_page(compared)).decode()


def table(made: list[Table], title: str) -> Table:
    """The one whose title begins so."""
    (found,) = [table for table in made if table.title.startswith(title)]
    return found


def titles(made: list[Table]) -> list[str]:
    return [table.title.partition(" · ")[0] for table in made]


PROSE, TABLES = corpus_slice("prose"), corpus_slice("tables")


def test_a_run_and_itself_are_equal_and_that_is_one_line():
    cells = [made for made in leaderboard() if made.ok]
    same = compare(results(cells), results(cells))
    assert to_tables(same) == []
    assert to_page(same).summary == f"sizes: {len(cells)} cells equal"
    assert len(list(summarize(same))) == 3
    assert Prose("machine and versions are the same") in to_page(same).first


def test_sizes_are_compared_exactly_the_largest_effect_first():
    a = [cell("gzip", PROSE, 400), cell("xz", PROSE, 300), cell("bz2", PROSE, 350)]
    b = [cell("gzip", PROSE, 401), cell("xz", PROSE, 290), cell("bz2", PROSE, 350)]
    compared = compare(results(a), results(b))
    rows = table(to_tables(compared), "Sizes").rows
    assert rows == [
        ["xz", "prose", "whole", "300", "290", "-10", "-3.33%"],
        ["gzip", "prose", "whole", "400", "401", "+1", "+0.25%"],
    ]
    assert next(summarize(compared)) == "sizes: 1 smaller, 1 larger, 1 cell equal"


def test_one_byte_in_a_gigabyte_is_still_seen():
    big = corpus_slice("prose", 10**9)
    a, b = (results([cell(of=big, coded=size)]) for size in (10**8, 10**8 + 1))
    compared = compare(a, b)
    assert table(to_tables(compared), "Sizes").rows[0][-2:] == ["+1", "+1e-06%"]


def test_other_blobs_of_the_same_size_are_told():
    a, b = (results([cell(blobs=blobs)]) for blobs in ("aa", "bb"))
    compared = compare(a, b)
    assert table(to_tables(compared), "Sizes").rows[0][-2:] == ["+0", "other bytes"]
    assert next(summarize(compared)) == "sizes: 1 of equal size in other bytes, 0 cells equal"


def test_the_same_name_with_other_bytes_is_not_compared():
    other = corpus_slice("prose", digest="f" * 64)
    compared = compare(results([cell(of=PROSE)]), results([cell(of=other, coded=1)]))
    assert compared.comparable == []
    assert table(to_tables(compared), "Corpora of other bytes").rows[0][-1] == "ffffffffffff"
    assert "1 cell of other data under the same name" in list(summarize(compared))


def test_what_broke_comes_before_what_was_mended():
    a = [broken("xz", reason="it crashed"), cell("gzip")]
    b = [cell("xz"), broken("gzip", status=Status.TIMEOUT, reason="too long")]
    compared = compare(results(a), results(b))
    rows = table(to_tables(compared), "Status").rows
    assert [row[0] for row in rows] == ["gzip", "xz"]
    assert rows[0][-2:] == ["ok", "timeout: too long"]
    assert list(summarize(compared)) == [
        "1 cell ok before and not now",
        "1 cell not ok before and ok now",
    ]


def test_cells_of_one_run_alone_are_listed_by_what_they_share():
    a = [cell(codec, of) for codec in ("gzip", "xz") for of in (PROSE, TABLES)]
    compared = compare(results(a), results([cell("gzip", PROSE)]))
    assert table(to_tables(compared), "Only in A · 3 cells").rows == [
        ["whole", "tables", "gzip"],
        ["whole", "prose, tables", "xz"],
    ]
    assert "Only in B" not in " ".join(titles(to_tables(compared)))


def test_versions_and_machines_that_differ_come_before_any_figure():
    a = results([cell(versions={"zlib": "1.3"})])
    faster = environment("run-2", machine={"cpu": "Slow 100", "load": "9"}, versions={"numpy": "3"})
    b = results([cell(coded=390, run="run-2", versions={"zlib": "1.4"})], faster)
    compared = compare(a, b)
    assert titles(to_tables(compared))[0] == "Machines and versions that differ"
    found = {d.what: (d.before, d.after, tuple(d.codecs)) for d in compared.differences}
    assert found["cpu"] == ("Fast 9000", "Slow 100", ())
    assert found["numpy"] == ("2.4.6", "3", ())
    assert found["zlib"] == ("1.3", "1.4", ("gzip",))
    assert "load" not in found
    assert not compared.is_same_machine


def test_another_plugin_or_other_weights_are_a_difference():
    a = results([cell(versions={}, plugin="squeeze.py 1a2b", digests={"weights": "sha256:1"})])
    b = results([cell(versions={}, plugin="squeeze.py 3c4d", digests={"weights": "sha256:2"})])
    found = {d.what: (d.before, d.after, tuple(d.codecs)) for d in compare(a, b).differences}
    assert found == {
        "plugin": ("squeeze.py 1a2b", "squeeze.py 3c4d", ("gzip",)),
        "weights": ("sha256:1", "sha256:2", ("gzip",)),
    }


def test_speeds_of_two_machines_are_called_what_they_are():
    e = environment("run-2", machine={"cpu": "Slow 100"})
    a = results([cell(encode=phase(0.5))])
    compared = compare(a, results([cell(encode=phase(1.0), run="run-2")], e))
    assert "different machines" in table(to_tables(compared), "Speeds").notes[0]


def runs(*seconds: float, **fields: Any) -> list[Results]:
    """A run for each time that encoding took."""
    return [results([cell(encode=phase(second), **fields)]) for second in seconds]


def speeds(a: list[Results], b: list[Results]) -> str:
    """The line about encoding."""
    (line,) = [x for x in summarize(changes.compare(a, b)) if x.startswith("encode")]
    return line.partition(": ")[2]


def test_between_two_runs_only_more_than_the_noise_of_runs_is_a_change():
    assert speeds(runs(1.0), runs(NOISE * 0.99)) == "0 slower, 0 faster, 1 cell as fast"
    assert speeds(runs(1.0), runs(NOISE * 1.01)) == "1 slower, 0 faster, 0 cells as fast"
    assert speeds(runs(1.0), runs(0.99 / NOISE)) == "0 slower, 1 faster, 0 cells as fast"
    rows = table(to_tables(compare(*runs(1.0), *runs(3.0))), "Speeds").rows
    assert rows == [["gzip", "prose", "whole", "encode", "3.00", "2.00–4.50"]]


def test_repetitions_within_a_run_do_not_make_a_change():
    """They agree to a percent, and the next run is a third slower: that is how machines are."""
    assert speeds(runs(1.0), runs(1.33)) == "0 slower, 0 faster, 1 cell as fast"


def test_several_runs_show_a_smaller_change_by_their_spread():
    a, b = runs(1.0, 1.01, 0.99), runs(1.2, 1.21, 1.19)
    assert speeds(a, b) == "1 slower, 0 faster, 0 cells as fast"
    assert speeds(b, a) == "0 slower, 1 faster, 0 cells as fast"
    wild = runs(1.0, 1.4, 0.8)
    assert speeds(wild, b) == "0 slower, 0 faster, 1 cell as fast"
    assert "spread between the runs" in str(to_page(changes.compare(a, b)).first[-1])


def test_what_several_runs_agree_on_is_no_change_below_the_least():
    a, b = runs(1.0, 1.0, 1.0), runs(*[NOTICE * 0.99] * 3)
    assert speeds(a, b) == "0 slower, 0 faster, 1 cell as fast"


def test_the_interval_is_that_of_students_t_test():
    """By hand: means 0 and ln 2, each side with a variance of 0.01; the error of the difference is
    √(0.01 · 2/3), and t is 4.604 for four degrees of freedom."""
    ln2 = math.log(2)
    found = compute_speed_ratio([-0.1, 0, 0.1], [ln2 - 0.1, ln2, ln2 + 0.1])
    room = 4.604 * math.sqrt(0.01 * 2 / 3)
    assert math.log(found.high) == pytest.approx(ln2 + room)
    assert math.log(found.low) == pytest.approx(ln2 - room)


def test_unchanged_speeds_are_rarely_called_changed():
    """36 speeds whose runs differ by 10%, three runs a side, 50 times over."""
    random = Random(1)
    drawn = lambda: [random.gauss(0, 0.1) for _ in range(3)]  # noqa: E731
    clear = sum(compute_speed_ratio(drawn(), drawn()).is_clear for _ in range(50 * 36))
    assert clear < 0.02 * 50 * 36


def test_a_run_that_measured_something_else_is_no_repetition():
    a = [*runs(1.0), *runs(1.0, coded=401)]
    (pair,) = changes.compare(a, runs(1.0)).pairs
    assert [cell.coded_bytes for cell in pair.befores] == [400]


def test_the_factor_of_several_cells_is_their_geometric_mean():
    a = [cell(of=of, encode=phase(1.0)) for of in (PROSE, TABLES)]
    b = [cell(of=PROSE, encode=phase(2.0)), cell(of=TABLES, encode=phase(8.0))]
    (mean,) = compare(results(a), results(b)).means
    assert mean.encode is not None
    assert mean.encode.value == pytest.approx(4.0)


def test_what_was_not_timed_has_no_speed():
    for other in (None, phase(0.0)):
        (pair,) = compare(results([cell()]), results([cell(encode=other)])).pairs
        assert list(pair.speeds) == ["decode"]


def test_means_are_over_the_corpora_that_both_have_and_never_over_a_hole():
    control = corpus_slice("random", entropy=8.0)
    a = [cell("gzip", of, 400) for of in (PROSE, TABLES, control)]
    b = [cell("gzip", PROSE, 100), cell("gzip", TABLES, 400), cell("gzip", control, 1)]
    a += [cell("xz", PROSE, 300), cell("xz", TABLES, 300)]
    b += [cell("xz", PROSE, 300), broken("xz", TABLES)]
    gzip, xz = compare(results(a), results(b)).means
    assert (gzip.before, gzip.after) == (pytest.approx(0.4), pytest.approx(0.2))  # √(0.1 · 0.4)
    assert (gzip.done, gzip.of) == (2, 2)
    assert (xz.before, xz.after, xz.done, xz.of) == (None, None, 1, 2)
    (row, hole) = table(to_tables(compare(results(a), results(b))), "Means").rows
    assert row[:6] == ["gzip", "whole", "2 of 2", "40.00", "20.00", "-50.00%"]
    assert hole[:6] == ["xz", "whole", "1 of 2", "n/a", "n/a", "n/a"]


def test_limits_and_protocols_are_never_in_one_mean():
    slices = [PROSE, corpus_slice("prose", limit=500), corpus_slice("prose", protocol="chunks:100")]
    cells = [cell(of=of) for of in slices]
    assert [m.of for m in compare(results(cells), results(cells)).means] == [1, 1, 1]


def test_json_holds_the_cells_that_did_not_change_too():
    a, b = results([cell("gzip"), cell("xz")]), results([cell("gzip", coded=401), cell("xz")])
    made: dict[str, Any] = json.loads(export(compare(a, b), "json"))
    assert made["schema"] == 1
    assert made["same_machine"] is True
    assert [(c["codec"], c["a"]["coded"], c["b"]["coded"]) for c in made["cells"]] == [
        ("gzip", 400, 401),
        ("xz", 400, 400),
    ]
    time = made["cells"][0]["encode"]
    assert time["low"] < time["factor"] == 1.0 < time["high"]
    assert made["means"][0]["b"] == pytest.approx(0.401)


def test_markdown_says_in_a_list_how_much_is_equal():
    a = leaderboard()
    b = [replace(made, coded_bytes=made.coded_bytes + (made.codec == "png")) for made in a]
    text = export(compare(results(a), results(b)), "markdown")
    assert text.startswith("# Comparison of two runs\n\nsizes: ")
    assert "### Sizes · coded bytes, smaller is better" in text
    assert "only in" not in text.lower()


def test_a_hole_in_both_runs_is_nothing_new():
    cells = [cell("xz", PROSE), broken("xz", TABLES), cell("gzip", PROSE), cell("gzip", TABLES)]
    compared = compare(results(cells), results(cells))
    assert "Means" not in titles(to_tables(compared))
    assert "1 cell not ok in either" in list(summarize(compared))

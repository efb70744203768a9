"""Two runs, invented, side by side."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from codelength.compare import compare, summarize, to_json, to_markdown, to_tables
from codelength.compare.changes import compute_speed_ratio
from codelength.report.table import Table
from codelength.results.cell import Cell, Environment, Phase, Status
from codelength.results.store import Results
from factories import broken, cell, corpus_slice, environment, leaderboard


def results(cells: list[Cell], *environments: Environment) -> Results:
    """A folder that holds these."""
    known = environments or (environment(),)
    return Results({e.run: e for e in known}, cells)


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
    assert titles(to_tables(same)) == ["Runs"]
    assert next(summarize(same)) == f"sizes: {len(cells)} cells equal"
    assert len(list(summarize(same))) == 3
    assert to_tables(same)[0].notes == ["Machine and versions are the same."]


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
    assert titles(to_tables(compared))[:2] == ["Runs", "Machines and versions that differ"]
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
    a = results([cell(encode=phase_of(0.5))])
    compared = compare(a, results([cell(encode=phase_of(1.0), run="run-2")], e))
    assert "different machines" in table(to_tables(compared), "Speeds").notes[0]


def phase_of(*seconds: float) -> Phase:
    """One batch whose repetitions took so long."""
    times = [list(seconds)]
    return Phase(cpu=times, wall=times, peak_bytes=0, baseline_rss_bytes=0)


def test_a_speed_is_told_with_its_interval_where_that_excludes_no_change():
    steady, twice = phase_of(0.99, 1.0, 1.01), phase_of(1.98, 2.0, 2.02)
    compared = compare(results([cell(encode=steady)]), results([cell(encode=twice)]))
    (row,) = table(to_tables(compared), "Speeds").rows
    assert row[:4] == ["gzip", "prose", "whole", "encode"]
    assert row[4] == "2.00"
    low, high = map(float, row[5].split("–"))
    assert 1.95 < low < 2.0 < high < 2.05


def test_a_speed_that_repetitions_do_not_agree_on_is_not_told():
    wild, wilder = phase_of(0.5, 1.0, 2.0), phase_of(0.6, 1.3, 2.0)
    compared = compare(results([cell(encode=wild)]), results([cell(encode=wilder)]))
    assert "Speeds" not in titles(to_tables(compared))
    assert "encode speed: 0 slower, 0 faster, 1 cell as fast" in list(summarize(compared))


def test_the_factor_of_several_cells_is_their_geometric_mean():
    pairs = [(phase_of(1.0), phase_of(2.0)), (phase_of(1.0), phase_of(8.0))]
    found = compute_speed_ratio(pairs)
    assert found is not None
    assert found.value == pytest.approx(4.0)
    assert (found.low, found.high) == (pytest.approx(4.0), pytest.approx(4.0))
    assert compute_speed_ratio([(phase_of(1.0), None)]) is None
    assert compute_speed_ratio([(phase_of(0.0), phase_of(1.0))]) is None
    assert compute_speed_ratio([]) is None


def test_the_interval_of_a_median_is_that_of_all_resamples():
    """Three values drawn three times: the median is the smallest in 7 of 27 ways, the largest in
    7 of 27, so that both ends are within the interval; over that of a run without spread."""
    found = compute_speed_ratio([(phase_of(1.0), phase_of(1.0, 2.0, 4.0))])
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((1.0, 2.0, 4.0))


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
    made: dict[str, Any] = json.loads(to_json(compare(a, b)))
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
    text = to_markdown(compare(results(a), results(b)))
    assert text.startswith("# Comparison of two runs\n\n- sizes: ")
    assert "## Sizes · coded bytes, smaller is better" in text
    assert "only in" not in text.lower()


def test_a_hole_in_both_runs_is_nothing_new():
    cells = [cell("xz", PROSE), broken("xz", TABLES), cell("gzip", PROSE), cell("gzip", TABLES)]
    compared = compare(results(cells), results(cells))
    assert "Means" not in titles(to_tables(compared))
    assert "1 cell not ok in either" in list(summarize(compared))

"""Exit codes and the summary."""

from itertools import combinations

import pytest
from gate_factories import TIMED, baseline, cells, changed, finding, outcome, timing

from codelength.measure.codec_workers import SILENT
from codelength.metrics.budget import Budget
from codelength_gate import outcome as gate_outcome
from codelength_gate.baseline import BaselineTiming
from codelength_gate.grid import Measured
from codelength_gate.outcome import Policy, accept
from codelength_gate.timing import Timer, TimeVerdict
from codelength_gate.verdicts import Verdict, find_over_budget
from factories import environment

EQUAL = finding(Verdict.EQUAL, "xz")
CODES = {
    Verdict.MISMATCH: 4,
    Verdict.LARGER: 1,
    Verdict.OTHER_BYTES: 1,
    Verdict.CHANGED_ROW: 1,
    Verdict.OVER_BUDGET: 1,
    Verdict.FAILED: 3,
    Verdict.VANISHED: 3,
    Verdict.GONE_ROW: 3,
    Verdict.UNRECORDED: 3,
    Verdict.CHANGED_KEY: 0,
    Verdict.SMALLER: 0,
    Verdict.DECLINED: 0,
    Verdict.EQUAL: 0,
}


def test_every_verdict_has_its_exit_code_beside_an_equal_cell():
    assert {v: outcome(finding(v), EQUAL).exit_code for v in Verdict} == CODES


def test_of_several_the_round_trip_comes_first_then_the_regression_then_what_is_missing():
    turn = [4, 1, 3, 0]
    for one, other in combinations(Verdict, 2):
        code = outcome(finding(one), finding(other), EQUAL).exit_code
        assert turn.index(code) == min(turn.index(CODES[one]), turn.index(CODES[other]))


@pytest.mark.parametrize("found", [[], [Verdict.CHANGED_KEY], [Verdict.DECLINED]])
def test_where_nothing_was_compared_nothing_is_green(found):
    made = outcome(*map(finding, found))
    assert made.exit_code == 3
    assert made.headline == "incomplete: nothing was compared"


def test_a_changed_key_blocks_only_if_asked():
    changed = (finding(Verdict.CHANGED_KEY), EQUAL)
    assert outcome(*changed).exit_code == 0
    assert outcome(*changed).headline == "ok, but 1 of 2 cells NOT COMPARED: gzip"
    assert outcome(*changed, policy=Policy(keys=True)).exit_code == 3


def test_a_slower_codec_blocks_only_if_asked():
    slower = (EQUAL, timing(TimeVerdict.SLOWER))
    assert outcome(*slower).exit_code == 0
    assert outcome(*slower, policy=Policy(time=True)).exit_code == 1


def test_a_codec_that_was_not_timed_blocks_only_if_asked():
    timed = (EQUAL, timing(TimeVerdict.AS_BEFORE), timing(TimeVerdict.NOT_TIMED))
    assert outcome(*timed).exit_code == 0
    assert outcome(*timed, policy=Policy(time=True)).exit_code == 3


@pytest.mark.parametrize("timings", [[], [timing(TimeVerdict.NOT_COMPARED)]])
def test_where_times_block_and_none_was_compared_nothing_is_green(timings):
    assert outcome(EQUAL, *timings).exit_code == 0
    assert outcome(EQUAL, *timings, policy=Policy(time=True)).exit_code == 3
    some = [*timings, timing(TimeVerdict.AS_BEFORE)]
    assert outcome(EQUAL, *some, policy=Policy(time=True)).exit_code == 0


def test_the_summary_counts_the_gravest_first():
    made = outcome(finding(Verdict.LARGER), EQUAL, EQUAL, timing(TimeVerdict.AS_BEFORE))
    assert list(made.summary()) == [
        "3 cells: 1 larger, 2 equal",
        "1 times (advisory): 1 as before",
    ]


def times(codec: str) -> BaselineTiming:
    return BaselineTiming(
        codec=codec, clock="cpu", prefix_bytes=1, contention=0.0, encode=[1.0], decode=[1.0]
    )


BEFORE = changed(baseline(cells("gzip zstd xz")), timings=[times("gzip"), times("zstd")])
ALL = "gzip zstd xz"


@pytest.mark.parametrize(
    ("codecs", "before", "wall", "timed"),
    [
        (ALL, BEFORE, "", "xz"),  # the others have times of the same cells
        ("zstd", BEFORE, "", ""),
        (ALL, None, "", ALL),
        (ALL, changed(BEFORE, cells=BEFORE.cells[1:]), "", "gzip xz"),
        ("zstd", BEFORE, "zstd", "zstd"),
        (ALL, changed(BEFORE, grid=changed(BEFORE.grid, corpora=["prose"])), "", ALL),
    ],
)
def test_an_update_times_the_codecs_that_have_no_times_of_what_they_give_now(
    monkeypatch, codecs, before, wall, timed
):
    found: list[str] = []
    measured = Measured(cells(codecs), {}, environment(), None, "")  # type: ignore[arg-type]
    monkeypatch.setattr(gate_outcome, "measure", lambda *given: measured)
    monkeypatch.setattr(Timer, "time_for_baseline", lambda self, asked, watch: found.extend(asked))
    given = (codecs.split(), BEFORE.grid, None, SILENT, True, 1.0)
    accept(*given, wall=wall.split(), before=before)  # type: ignore[arg-type]
    assert found == timed.split()


def test_a_codec_over_its_budget_is_a_regression_and_one_without_a_figure_is_incomplete():
    found = list(find_over_budget(cells("gzip zstd"), Budget(size=799)))
    assert [(f.codec, f.detail) for f in found] == [
        ("gzip", "size 800 B of 799 B"),
        ("zstd", "size 800 B of 799 B"),
    ]
    assert outcome(*found, EQUAL).exit_code == 1
    assert list(find_over_budget(cells(), Budget(size=800))) == []
    (unknown,) = find_over_budget(cells("gzip", encode=None), Budget(time=9))
    assert outcome(unknown, EQUAL).exit_code == 3


def test_times_of_another_machine_are_not_compared(monkeypatch):
    monkeypatch.setattr(gate_outcome, "timing_conditions", lambda: TIMED)
    monkeypatch.setattr(
        Timer, "compare", lambda self, timings, *rest: {t.codec: [] for t in timings}
    )
    here, elsewhere = changed(times("gzip"), on=TIMED), changed(times("zstd"), on={"python": "2"})
    before = changed(BEFORE, timings=[here, elsewhere])
    found = gate_outcome._check_times(before, Timer(None, 1.0), [EQUAL], SILENT)  # type: ignore[arg-type]
    assert found["zstd"][0].detail.startswith("processor unknown → Fast 9000; python 2 → CPython")
    assert found["gzip"][0].detail == "not all of its cells could be compared"

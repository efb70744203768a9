"""Times, invented: what is called slower, and what is put down to the machine."""

import math
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from grids import baseline, cells

from codelength.gate.baseline import Pace
from codelength.gate.rounds import Pass, Seconds, Untimed
from codelength.gate.stopwatch import ROUNDS
from codelength.gate.timing import (
    DIRECTIONS,
    PASSES,
    Tempo,
    Timer,
    judged,
    level,
    pace,
    share,
    suspicious,
)

GRID = baseline(cells("gzip")).grid


def machine(
    seed: int, busy: float = 0.0, slower: float = 1.0, part: float = 1.0, layout: float = 0.03
) -> Pass:
    """A pass on a machine whose neighbours take `busy` of the core, from 0 to 1: the references
    take up to 1.25 and 1.8 times as long, the codec as a mixture of the two with `part`. Processes
    differ by `layout`, rounds by 3%."""
    dice = random.Random(seed)
    process = math.exp(dice.gauss(0, layout))
    rounds = []
    for _ in range(ROUNDS):
        now = min(1.0, max(0.0, busy + dice.uniform(-0.15, 0.15)))
        waiting, working = 1.25**now, 1.8**now
        codec = process * waiting ** (1 - part) * working**part
        noise = [math.exp(dice.gauss(0, 0.03)) for _ in range(4)]
        rounds.append(
            Seconds(
                waiting * noise[0],
                2 * working * noise[1],
                3 * codec * slower * noise[2],
                codec * noise[3],
            )
        )
    return Pass(5000, rounds)


def busy_or_not(slower: float = 1.0, start: int = 0, part: float = 1.0) -> list[Pass]:
    """Five passes, on a machine that is idle at first and busy in the end."""
    return [machine(start + i, i / 4, slower, part) for i in range(PASSES)]


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_the_share_of_the_second_reference_is_found_by_how_both_suffer(part):
    rounds = [seconds for made in busy_or_not(part=part) for seconds in made.rounds]
    assert share(rounds, "decode") == pytest.approx(part, abs=0.2)


def test_without_a_change_in_the_machine_the_share_stays_below_one_half():
    """The noise of the first reference is in both ratios, which alone would make one half of it."""
    quiet = [seconds for i in range(PASSES) for seconds in machine(i, part=0.0).rounds]
    assert share(quiet, "encode") < 0.5


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_a_busy_neighbour_is_not_a_slower_codec(part):
    before = pace("gzip", GRID, busy_or_not(part=part))
    neighbours = [machine(100 + i, busy=1.0, part=part) for i in range(PASSES)]
    for direction in DIRECTIONS:
        assert judged(before, neighbours, direction).tempo is Tempo.AS_BEFORE
    # with the first reference alone it would be: that is what the second one is for
    plain = level(neighbours[0], "decode", 0.0) - level(machine(0, part=part), "decode", 0.0)
    assert plain == pytest.approx(part * math.log(1.8 / 1.25), abs=0.12)


def test_thirty_percent_more_time_is_told_in_the_direction_that_has_it():
    before = pace("gzip", GRID, busy_or_not())
    found = {d: judged(before, busy_or_not(1.3, 50), d) for d in DIRECTIONS}
    assert found["encode"].tempo is Tempo.SLOWER
    assert found["encode"].factor == pytest.approx(1.3, rel=0.08)
    assert found["decode"].tempo is Tempo.AS_BEFORE


def test_ten_percent_is_below_the_threshold_however_sure():
    before = pace("gzip", GRID, [machine(i, layout=0.0) for i in range(PASSES)])
    found = judged(before, [machine(9 + i, 0, 1.1, layout=0.0) for i in range(PASSES)], "encode")
    assert found.p == pytest.approx(1 / 252)
    assert found.tempo is Tempo.AS_BEFORE


def test_a_large_effect_in_passes_that_scatter_is_not_told():
    """The median is 1.3 times that of the baseline, but passes of the two are mixed up."""
    before = Pace(
        codec="gzip", clock="cpu", piece=1, mix=(0.0, 0.0),
        encode=[0.0, 0.1, 0.0, 0.5, 0.6], decode=[0.0] * 5,
    )  # fmt: skip
    levels = [0.05, 0.4, 0.37, 0.36, 0.02]
    passes = [Pass(1, [Seconds(1.0, 1.0, math.exp(x), 1.0)]) for x in levels]
    found = judged(before, passes, "encode")
    assert found.factor == pytest.approx(math.exp(0.26))
    assert found.p is not None
    assert found.p > 0.1
    assert found.tempo is Tempo.AS_BEFORE


@dataclass(frozen=True)
class Canned(Timer):
    """Gives passes that were made before instead of timing anything."""

    passes: list[Pass] = field(default_factory=list)

    def timed(self, offer: Any, piece: int | None) -> Pass:
        if not self.passes:
            raise Untimed("its process died of SIGSEGV")
        return self.passes.pop(0)


class Everything:
    """A measured grid, as far as a timer looks at it."""

    plan = property(lambda self: self)
    plugins = property(lambda self: self)

    def codec(self, spec: str) -> str:
        return spec


def canned(passes: list[Pass]) -> Canned:
    return Canned(GRID, Everything(), 1.0, passes)  # type: ignore[arg-type]


def test_a_codec_as_fast_as_before_is_timed_once():
    before, passes = pace("gzip", GRID, busy_or_not()), busy_or_not(start=20)
    timings = canned(passes).against(before)
    assert len(passes) == PASSES - 1
    assert [timing.passes for timing in timings] == [1, 1]


def test_one_bad_pass_costs_more_passes_and_is_no_alarm():
    before = pace("gzip", GRID, busy_or_not())
    passes = [machine(1, slower=1.5), *busy_or_not(start=20)]
    timings = canned(passes).against(before)
    assert timings[0].tempo is Tempo.AS_BEFORE
    assert 1 < timings[0].passes <= PASSES


def test_a_slower_codec_is_timed_as_often_as_the_baseline_was():
    before, passes = pace("gzip", GRID, busy_or_not()), busy_or_not(1.3, 20)
    assert suspicious(before, passes[:1])
    timings = canned(passes).against(before)
    assert [timing.tempo for timing in timings] == [Tempo.SLOWER, Tempo.AS_BEFORE]
    assert passes == []


def test_a_codec_that_cannot_be_timed_says_why():
    timings = canned([]).against(pace("gzip", GRID, busy_or_not()))
    assert {timing.tempo for timing in timings} == {Tempo.NOT_TIMED}
    assert timings[0].detail == "its process died of SIGSEGV"


def test_in_a_hundred_gates_of_the_same_codec_and_of_a_slower_one_the_odds_are_kept():
    """The law of `machine`, on which the experiment in reports/gate is the check."""
    alarms = caught = 0
    for gate in range(100):
        seed = 1000 * gate
        before = pace("gzip", GRID, busy_or_not(start=seed))
        alarms += Tempo.SLOWER in [
            t.tempo for t in canned(busy_or_not(start=seed + 100)).against(before)
        ]
        found = canned(busy_or_not(1.3, seed + 200)).against(before)
        caught += found[0].tempo is Tempo.SLOWER
    assert alarms <= 2
    assert caught >= 95

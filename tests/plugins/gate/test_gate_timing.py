"""Simulated times: what is called slower, and what is put down to the machine."""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from codelength.measure.codec_workers import Watch
from codelength_gate.baseline import BaselineTiming
from codelength_gate.stopwatch import ROUNDS, Pass, Round
from codelength_gate.timing import (
    DIRECTIONS,
    FEWEST,
    PASSES,
    TRIES,
    TimeFinding,
    Timer,
    TimeVerdict,
    TimingError,
    compare_direction,
    compare_passes,
    mann_whitney,
    quiet_contention,
    quiet_rounds,
    to_baseline_timing,
)
from factories import cell

QUIET = math.log(2)
"""How the second reference of `machine` stands to the first, without a neighbour."""


def machine(
    seed: int,
    busy: float = 0.0,
    slower: float = 1.0,
    suffers: float = 1.8,
    layout: float = 0.03,
    noise: float = 0.03,
) -> Pass:
    """A pass on a machine whose neighbour is there for a share of the rounds, `busy`. It makes the
    references take 1.25 and 1.6 times as long and the codec `suffers` times. Processes differ by
    `layout`, rounds by `noise`."""
    dice = random.Random(seed)
    process = math.exp(dice.gauss(0, layout))
    rounds = []
    for _ in range(ROUNDS):
        beside = dice.random() < busy
        codec = process * (suffers if beside else 1.0)
        noises = [math.exp(dice.gauss(0, noise)) for _ in range(4)]
        rounds.append(
            Round(
                deflate=(1.25 if beside else 1.0) * noises[0],
                encode=3 * codec * slower * noises[1],
                bytecode=2 * (1.6 if beside else 1.0) * noises[2],
                decode=codec * noises[3],
            )
        )
    return Pass(5000, rounds)


def day(start: int, slower: float = 1.0, suffers: float = 1.8) -> Iterator[Pass]:
    """Passes on a machine that is quiet at one time and has a neighbour at another."""
    for i in range(TRIES):
        yield machine(start + i, (0.0, 0.3, 0.9, 0.5, 0.1)[i % 5], slower, suffers)


def made(passes: Iterable[Pass]) -> BaselineTiming:
    """A baseline of as many passes as count, as they come."""
    mine: list[Pass] = []
    for one in passes:
        if len(quiet_rounds(mine, quiet_contention([mine]))) == PASSES:
            break
        mine.append(one)
    return to_baseline_timing("gzip", "cpu", mine, quiet_contention([mine]))


def test_the_undisturbed_state_is_found_where_a_neighbour_is_there_half_the_time():
    passes = [machine(i, busy=0.5) for i in range(PASSES)]
    assert quiet_contention([passes]) == pytest.approx(QUIET, abs=0.06)


def test_rounds_beside_a_neighbour_do_not_count():
    mixed = machine(1, busy=0.5)
    quiet = [s for s in mixed.rounds if s.is_quiet(QUIET)]
    assert quiet == [s for s in mixed.rounds if s.decode < 1.4]
    assert 0 < len(quiet) < ROUNDS


def test_a_pass_of_which_few_rounds_count_does_not():
    passes = [machine(i, busy=busy, noise=0.0) for i, busy in enumerate((0.0, 0.95, 0.4))]
    quiet = [sum(s.deflate == 1.0 for s in one.rounds) for one in passes]
    assert quiet[0] == ROUNDS
    assert quiet[1] < FEWEST <= quiet[2]
    assert [len(rounds) for rounds in quiet_rounds(passes, QUIET)] == [quiet[0], quiet[2]]


@pytest.mark.parametrize("suffers", [1.0, 1.25, 1.6, 2.2])
def test_a_busy_neighbour_is_not_a_slower_codec_whatever_it_does_to_it(suffers):
    before = made(machine(i, suffers=suffers) for i in range(PASSES))
    passes = [machine(100 + i, 0.6, suffers=suffers) for i in range(PASSES)]
    for direction in DIRECTIONS:
        found = compare_direction(before, quiet_rounds(passes, before.contention), direction)
        assert found.factor == pytest.approx(1.0, abs=0.08)
        assert found.verdict is TimeVerdict.AS_BEFORE


def test_another_clock_rate_changes_nothing():
    before = made(machine(i) for i in range(PASSES))
    slow = [
        Pass(
            one.prefix_bytes,
            [
                Round(*(1.4 * x for x in (r.deflate, r.encode, r.bytecode, r.decode)))
                for r in one.rounds
            ],
        )
        for one in (machine(50 + i) for i in range(PASSES))
    ]
    found = compare_direction(before, quiet_rounds(slow, before.contention), "encode")
    assert found.factor == pytest.approx(1, abs=0.06)


def test_thirty_percent_more_time_is_told_in_the_direction_that_has_it():
    before = made(day(0))
    passes = quiet_rounds(day(50, slower=1.3), before.contention)[:PASSES]
    encode, decode = (compare_direction(before, passes, direction) for direction in DIRECTIONS)
    assert encode.verdict is TimeVerdict.SLOWER
    assert encode.factor == pytest.approx(1.3, rel=0.08)
    assert decode.verdict is TimeVerdict.AS_BEFORE


def test_ten_percent_is_below_the_threshold_however_sure():
    before = made(machine(i, layout=0.0) for i in range(PASSES))
    passes = [machine(9 + i, slower=1.1, layout=0.0).rounds for i in range(PASSES)]
    found = compare_direction(before, passes, "encode")
    assert found.p == pytest.approx(1 / 252)
    assert found.verdict is TimeVerdict.AS_BEFORE


def test_a_large_effect_in_passes_that_scatter_is_not_told():
    """The median is 1.3 times that of the baseline, but passes of the two are mixed up."""
    before = BaselineTiming(
        codec="gzip", clock="cpu", prefix_bytes=1, contention=0.0,
        encode=[0.0, 0.1, 0.0, 0.5, 0.6], decode=[0.0] * 5,
    )  # fmt: skip
    levels = [0.05, 0.4, 0.37, 0.36, 0.02]
    passes = [[Round(1.0, math.exp(x), 1.0, 1.0)] for x in levels]
    found = compare_direction(before, passes, "encode")
    assert found.factor == pytest.approx(math.exp(0.36 - 0.1))
    assert found.p is not None
    assert found.p > 0.1
    assert found.verdict is TimeVerdict.AS_BEFORE


@dataclass(frozen=True)
class Canned(Timer):
    """Gives passes that were made before instead of timing anything, and does not rest."""

    passes: list[Pass] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)

    def make_pass(self, codec: str, prefix_bytes: int | None, contention: float | None) -> Pass:
        if not self.passes:
            raise TimingError("its process died of SIGSEGV")
        return self.passes.pop(0)

    def wait(self, seconds: float) -> None:
        self.rests.append(seconds)


def canned(passes: Iterable[Pass]) -> Canned:
    """A timer of gzip that will find these."""
    offer = SimpleNamespace(item=SimpleNamespace(spec="gzip"))
    plugins = SimpleNamespace(codec=lambda spec: offer)
    measured = SimpleNamespace(
        plan=SimpleNamespace(plugins=plugins, codecs=[offer]), cells=[cell("gzip")]
    )
    return Canned(measured, 1.0, (), list(passes))  # type: ignore[arg-type]


def against(timer: Timer, before: BaselineTiming, until: float = math.inf) -> list[TimeFinding]:
    """The times of gzip."""
    return timer.compare([before], Watch(), until)["gzip"]


def test_a_codec_as_fast_as_before_is_timed_once():
    timer = canned(machine(20 + i) for i in range(PASSES))
    timings = against(timer, made(day(0)))
    assert len(timer.passes) == PASSES - 1
    assert [timing.passes for timing in timings] == [1, 1]


def test_one_bad_pass_costs_more_passes_and_is_no_alarm():
    timer = canned([machine(1, slower=1.5), *(machine(20 + i) for i in range(PASSES))])
    timings = against(timer, made(day(0)))
    assert timings[0].verdict is TimeVerdict.AS_BEFORE
    assert 1 < timings[0].passes <= PASSES


def test_a_slower_codec_is_timed_until_as_many_passes_count_as_in_the_baseline():
    timer = canned(day(50, slower=1.3))
    timings = against(timer, made(day(0)))
    assert [timing.verdict for timing in timings] == [TimeVerdict.SLOWER, TimeVerdict.AS_BEFORE]
    assert timings[0].passes == PASSES
    assert len(timer.passes) < TRIES - PASSES  # some did not count


def test_on_a_machine_that_is_never_as_quiet_nothing_is_compared():
    timer = canned(machine(i, busy=1.0) for i in range(TRIES + 1))
    timings = against(timer, made(machine(i) for i in range(PASSES)))
    assert {timing.verdict for timing in timings} == {TimeVerdict.NOT_COMPARED}
    assert "never as quiet as when the baseline was made" in timings[0].detail
    assert len(timer.passes) == 1


def test_a_codec_that_looks_slower_when_time_is_over_is_not_judged():
    timings = compare_passes(made(day(0)), [machine(50, slower=1.3)])
    assert {timing.verdict for timing in timings} == {TimeVerdict.NOT_COMPARED}
    assert "too busy to be sure" in timings[0].detail


def test_a_codec_that_time_is_over_for_is_not_timed_at_all():
    timer = canned(day(50))
    timings = against(timer, made(day(0)), until=-math.inf)
    assert {timing.verdict for timing in timings} == {TimeVerdict.NOT_COMPARED}
    assert "there was no time left to time it" in timings[0].detail
    assert len(timer.passes) == TRIES


def test_all_are_timed_once_before_any_is_timed_again():
    first, second = made(day(0)), replace(made(day(0)), codec="xz")
    slow = [machine(60 + i, slower=1.3) for i in range(PASSES)]
    timer = canned([slow[0], machine(20), *slow[1:]])
    found = timer.compare([first, second], Watch(), math.inf)
    verdicts = {codec: [timing.verdict for timing in timings] for codec, timings in found.items()}
    assert verdicts["gzip"] == [TimeVerdict.SLOWER, TimeVerdict.AS_BEFORE]
    assert verdicts["xz"] == [TimeVerdict.AS_BEFORE] * 2
    assert not timer.passes


def test_a_codec_that_cannot_be_timed_says_why():
    timings = against(canned([]), made(day(0)))
    assert {timing.verdict for timing in timings} == {TimeVerdict.NOT_TIMED}
    assert timings[0].detail == "its process died of SIGSEGV"
    with pytest.raises(TimingError, match="gzip cannot be timed: its process died of SIGSEGV"):
        canned([]).time_for_baseline(["gzip"], Watch())


def test_a_baseline_begun_beside_a_neighbour_goes_on_until_it_is_gone():
    """Nobody can know that the first passes are disturbed, until others are not."""
    begun = [machine(i, busy=1.0) for i in range(4)]
    timer = canned([*begun, *(machine(10 + i) for i in range(TRIES))])
    (found,) = timer.time_for_baseline(["gzip"], Watch())
    assert found.contention == pytest.approx(QUIET, abs=0.08)
    assert len(found.encode) == PASSES
    assert max(abs(x - math.log(3 / math.sqrt(2))) for x in found.encode) < 0.1
    assert len(timer.rests) == len(begun) + PASSES
    assert timer.rests[-1] > 4


def test_on_a_machine_that_is_hardly_ever_quiet_a_baseline_is_made_in_its_usual_state():
    timer = canned(machine(i, busy=0.8) for i in range(TRIES))
    (found,) = timer.time_for_baseline(["gzip"], Watch())
    assert found.contention == pytest.approx(math.log(2 * 1.6 / 1.25), abs=0.08)
    assert len(found.encode) >= PASSES


def test_a_machine_in_another_state_at_each_moment_makes_no_baseline():
    wild = [machine(i, busy=0.5, noise=1.5) for i in range(TRIES)]
    with pytest.raises(TimingError, match="of 10 passes were undisturbed; update when"):
        canned(wild).time_for_baseline(["gzip"], Watch())


def test_in_a_hundred_gates_of_the_same_codec_and_of_a_slower_one_the_odds_are_kept():
    """On the simulated machine of `day`; reports/gate has the experiment on a real one."""
    alarms = caught = 0
    for gate in range(100):
        seed = 1000 * gate
        before = made(day(seed))
        found = against(canned(day(seed + 100)), before)
        alarms += TimeVerdict.SLOWER in [timing.verdict for timing in found]
        found = against(canned(day(seed + 200, slower=1.3)), before)
        caught += found[0].verdict is TimeVerdict.SLOWER
    assert alarms <= 2
    assert caught >= 95


def by_enumeration(these: list[float], those: list[float]) -> float:
    """The same share by dealing the pooled values out in every way."""
    pool = these + those
    wins = sum(a > b for a in these for b in those)
    deals = list(combinations(range(len(pool)), len(these)))
    as_far = 0
    for chosen in deals:
        mine = [pool[i] for i in chosen]
        rest = [pool[i] for i in range(len(pool)) if i not in chosen]
        as_far += sum(a > b for a in mine for b in rest) >= wins
    return as_far / len(deals)


@pytest.mark.parametrize(
    ("these", "those"),
    [
        ([6.0, 7.0, 8.0, 9.0, 10.0], [1.0, 2.0, 3.0, 4.0, 5.0]),
        ([3.0, 9.0, 4.0], [1.0, 2.0, 5.0, 6.0]),
        ([1.0], [2.0, 3.0]),
        ([5.0, 1.0, 4.0, 2.0], [3.0]),
    ],
)
def test_the_share_is_that_of_all_deals(these, those):
    assert mann_whitney(these, those) == pytest.approx(by_enumeration(these, those))


def test_five_above_five_is_one_deal_in_252_and_one_pair_lost_is_two():
    """Mann and Whitney (1947), table I: n = m = 5, U = 0 and U = 1: .004 and .008."""
    assert mann_whitney([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]) == pytest.approx(1 / 252)
    assert mann_whitney([5, 7, 8, 9, 10], [1, 2, 3, 4, 6]) == pytest.approx(2 / 252)


def test_a_tie_counts_against_the_alarm():
    assert mann_whitney([5, 5, 5], [5, 5, 5]) == 1.0


def test_a_codec_without_times_to_compare_is_timed_once_for_the_history():
    timer = canned([machine(1), machine(2)])
    (encode, decode) = timer.record({"gzip": []}, Watch())["gzip"]
    assert (encode.verdict, encode.factor) == (TimeVerdict.NOT_COMPARED, None)
    assert encode.time == pytest.approx(3 / math.sqrt(2), rel=0.1)
    assert decode.time == pytest.approx(1 / math.sqrt(2), rel=0.1)
    assert len(timer.passes) == 1
    assert timer.record({"gzip": [encode, decode]}, Watch()) == {}
    (failed, _) = canned([]).record({"gzip": []}, Watch())["gzip"]
    assert failed.verdict is TimeVerdict.NOT_TIMED

"""What stands on the screen while something long goes on."""

import time
from io import StringIO

import pytest

from codelength.report import progress
from codelength.report.progress import Live, Meter, TimeToGo
from factories import cell, corpus_slice


class Clock:
    """A clock that tests set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_meter_says_the_share_and_the_time_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    meter = Meter(stream := Terminal())
    meter.now("reading", 0.2)
    clock.now += 10
    meter.now("reading", 0.4)
    assert stream.getvalue() == "\rreading 40 %, 30 s to go\033[K"
    clock.now += 20
    meter.now("scoring", 0.1)  # another task: its speed is not known yet
    assert stream.getvalue().endswith("\rscoring 10 %\033[K")


def test_a_meter_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    with Meter(stream := StringIO()) as meter:
        meter.now("one long batch")
        end = time.monotonic() + 60
        while stream.getvalue().count("one long batch\n") < 2 and time.monotonic() < end:
            time.sleep(0.1)
        assert stream.getvalue().count("one long batch\n") >= 2


def test_within_a_batch_the_time_that_a_cell_has_had_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, of = Clock(monkeypatch), corpus_slice("a", 1000)
    forecast = TimeToGo()
    forecast.expected = {cell("gzip", of).key: 10.0}
    forecast.begin(1)
    forecast.started("gzip", of, decode=False)
    assert forecast.share == 0
    clock.now += 4
    assert forecast.share == pytest.approx(0.4)
    clock.now += 400
    assert forecast.share == pytest.approx(0.95)  # never done before it is
    forecast.started("gzip", of, decode=True)
    forecast.running[cell("gzip", of).key].done = 960
    assert forecast.share == pytest.approx(0.98)


def test_the_live_ranking_is_of_the_same_bytes_for_all() -> None:
    """A codec that is not through with all of it, and one that had a sample only."""
    live = Live(StringIO())
    live.begin(10)
    sample = corpus_slice("a", 1000, limit="sample:1000")
    whole = corpus_slice("a", 9000)
    for codec, coded in {"xz": 300, "gzip": 400, "slow": 200}.items():
        live.finished(cell(codec, sample, coded), reused=False)
        if codec != "slow":
            live.finished(cell(codec, whole, 10 * coded), reused=False)
    head, *ranked = str(live._draw()).splitlines()[:4]
    assert head == "smallest so far, of 3 codecs on 1 corpus alike"
    assert [line.split() for line in ranked] == [
        ["20.00", "%", "slow"],
        ["30.00", "%", "xz"],
        ["40.00", "%", "gzip"],
    ]

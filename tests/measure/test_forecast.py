"""What a run is expected to take, and how a budget is kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from codelength.api.errors import UsageError
from codelength.api.sampling import sample_size
from codelength.cli import cli
from codelength.cli.planned import PlannedPage
from codelength.measure.forecast import Forecast, choose_again, expect, fit, order
from codelength.measure.job import Limits
from codelength.measure.plan import Plan, Target
from codelength.plugins import Plugins
from codelength.report.progress import TimeToGo as Clock
from codelength.results.cell import CellKey
from factories import broken, cell, corpus_slice

MB = 10**6


@pytest.fixture
def forecast() -> Forecast:
    """A codec of 1 MB/s and one of 1 kB/s in both directions, on 10 MB and 1 MB of text."""
    plugins = Plugins()
    slices = [corpus_slice("large", 10 * MB), corpus_slice("small", MB)]
    codecs = [plugins.codec("xz"), plugins.codec("gzip"), plugins.codec("store")]
    rates = {("xz:preset=9e", "text"): (1e-3, 1e-3), ("gzip:level=9", "text"): (1e-6, 1e-6)}
    return Forecast(Plan(plugins, codecs, [Target(of, ()) for of in slices]), rates)


def test_a_cell_takes_its_repetitions_too() -> None:
    assert expect((1e-6, 1e-6), 10 * MB) == pytest.approx(20)  # once: it takes long enough
    assert expect((1e-6, 0), MB // 10) == pytest.approx(0.5)  # five times a tenth of a second
    assert expect((1e-6, 0), MB // 4) == pytest.approx(0.75)  # until half a second is spent


def test_quick_codecs_and_small_corpora_come_first(forecast: Forecast) -> None:
    plan = order(forecast)
    assert [entry.item.name for entry in plan.codecs] == ["store", "gzip", "xz"]
    assert [target.slice.corpus for target in plan.targets] == ["small", "large"]


def test_the_plan_is_a_line_with_the_slowest_codec(forecast: Forecast) -> None:
    page = PlannedPage(forecast, 1, Limits())
    assert page.summary == (
        "3 codecs × 11.0 MB: about 6 h 7 min, of which xz:preset=9e 6 h 7 min; "
        "failed in a trial: store"
    )
    assert page.records.rows[-1] == ("xz:preset=9e", 2, 11 * MB, 22_000.0)


def test_a_budget_gives_all_codecs_a_sample_and_everything_to_those_that_have_the_time(
    forecast: Forecast,
) -> None:
    limit, within = fit(forecast, 3600, 1)
    size = sample_size(limit)
    assert size
    cells = [(rates, min(size, target.slice.bytes)) for _, rates, target in forecast.known()]
    assert 1100 < sum(expect(*one) for one in cells) <= 1200  # a third, for the sample
    assert within == 2000  # all of gzip, which takes 22 s, and the small corpus of xz
    assert fit(forecast, 10**6, 1) == (None, None)
    with pytest.raises(UsageError, match="2,000 bytes of each corpus take about 8 s"):
        fit(forecast, 1, 1)


def test_the_time_to_go_falls_as_cells_are_finished() -> None:
    clock = Clock()
    cells = [cell("a", corpus_slice(name)) for name in ("x", "y", "z")]
    clock.expected = {one.key: 10.0 for one in cells}
    clock.begin(3)
    assert clock.left() == 30
    clock.started("a", cells[0].slice, decode=False)
    clock.finished(cells[0], reused=False)  # at once: the others will be quicker, too
    assert clock.left() < 20
    clock.finished(cells[1], reused=True)
    assert clock.share == 0.5
    clock.finished(broken("a", cells[2].slice), reused=False)
    assert clock.share == 1
    assert clock.left() is None


def test_a_dry_run_measures_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["run", "--codecs", "store", "--corpora", "zeros", "--dry-run"]
    done = CliRunner().invoke(cli, [*arguments, "--json", "-"], catch_exceptions=False)
    found = json.loads(done.stdout)
    assert found["summary"].startswith("1 codec × ")
    (one,) = found["jobs"]
    assert CellKey(one["codec"], one["corpus"], one["protocol"], None).codec == "store"
    assert one["seconds"] > 0
    assert not list(tmp_path.iterdir())


def test_what_is_not_known_is_not_called_a_sample(forecast: Forecast) -> None:
    targets = [*forecast.plan.targets, Target(corpus_slice("pictures", MB, kind="image"), ())]
    page = PlannedPage(replace(forecast, plan=replace(forecast.plan, targets=targets)), 1, Limits())
    assert "on samples" not in page.summary
    assert page.summary.endswith("; time not known for all: gzip:level=9, xz:preset=9e")


def test_the_line_of_a_plan_names_a_few_codecs_and_counts_many(forecast: Forecast) -> None:
    many = [forecast.plan.plugins.codec(f"zstd:level={level}") for level in range(1, 8)]
    page = PlannedPage(replace(forecast, plan=replace(forecast.plan, codecs=many)), 1, Limits())
    assert page.summary.endswith("; failed in a trial: 7 codecs")


def test_a_picture_with_long_rows_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows, width = 4, 3000  # the first 2,000 bytes are no row
    Path("wide.pgm").write_bytes(b"P5 %d %d 255\n" % (width, rows) + bytes(rows * width))
    arguments = ["run", "--codecs", "store", "--corpora", "path:wide.pgm,view=decoded", "--dry-run"]
    done = CliRunner().invoke(cli, [*arguments, "--json", "-"], catch_exceptions=False)
    (one,) = json.loads(done.stdout)["jobs"]
    assert one["seconds"] > 0


def test_no_sample_is_taken_for_codecs_that_are_all_quick(forecast: Forecast) -> None:
    quick = dict.fromkeys(forecast.rates, (1e-09, 1e-09)) | {("store", "text"): (1e-9, 1e-9)}
    of_samples = replace(forecast, plan=replace(forecast.plan, within=3600.0))
    assert choose_again(of_samples, None, 1) is None  # xz takes hours, and store has failed
    assert choose_again(replace(of_samples, rates=quick), None, 1) == (None, None)
    assert choose_again(replace(forecast, rates=quick), None, 1) is None  # it has no samples

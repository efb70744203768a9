"""How long a run will take: each codec is tried on a little of each kind of media."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import UsageError
from codelength.api.protocol import Protocol
from codelength.api.sampling import SAMPLED, Limit
from codelength.coding import device
from codelength.measure.bench import Bench
from codelength.measure.codec_workers import SILENT, Watch
from codelength.measure.job import Job, Limits
from codelength.measure.plan import Plan, Target, survey
from codelength.measure.worker import BATCH_BYTES, ENOUGH, REPETITIONS
from codelength.plugins import Registered
from codelength.results.cell import CellKey, CorpusSlice, Phase
from codelength.workers.supervisor import Crew

TRIALS = (2_000, 50_000, 1_000_000)
"""Bytes that are tried, one after the other, as long as a codec is quick."""

QUICK = 0.15
"""Seconds of a trial up to which a longer one says more."""

SAMPLING = 1 / 3
"""The share of a budget for a sample that all codecs meet; the rest is for all of the data."""

Rates = Mapping[tuple[str, str], tuple[float, float]]
"""Codec and kind of media → seconds for each raw byte, to encode and to decode."""


@dataclass(frozen=True)
class Forecast:
    """What was found out before a run."""

    plan: Plan
    rates: Rates

    @property
    def seconds(self) -> dict[CellKey, float]:
        """What each cell is expected to take; nothing for codecs that failed in a trial."""
        within = self.plan.within or math.inf
        return {
            CellKey(codec, *target.slice.key): expect(rates, target.slice.bytes)
            for codec, rates, target in self.known()
            if sum(rates) * target.slice.bytes <= within or not self.plan.sample_of(target)
        }

    @property
    def needs_no_sample(self) -> bool:
        """Whether every codec is expected to measure everything in the time that it may take."""
        every = {key for key in self.plan.keys if key.limit is None}
        return every <= self.seconds.keys()

    def by_codec(self) -> dict[str, float]:
        """Codec → seconds, the quickest first."""
        found = dict.fromkeys((entry.item.spec for entry in self.plan.codecs), 0.0)
        for key, seconds in self.seconds.items():
            found[key.codec] += seconds
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def known(self) -> Iterator[tuple[str, tuple[float, float], Target]]:
        """Every cell of which there is a trial, with its seconds a byte."""
        for entry, target in self.plan.cells:
            rates = self.rates.get((entry.item.spec, target.slice.kind))
            if rates and not target.problem:
                yield entry.item.spec, rates, target


def order(forecast: Forecast) -> Plan:
    """Return the plan with the quickest codecs first, and small corpora before large ones."""
    times = list(forecast.by_codec())
    codecs = sorted(forecast.plan.codecs, key=lambda entry: times.index(entry.item.spec))
    targets = sorted(forecast.plan.targets, key=lambda target: target.slice.bytes)
    return replace(forecast.plan, codecs=codecs, targets=targets, expected=forecast.seconds)


def expect(rates: tuple[float, float], size: float) -> float:
    """Return the seconds that a cell of so many bytes takes with all its repetitions."""
    total = 0.0
    for rate in rates:
        batches = max(1.0, size / BATCH_BYTES)
        once = rate * size / batches
        total += batches * (once if once >= ENOUGH else min(REPETITIONS * once, once + ENOUGH))
    return total


def make_forecast(
    plan: Plan,
    corpora: Sequence[Registered[Corpus]],
    protocols: Sequence[Registered[Protocol]],
    limits: Limits,
    watch: Watch = SILENT,
) -> Forecast:
    """Try each codec on a corpus of each kind, a codec a core. What fails is not forecast."""
    firsts = {t.slice.kind: t.slice for t in reversed(plan.targets) if not t.problem}
    names = {of.corpus for of in firsts.values()}
    entries = [entry for entry in corpora if entry.item.spec in names]
    trials = [survey(entries, protocols[:1], size, lambda _: None) for size in TRIALS]
    by_kind = {
        kind: [t.slice for found in trials for t in found if t.slice.corpus == of.corpus]
        for kind, of in firsts.items()
    }
    crew = Crew()

    def serve(entry: Registered[Codec]) -> dict[tuple[str, str], tuple[float, float]]:
        found = {}
        with Bench(crew, device=device.chosen()) as bench:
            for kind, slices in by_kind.items():
                rates = _try(bench, [plan.job(entry, of, limits) for of in slices])
                if rates:
                    found[entry.item.spec, kind] = rates
        return found

    rates: dict[tuple[str, str], tuple[float, float]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for number, found in enumerate(pool.map(serve, plan.codecs)):
                rates |= found
                many = f"{number + 1} of {len(plan.codecs)}"
                watch.timing(f"trying each codec on a little of each kind of media: {many}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            crew.stop()
            raise
    return Forecast(plan, rates)


def _try(bench: Bench, jobs: Sequence[Job]) -> tuple[float, float] | None:
    """Measure ever more bytes until it takes a while; the rates of the last trial."""
    found = None
    for job in jobs:
        if not job.slice.bytes:  # the first row of a picture is longer
            continue
        cell = bench.measure(job).cell
        if not cell.ok or cell.encode is None or cell.decode is None:
            return found
        found = (_once(cell.encode, cell.slice), _once(cell.decode, cell.slice))
        if max(found) * cell.slice.bytes > QUICK:
            break
    return found


def _once(phase: Phase, of: CorpusSlice) -> float:
    return sum(min(batch) for batch in phase.wall) / of.bytes


def choose_again(
    forecast: Forecast, budget: float | None, jobs: int
) -> tuple[Limit, float | None] | None:
    """Return a better limit, and what a cell of all may take, than those of the plan, if any.

    Of a plan with samples for slow codecs that has no slow codec, it is everything.
    """
    if budget:
        return fit(forecast, budget, jobs)
    return (None, None) if forecast.plan.within and forecast.needs_no_sample else None


def fit(forecast: Forecast, budget: float, jobs: int) -> tuple[Limit, float | None]:
    """Return the limit and what a cell of all may take, so that a run takes about `budget` seconds.

    A part of the time is for a sample that all codecs meet; the rest is for all of the corpora, the
    cheapest cells first.

    Args:
        forecast: Of a plan of all bytes.
        budget: Seconds.
        jobs: Codecs that are measured at once.

    Raises:
        UsageError: Not even a little of each corpus fits.
    """
    cells = [(rates, target.slice.bytes) for _, rates, target in forecast.known()]

    def total(size: float) -> float:
        """Seconds of all samples of so many bytes."""
        return sum(expect(rates, min(size, has)) for rates, has in cells) / jobs

    low, high = float(TRIALS[0]), float(max((size for _, size in cells), default=0))
    if total(high) <= budget:
        return None, None
    if total(low) > budget:
        raise UsageError(
            f"{budget:.0f} s are not enough: {TRIALS[0]:,} bytes of each corpus take about "
            f"{total(low):.0f} s; name fewer codecs, as in --codecs @fast"
        )
    while high > 1.02 * low:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if total(middle) <= SAMPLING * budget else (low, middle)
    left, within = (budget - total(low)) * jobs, 0.0
    for once, seconds in sorted((sum(r) * has, expect(r, has)) for r, has in cells if has > low):
        left -= seconds
        if left < 0:
            break
        within = once
    return f"{SAMPLED}{int(low)}", within

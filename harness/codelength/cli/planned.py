"""The page of a run that is not made: what would be measured, and how long it would take."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codelength.report import format
from codelength.report.page import Records, Section
from codelength.report.progress import duration
from codelength.report.table import Column, Table

if TYPE_CHECKING:
    from codelength.measure.forecast import Forecast
    from codelength.measure.job import Limits

HEADS = ("codec", "cells", "bytes", "seconds")
FEW = 5
"""Codecs that the line of a plan names."""


@dataclass(frozen=True)
class PlannedPage:
    """The codecs of a plan, the quickest first."""

    forecast: "Forecast"
    jobs: int
    limits: "Limits"
    title: str = "Plan"

    @property
    def summary(self) -> str:
        """`28 codecs × 361 MB: about 9 h, of which mix 3 h`."""
        times = self.forecast.by_codec()
        corpora = {target.slice.key[:2]: target.slice for target in self.forecast.plan.targets}
        sizes = sum(of.bytes for of in corpora.values())  # all of a corpus stands behind a sample
        line = f"{format.plural(len(times), 'codec')} × {format.size(sizes)}"
        line += f": about {duration(sum(times.values()) / self.jobs)}"
        if len(times) > 1:
            slowest = list(times)[-1]
            line += f", of which {slowest} {duration(times[slowest] / self.jobs)}"
        every = sum(not target.problem for target in self.forecast.plan.targets)
        known = Counter(codec for codec, _, _ in self.forecast.known())
        slow = [codec for codec, cells, _, _ in self.codecs if cells < known[codec]]
        unknown = [codec for codec in times if not known[codec]]
        partly = [codec for codec in times if 0 < known[codec] < every]
        line += f"; on samples, at least in part: {_names(slow)}" if slow else ""
        line += f"; failed in a trial: {_names(unknown)}" if unknown else ""
        return line + (f"; time not known for all: {_names(partly)}" if partly else "")

    @cached_property
    def codecs(self) -> list[tuple[str, int, int, float]]:
        """The codecs, the quickest first, with their cells, bytes and seconds."""
        sizes = {target.slice.key: target.slice.bytes for target in self.forecast.plan.targets}
        cells: dict[str, list[int]] = {}
        for key in self.forecast.seconds:
            cells.setdefault(key.codec, []).append(sizes[key.slice])
        times = self.forecast.by_codec().items()
        known = [(codec, cells.get(codec, []), seconds) for codec, seconds in times]
        return [(codec, len(of), sum(of), seconds) for codec, of, seconds in known]

    @property
    def records(self) -> Records:
        """A line for each codec."""
        return Records(HEADS, [(c, n, size, round(s, 2)) for c, n, size, s in self.codecs])

    @property
    def first(self) -> list[Section]:
        """The codecs with their times, and what each corpus has."""
        rows = [
            [codec, str(cells), format.count(size), duration(seconds) if seconds else format.NA]
            for codec, cells, size, seconds in self.codecs[::-1]
        ]
        codecs = [Column("codec", "left"), Column("cells"), Column("bytes"), Column("about")]
        slices = [target.slice for target in self.forecast.plan.targets]
        corpora = [
            [s.corpus, format.protocol(s), s.kind, format.count(s.samples), format.count(s.bytes)]
            for s in slices
        ]
        heads = [Column("corpus", "left"), Column("protocol", "left"), Column("kind", "left")]
        heads += [Column("samples"), Column("bytes")]
        return [Table("Corpora", heads, corpora), Table("Codecs", codecs, rows)]

    @property
    def details(self) -> list[Section]:
        """Nothing more."""
        return []

    @property
    def document(self) -> dict[str, object]:
        """The same as data."""
        plan = [dict(zip(HEADS, row, strict=True)) for row in self.records.rows]
        expected = self.forecast.seconds
        known = {key.codec for key in expected}
        jobs = [
            {
                **job.key._asdict(),
                "bytes": job.slice.bytes,
                "digest": job.slice.digest,
                "seconds": float(f"{expected[job.key]:.3g}") if job.key in expected else None,
                **job.resources._asdict(),
            }
            for job, _ in self.forecast.plan.jobs(self.limits)
            if job.key in expected or job.key.codec not in known
        ]
        return {"title": self.title, "summary": self.summary, "plan": plan, "jobs": jobs}


def _names(codecs: list[str]) -> str:
    """A few names; of many, how many they are: `--dry-run` has a table of them."""
    return ", ".join(codecs) if len(codecs) <= FEW else f"{len(codecs)} codecs"

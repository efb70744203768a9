"""The page of a run that is not made: what would be measured, and how long it would take."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codelength.cli.progress import duration
from codelength.report import format
from codelength.report.page import Records, Section
from codelength.report.table import Column, Table

if TYPE_CHECKING:
    from codelength.measure.forecast import Forecast

HEADS = ("codec", "cells", "bytes", "seconds")


@dataclass(frozen=True)
class PlannedPage:
    """The codecs of a plan, the quickest first."""

    forecast: "Forecast"
    jobs: int
    title: str = "Plan"

    @property
    def summary(self) -> str:
        """`28 codecs × 361 MB: about 9 h, of which mix 3 h`."""
        times = self.forecast.by_codec()
        sizes = sum(target.slice.bytes for target in self.forecast.plan.targets)
        line = f"{format.plural(len(times), 'codec')} × {format.size(sizes)}"
        line += f": about {duration(sum(times.values()) / self.jobs)}"
        if len(times) > 1:
            slowest = list(times)[-1]
            line += f", of which {slowest} {duration(times[slowest] / self.jobs)}"
        unknown = [codec for codec, seconds in times.items() if not seconds]
        return line + (f"; failed in a trial: {', '.join(unknown)}" if unknown else "")

    @cached_property
    def records(self) -> Records:
        """A line for each codec."""
        targets = [target.slice for target in self.forecast.plan.targets]
        size = sum(of.bytes for of in targets)
        times = self.forecast.by_codec().items()
        return Records(HEADS, [(c, len(targets), size, round(s, 2)) for c, s in times])

    @property
    def first(self) -> list[Section]:
        """The codecs with their times, and what each corpus has."""
        cells = format.count(len(self.forecast.plan.targets))
        times = list(self.forecast.by_codec().items())[::-1]
        rows = [[c, cells, duration(seconds) if seconds else format.NA] for c, seconds in times]
        codecs = [Column("codec", "left"), Column("cells"), Column("about")]
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
    def sections(self) -> list[Section]:
        """Both tables."""
        return self.first

    @property
    def document(self) -> dict[str, object]:
        """The same as data."""
        plan = [dict(zip(HEADS, row, strict=True)) for row in self.records.rows]
        cells = [
            {**key._asdict(), "seconds": float(f"{seconds:.3g}")}
            for key, seconds in self.forecast.seconds.items()
        ]
        return {"title": self.title, "summary": self.summary, "plan": plan, "cells": cells}

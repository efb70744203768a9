"""Measuring within a time: every codec on a sample, then the best of them on everything."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from codelength.api.corpus import Corpus
from codelength.api.sampling import SAMPLED
from codelength.measure.codec_workers import Watch
from codelength.plugins import Plugins, Registered

if TYPE_CHECKING:
    from codelength.measure.plan import Plan
    from codelength.report.progress import Lines
    from codelength.results.cell import Cell, CorpusSlice
    from codelength.results.store import Store

SAMPLE = 500_000
"""Bytes of each view of the data that every codec meets."""


class OutOfTime(Exception):
    """The time is over."""


class Deadline(Watch):
    """Stops a run when the time is over, and shows how it goes on until then."""

    def __init__(self, shown: "Lines", seconds: float) -> None:
        self._shown, self._end = shown, time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds."""
        return self._end - time.monotonic()

    def begin(self, total: int) -> None:
        self._shown.begin(total)

    def started(self, codec: str, corpus_slice: "CorpusSlice", decode: bool) -> None:
        self._check()
        self._shown.started(codec, corpus_slice, decode)

    def advanced(self, codec: str, corpus_slice: "CorpusSlice", done: int) -> None:
        self._check()
        self._shown.advanced(codec, corpus_slice, done)

    def finished(self, cell: "Cell", reused: bool) -> None:
        self._shown.finished(cell, reused)

    def _check(self) -> None:
        if self.left < 0:
            raise OutOfTime


def make_plan(
    plugins: Plugins,
    corpora: Sequence[Registered[Corpus]],
    progress: "Lines",
    limit: str | None = f"{SAMPLED}{SAMPLE}",
) -> "Plan":
    """Read the data: a sample of each view, or with limit None all of it."""
    from codelength.measure.plan import make_plan

    rules = plugins.select_protocols("whole")
    return make_plan(plugins, [], corpora, rules, limit, progress.reading)


def measure(
    plan: "Plan",
    corpora: Sequence[Registered[Corpus]],
    store: "Store",
    budget: float,
    progress: "Lines",
) -> None:
    """Measure every codec of a plan of samples, then as many on everything as the time allows.

    The most promising come first: those that no other one beats in both size and speed. Stops when
    `budget` seconds are over; what was measured until then is in the store.
    """
    from codelength.measure.engine import execute
    from codelength.measure.job import Limits
    from codelength.results.store import load

    deadline, limits = Deadline(progress, budget), Limits(max(10.0, budget / 10))
    jobs = os.cpu_count() or 1
    try:
        execute(plan, store, limits, jobs, deadline)
        if any(target.slice.draw for target in plan.targets):
            everything = make_plan(plan.plugins, corpora, progress, None)
            cells = plan.latest(load(store.folder))
            chosen = _affordable(cells, plan, deadline.left * jobs)
            codecs = [entry for spec in chosen for entry in plan.codecs if entry.item.spec == spec]
            execute(replace(everything, codecs=codecs), store, limits, jobs, deadline)
    except OutOfTime:
        return


def _affordable(cells: "Sequence[Cell]", plan: "Plan", seconds: float) -> list[str]:
    """Choose the codecs that can be measured on everything in the time, the best ones first."""
    sizes = {
        t.slice.key: t.slice.draw.bytes if t.slice.draw else t.slice.bytes for t in plan.targets
    }
    takes: dict[str, float] = {}
    coded: dict[str, float] = {}
    for cell in cells:
        if cell.ok and cell.encode and cell.decode and cell.slice.bytes:
            scale = sizes[cell.slice.key] / cell.slice.bytes
            once = cell.encode.seconds + cell.decode.seconds
            takes[cell.codec] = takes.get(cell.codec, 0.0) + once * scale
            coded[cell.codec] = coded.get(cell.codec, 0.0) + cell.coded_bytes * scale
    by_size = sorted(coded, key=lambda codec: coded[codec])
    front, quickest = [], float("inf")
    for codec in by_size:
        if takes[codec] < quickest:
            front.append(codec)
            quickest = takes[codec]
    chosen, left = [], seconds / 2  # a quick batch is repeated, and workers have to start
    for codec in dict.fromkeys([*by_size[:1], *_file_winners(cells), *front, *by_size]):
        if takes[codec] <= left:
            left -= takes[codec]
            chosen.append(codec)
    return chosen


def _file_winners(cells: "Sequence[Cell]") -> list[str]:
    """Return the codecs that are the smallest on some file, those with the most bytes first."""
    best: dict[tuple[object, int], tuple[int, str, int]] = {}
    for cell in cells:
        for number, (raw, coded) in enumerate(cell.by_cluster if cell.ok else []):
            key = cell.slice.key, number
            best[key] = min(best.get(key, (coded, cell.codec, raw)), (coded, cell.codec, raw))
    wins: dict[str, int] = {}
    for _, codec, raw in best.values():
        wins[codec] = wins.get(codec, 0) + raw
    return sorted(wins, key=lambda codec: -wins[codec])

"""Invented baselines and outcomes: what gates would have been held against, and found."""

from typing import Any

from msgspec.structs import replace

from codelength.gate.acceptance import SCHEMA
from codelength.gate.baseline import Baseline, Grid, accepted
from codelength.gate.outcome import Outcome
from codelength.gate.timing import Tempo, Timing
from codelength.gate.verdicts import Finding, Verdict, findings
from codelength.results.cell import Cell
from factories import cell, corpus_slice, environment

TIMED = {"processor": "Fast 9000", "python": "CPython 3.11.7", "zlib": "1.3.1"}


def cells(codecs: str = "gzip zstd", corpora: str = "prose tables", **changes: Any) -> list[Cell]:
    """An ok cell for each codec on each corpus."""
    return [
        cell(codec, corpus_slice(corpus), 400, blobs=f"blobs of {codec}", **changes)
        for codec in codecs.split()
        for corpus in corpora.split()
    ]


def baseline(of: list[Cell]) -> Baseline:
    """What `of` gave."""
    grid = Grid(
        codecs=list(dict.fromkeys(cell.codec for cell in of)),
        corpora=list(dict.fromkeys(cell.slice.corpus for cell in of)),
        protocols=["whole"],
    )
    return Baseline(
        schema=SCHEMA,
        made={"started": "2025-11-21T06:00:00Z"},
        timed=TIMED,
        grid=grid,
        cells=[accepted(cell) for cell in of],
    )


def only(before: Cell, now: Cell | None, why: str = "") -> Finding:
    """What is found of one cell."""
    missing = {before.codec: why} if why else {}
    (found,) = findings(baseline([before]), [now] if now else [], missing)
    return found


def changed(cell: Cell, **changes: Any) -> Cell:
    """A cell with other fields."""
    return replace(cell, **changes)


def finding(
    verdict: Verdict, codec: str = "gzip", corpus: str = "prose", detail: str = ""
) -> Finding:
    return Finding(codec=codec, corpus=corpus, protocol="whole", verdict=verdict, detail=detail)


def timing(tempo: Tempo, codec: str = "gzip", direction: str = "encode") -> Timing:
    figures: dict[str, Any] = {"factor": 1.31, "p": 0.004, "passes": 5}
    if tempo in (Tempo.NOT_COMPARED, Tempo.NOT_TIMED):
        figures = {"detail": "another processor"}
    return Timing(codec=codec, direction=direction, tempo=tempo, **figures)


def outcome(*found: Finding | Timing, **fields: Any) -> Outcome:
    """One of these findings and timings."""
    return Outcome(
        [item for item in found if isinstance(item, Finding)],
        environment(machine={"processor": "Fast 9000", "python": "CPython 3.11.7"}),
        [item for item in found if isinstance(item, Timing)],
        **fields,
    )

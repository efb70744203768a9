"""Baselines, findings and outcomes for tests of the gate."""

from typing import Any

from msgspec.structs import replace

from codelength.results.cell import Cell
from codelength_gate.baseline import SCHEMA, Baseline, Grid, to_expected
from codelength_gate.outcome import Outcome
from codelength_gate.timing import TimeFinding, TimeVerdict
from codelength_gate.verdicts import CellFinding, Verdict, find_changes
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
    """The baseline of these cells."""
    corpora = list(dict.fromkeys(cell.slice.corpus for cell in of))
    return Baseline(
        schema=SCHEMA,
        provenance={"started": "2025-11-21T06:00:00Z"},
        grid=Grid(corpora=corpora, protocols=["whole"]),
        cells=[to_expected(cell) for cell in of],
    )


def only(before: Cell, now: Cell | None, why: str = "") -> CellFinding:
    """The finding on one cell."""
    missing = {before.codec: why} if why else {}
    (found,) = find_changes(baseline([before]), [before.codec], [now] if now else [], missing)
    return found


def changed(cell: Cell, **changes: Any) -> Cell:
    """A cell with other fields."""
    return replace(cell, **changes)


def finding(
    verdict: Verdict, codec: str = "gzip", corpus: str = "prose", detail: str = ""
) -> CellFinding:
    return CellFinding(codec=codec, corpus=corpus, protocol="whole", verdict=verdict, detail=detail)


def timing(verdict: TimeVerdict, codec: str = "gzip", direction: str = "encode") -> TimeFinding:
    figures: dict[str, Any] = {"factor": 1.31, "p": 0.004, "passes": 5}
    if verdict in (TimeVerdict.NOT_COMPARED, TimeVerdict.NOT_TIMED):
        figures = {"detail": "another processor"}
    return TimeFinding(codec=codec, direction=direction, verdict=verdict, **figures)


def outcome(*found: CellFinding | TimeFinding, **fields: Any) -> Outcome:
    """An outcome with these findings."""
    return Outcome(
        [item for item in found if isinstance(item, CellFinding)],
        environment(machine={"processor": "Fast 9000", "python": "CPython 3.11.7"}),
        [item for item in found if isinstance(item, TimeFinding)],
        **fields,
    )

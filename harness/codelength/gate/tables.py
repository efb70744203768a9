"""What a gate found, in words; equal cells are only counted."""

from collections.abc import Iterable

from codelength.gate.outcome import Outcome
from codelength.gate.timing import Tempo, Timing
from codelength.gate.verdicts import Finding, Verdict
from codelength.report.table import Column, Table

QUIET = (Verdict.EQUAL, Verdict.DECLINED)


def tables(outcome: Outcome) -> list[Table]:
    """The cells that are not as they were, the gravest first; then the times."""
    return [table for table in (cells(outcome.findings), times(outcome.timings)) if table.rows]


def cells(findings: Iterable[Finding]) -> Table:
    """Those that are not as they were; one row for corpora of which the same is to be said."""
    grave = list(Verdict)
    rows: dict[tuple[int, str, str, str], list[str]] = {}
    for finding in findings:
        if finding.verdict not in QUIET:
            row = (
                grave.index(finding.verdict),
                finding.codec,
                finding.protocol,
                " ".join(finding.detail.split()),
            )
            rows.setdefault(row, []).append(finding.corpus)
    columns = [
        Column("cell is", "left"),
        Column("codec", "left"),
        Column("corpus", "left", wrap=True),
        Column("protocol", "left"),
        Column("what", "left", wrap=True),
    ]
    told = [
        [str(grave[gravity]), codec, ", ".join(corpora), protocol, detail]
        for (gravity, codec, protocol, detail), corpora in sorted(rows.items())
    ]
    return Table("Cells", columns, told)


def times(timings: Iterable[Timing]) -> Table:
    """Those that are slower, or could not be had; one row for codecs with the same reason."""
    rows: dict[tuple[str, str, str], dict[str, None]] = {}
    for timing in timings:
        if timing.tempo is Tempo.SLOWER:
            detail = (
                f"{timing.factor:.2f} times as long, in {timing.passes} passes, p={timing.p:.3f}"
            )
            rows[timing.tempo, timing.direction, detail] = {timing.codec: None}
        elif timing.tempo is not Tempo.AS_BEFORE:
            rows.setdefault((timing.tempo, "both", timing.detail), {})[timing.codec] = None
    columns = [
        Column("time is", "left"),
        Column("direction", "left"),
        Column("codec", "left", wrap=True),
        Column("what", "left", wrap=True),
    ]
    told = [
        [tempo, direction, ", ".join(codecs), detail]
        for (tempo, direction, detail), codecs in rows.items()
    ]
    return Table("Times", columns, told)

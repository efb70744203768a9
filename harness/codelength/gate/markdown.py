"""The outcome as Markdown, for the summary of a CI job."""

from collections.abc import Sequence

from codelength.gate.outcome import Outcome
from codelength.gate.tables import tables
from codelength.report.table import Table

MOST = 1 << 20
"""Bytes that GitHub takes for the summary of a step; of a longer one it shows nothing."""


def markdown(outcome: Outcome, baseline: str, most: int = MOST) -> str:
    """At most `most` bytes, in UTF-8; if that is not enough, rows at the end are left out, and a
    line says so."""
    made = tables(outcome)
    rows = sum(len(table.rows) for table in made)
    fits, too_many = -1, rows + 1  # more rows never take fewer bytes
    while too_many - fits > 1:
        tried = (fits + too_many) // 2
        if len(_text(outcome, baseline, made, tried).encode()) <= most:
            fits = tried
        else:
            too_many = tried
    return _text(outcome, baseline, made, max(0, fits))


def _text(outcome: Outcome, baseline: str, made: Sequence[Table], rows: int) -> str:
    parts = [f"## codelength gate: {outcome.headline}"]
    parts.append("\n".join(f"- {line}" for line in outcome.summary()))
    left = sum(len(table.rows) for table in made) - rows
    for table in made:
        shown = table.rows[:rows]
        rows -= len(shown)
        if shown:
            parts.append(Table(table.title, table.columns, shown).markdown().strip("\n"))
    if left:
        parts.append(f"{left:,} more rows are left out; the JSON of `--json` has all.")
    e = outcome.environment
    parts.append(
        f"Against `{baseline}`, by codelength {e.codelength} on {e.machine['processor']}, "
        f"{e.machine['python']}, {e.started}."
    )
    return "\n\n".join(parts) + "\n"

"""The outcome of a gate as tables, Markdown, JSON and JUnit XML."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from codelength.gate.outcome import INCOMPLETE, Outcome, Policy
from codelength.gate.timing import TimeFinding, TimeVerdict
from codelength.gate.verdicts import CellFinding, Verdict
from codelength.report.table import Column, Table, join_rows

SCHEMA = 1
"""Of the JSON: raised when a field changes its meaning."""
STEP_SUMMARY = 1 << 20
"""Bytes that GitHub takes for the summary of a step. It shows nothing of a longer one."""
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""

UNKNOWN = (Verdict.CHANGED_KEY, Verdict.DECLINED, TimeVerdict.NOT_COMPARED, TimeVerdict.NOT_TIMED)
"""Verdicts without a comparison."""


class Case(NamedTuple):
    """A test case of JUnit."""

    classname: str
    name: str
    result: str
    """`failure`, `error`, `skipped`, or nothing."""
    message: str


def outcome_to_json(outcome: Outcome, baseline: str) -> str:
    """Return indented JSON with the findings on all cells, equal ones too.

    Args:
        baseline: The name of the file.
    """
    document = {
        "schema": SCHEMA,
        "baseline": baseline,
        "exit_code": outcome.exit_code,
        "headline": outcome.headline,
        "summary": list(outcome.summary()),
        "time_blocks": outcome.policy.time,
        "keys_block": outcome.policy.keys,
        "cells": outcome.cells,
        "times": outcome.times,
        "environment": outcome.environment,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def to_tables(outcome: Outcome) -> list[Table]:
    """Return a table of the cells that changed, the worst first, and one of the times.

    Equal cells are only counted, in the summary; a table without rows is left out.
    """
    tables = [_cell_table(outcome.cells), _time_table(outcome.times)]
    return [table for table in tables if table.rows]


def to_markdown(outcome: Outcome, baseline: str, most: int = STEP_SUMMARY) -> str:
    """Return Markdown for the summary of a CI job.

    Args:
        baseline: The name of the file.
        most: Bytes of UTF-8. If that is not enough, rows at the end are left out, and a line says
            how many.
    """
    tables = to_tables(outcome)
    total = sum(len(table.rows) for table in tables)
    fits, too_many = 0, total + 1  # more rows never take fewer bytes
    while too_many - fits > 1:
        rows = (fits + too_many) // 2
        if len(_page(outcome, baseline, tables, rows).encode()) <= most:
            fits = rows
        else:
            too_many = rows
    return _page(outcome, baseline, tables, fits)


def to_junit(outcome: Outcome) -> str:
    """Return JUnit XML with a test case for each cell and each time.

    If the exit code is not 0, at least one case is a failure or an error.
    """
    cases = [*_cases(outcome)]
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite", name="codelength gate", tests=str(len(cases)))
    for total, result in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(sum(case.result == result for case in cases)))
    suite.set("timestamp", outcome.environment.started.removesuffix("Z"))
    for classname, name, result, message in (map(_legal, case) for case in cases):
        case = SubElement(suite, "testcase", classname=classname, name=name)
        if result:
            SubElement(case, result, message=message).text = message
        elif message:
            SubElement(case, "system-out").text = message
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _cell_table(findings: Sequence[CellFinding]) -> Table:
    """One row for all corpora with the same codec, verdict and detail; the worst verdict first."""
    order = list(Verdict)
    rows = [
        (str(f.verdict), f.codec, f.corpus, f.protocol, " ".join(f.detail.split()))
        for f in findings
        if f.verdict not in (Verdict.EQUAL, Verdict.DECLINED)
    ]
    joined = join_rows(rows, 2)
    joined.sort(key=lambda row: (order.index(Verdict(row[0])), row[1], *row[3:]))
    heads = ("cell is", "codec", "corpus", "protocol", "what")
    columns = [Column(head, "left", wrap=head in ("corpus", "what")) for head in heads]
    return Table("Cells", columns, joined)


def _time_table(findings: Sequence[TimeFinding]) -> Table:
    """One row for all codecs whose time is not known for the same reason."""
    rows: list[tuple[str, str, str, str]] = []
    for f in findings:
        if f.verdict is TimeVerdict.SLOWER:
            detail = f"{f.factor:.2f} times as long, in {f.passes} passes, p={f.p:.3f}"
            rows.append((f.verdict, f.direction, f.codec, detail))
        elif f.verdict is not TimeVerdict.AS_BEFORE:
            rows.append((f.verdict, "both", f.codec, f.detail))
    heads = ("time is", "direction", "codec", "what")
    columns = [Column(head, "left", wrap=head in ("codec", "what")) for head in heads]
    return Table("Times", columns, join_rows(rows, 2))


def _page(outcome: Outcome, baseline: str, tables: Sequence[Table], rows: int) -> str:
    parts = [f"## codelength gate: {outcome.headline}"]
    parts.append("\n".join(f"- {line}" for line in outcome.summary()))
    left = sum(len(table.rows) for table in tables) - rows
    for table in tables:
        shown = table.rows[:rows]
        rows -= len(shown)
        if shown:
            parts.append(Table(table.title, table.columns, shown).markdown().strip("\n"))
    if left:
        parts.append(f"{left:,} more rows are left out; the JSON of `--json` has all.")
    e = outcome.environment
    parts.append(
        f"Compared with `{baseline}`, by codelength {e.codelength} on {e.machine['processor']}, "
        f"{e.machine['python']}, {e.started}."
    )
    return "\n\n".join(parts) + "\n"


def _cases(outcome: Outcome) -> Iterator[Case]:
    for cell in outcome.cells:
        words = [str(cell.verdict), cell.detail] if cell.detail else []
        yield _case(cell, f"{cell.corpus} · {cell.protocol}", words, outcome.policy)
    for time in outcome.times:
        factor = f"{time.factor:.2f} times as long" if time.factor is not None else ""
        words = [word for word in (str(time.verdict), factor, time.detail) if word]
        yield _case(time, f"time to {time.direction}", words, outcome.policy)
    compared = {"cell": outcome.is_compared}
    if outcome.policy.time:
        compared["time"] = outcome.is_timed
    for what, some in compared.items():
        message = "" if some else f"no {what} was compared with the baseline"
        yield Case("gate", f"some {what} was compared", "error" if message else "", message)


def _case(
    finding: CellFinding | TimeFinding, name: str, words: Sequence[str], policy: Policy
) -> Case:
    code = policy.exit_code(finding.verdict)
    if code:
        result = "error" if code == INCOMPLETE else "failure"
    else:
        result = "skipped" if finding.verdict in UNKNOWN else ""
    return Case(finding.codec, name, result, ": ".join(words))


def _legal(text: str) -> str:
    return FORBIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)

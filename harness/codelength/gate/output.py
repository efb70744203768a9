"""The outcome of a gate as tables, Markdown, JSON and JUnit XML."""

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from codelength.gate.outcome import Outcome, Policy
from codelength.gate.timing import TimeFinding, TimeVerdict
from codelength.gate.verdicts import CellFinding, Verdict
from codelength.report.table import Column, Table

SCHEMA = 1
"""Of the JSON: raised when a field changes its meaning."""
STEP_SUMMARY = 1 << 20
"""Bytes that GitHub takes for the summary of a step. It shows nothing of a longer one."""
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""

Case = tuple[str, str, str, str]
"""A JUnit test case: class, name, result (`failure`, `error`, `skipped` or empty) and message."""


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
    for total, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(sum(case[2] == kind for case in cases)))
    suite.set("timestamp", outcome.environment.started.removesuffix("Z"))
    for classname, name, kind, message in cases:
        case = SubElement(suite, "testcase", classname=_legal(classname), name=_legal(name))
        if kind:
            SubElement(case, kind, message=_legal(message)).text = _legal(message)
        elif message:
            SubElement(case, "system-out").text = _legal(message)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _cell_table(findings: Sequence[CellFinding]) -> Table:
    """One row for all corpora with the same codec, verdict and detail."""
    order = list(Verdict)
    corpora: dict[tuple[int, str, str, str], list[str]] = {}
    for f in findings:
        if f.verdict not in (Verdict.EQUAL, Verdict.DECLINED):
            row = (order.index(f.verdict), f.codec, f.protocol, " ".join(f.detail.split()))
            corpora.setdefault(row, []).append(f.corpus)
    rows = [
        [str(order[rank]), codec, ", ".join(names), protocol, detail]
        for (rank, codec, protocol, detail), names in sorted(corpora.items())
    ]
    heads = ("cell is", "codec", "corpus", "protocol", "what")
    columns = [Column(head, "left", wrap=head in ("corpus", "what")) for head in heads]
    return Table("Cells", columns, rows)


def _time_table(findings: Sequence[TimeFinding]) -> Table:
    """One row for all codecs whose time is not known for the same reason."""
    codecs: dict[tuple[str, str, str], dict[str, None]] = {}
    for f in findings:
        if f.verdict is TimeVerdict.SLOWER:
            detail = f"{f.factor:.2f} times as long, in {f.passes} passes, p={f.p:.3f}"
            codecs.setdefault((f.verdict, f.direction, detail), {})[f.codec] = None
        elif f.verdict is not TimeVerdict.AS_BEFORE:
            codecs.setdefault((f.verdict, "both", f.detail), {})[f.codec] = None
    rows = [
        [verdict, direction, ", ".join(names), detail]
        for (verdict, direction, detail), names in codecs.items()
    ]
    heads = ("time is", "direction", "codec", "what")
    columns = [Column(head, "left", wrap=head in ("codec", "what")) for head in heads]
    return Table("Times", columns, rows)


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
        yield _cell_case(cell, outcome.policy)
    for time in outcome.times:
        yield _time_case(time, outcome.policy)
    yield _some_case("cell", outcome.is_compared)
    if outcome.policy.time:
        yield _some_case("time", outcome.is_timed)


def _cell_case(finding: CellFinding, policy: Policy) -> Case:
    verdict = finding.verdict
    message = f"{verdict}: {finding.detail}" if finding.detail else ""
    if verdict is Verdict.MISMATCH or verdict.is_regression:
        kind = "failure"
    elif verdict.is_missing or (verdict is Verdict.CHANGED_KEY and policy.keys):
        kind = "error"
    else:
        kind = "skipped" if verdict in (Verdict.CHANGED_KEY, Verdict.DECLINED) else ""
    return finding.codec, f"{finding.corpus} · {finding.protocol}", kind, message


def _time_case(finding: TimeFinding, policy: Policy) -> Case:
    blocking = {TimeVerdict.SLOWER: "failure", TimeVerdict.NOT_TIMED: "error"}
    unknown = finding.verdict in (TimeVerdict.NOT_COMPARED, TimeVerdict.NOT_TIMED)
    kind = "skipped" if unknown else ""
    if policy.time:
        kind = blocking.get(finding.verdict, kind)
    factor = f"{finding.factor:.2f} times as long" if finding.factor is not None else ""
    message = ": ".join(filter(None, (str(finding.verdict), factor, finding.detail)))
    return finding.codec, f"time to {finding.direction}", kind, message


def _some_case(what: str, compared: bool) -> Case:
    message = "" if compared else f"no {what} was compared with the baseline"
    return "gate", f"some {what} was compared", "error" if message else "", message


def _legal(text: str) -> str:
    return FORBIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)

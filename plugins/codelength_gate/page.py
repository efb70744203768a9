"""The outcome of a gate as a page, and in the forms of CI: JUnit XML and annotations."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from codelength.report.page import PlainPage, Prose, Records
from codelength.report.table import Column, Table, join_rows, to_code
from codelength_gate.outcome import INCOMPLETE, Outcome
from codelength_gate.timing import TimeFinding, TimeVerdict
from codelength_gate.verdicts import CellFinding, Verdict

SCHEMA = 1
"""Of the JSON: raised when a field changes its meaning."""
MOST = 500
"""Rows of a table: GitHub shows no summary of a step that is longer than 1 MiB."""
LONGEST = 500
"""Characters of a detail in a table."""
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""
FIGURES = (
    "codec",
    "corpus",
    "protocol",
    "direction",
    "verdict",
    "before",
    "now",
    "factor",
    "p",
    "detail",
)
UNKNOWN = (Verdict.CHANGED_KEY, Verdict.DECLINED, TimeVerdict.NOT_COMPARED, TimeVerdict.NOT_TIMED)
"""Verdicts without a comparison."""
QUIET = (Verdict.EQUAL, Verdict.DECLINED, TimeVerdict.AS_BEFORE)
"""Verdicts that are only counted."""


class Case(NamedTuple):
    """A test case of JUnit."""

    classname: str
    name: str
    result: str
    """`failure`, `error`, `skipped`, or nothing."""
    message: str


def to_page(outcome: Outcome, baseline: str) -> PlainPage:
    """Return what changed, the worst first; what is equal is only counted.

    Args:
        baseline: The name of the file.
    """
    order = [*Verdict, *TimeVerdict]
    rows = join_rows(
        [
            (str(f.verdict), f.codec, *_where(f), " ".join(_detail(f).split())[:LONGEST])
            for f in sorted(outcome.findings, key=lambda f: (order.index(f.verdict), f.codec))
            if f.verdict not in QUIET
        ],
        2,
    )
    heads = ("it is", "codec", "corpus", "protocol", "what")
    columns = [Column(head, "left", wrap=head in ("corpus", "what")) for head in heads]
    left = len(rows) - MOST
    notes = [f"{left:,} more rows are left out; the JSON of `--json` has all."] if left > 0 else []
    table = Table("What changed", columns, rows[:MOST], notes=notes)
    e = outcome.environment
    method = (
        f"Compared with {to_code(baseline)}, by codelength {e.codelength} on "
        f"{e.machine.get('processor', 'an unknown processor')}, {e.started}."
    )
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
        "environment": e,
    }
    return PlainPage(
        f"codelength gate: {outcome.headline}",
        "; ".join(outcome.summary()),
        [table] if rows else [],
        document,
        Records(
            FIGURES,
            [[getattr(f, name, None) for name in FIGURES] for f in outcome.findings],
        ),
        [Prose(method)],
    )


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


def to_annotations(outcome: Outcome, files: Mapping[str, str], baseline: str) -> Iterator[str]:
    """Return commands for a GitHub workflow, which shows each beside the line of a file.

    Args:
        files: The file of each codec, if it is from one.
        baseline: The name of the baseline file; its line of a cell is shown for other codecs.
    """
    path = Path(baseline)
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    groups: dict[tuple[str, Verdict | TimeVerdict], list[CellFinding | TimeFinding]] = {}
    for f in outcome.findings:
        if f.verdict not in QUIET and f.verdict is not TimeVerdict.NOT_COMPARED:
            groups.setdefault((f.codec, f.verdict), []).append(f)
    for (codec, verdict), found in groups.items():
        level = "error" if outcome.policy.exit_code(verdict) else "warning"
        level = "notice" if verdict is Verdict.SMALLER else level
        record = f'"codec":{msgspec.json.encode(codec).decode()},"corpus"'
        line = next((n for n, text in enumerate(lines, 1) if record in text), 1)
        at = _escape(files[codec]) if codec in files else f"{_escape(baseline)},line={line}"
        where = ", ".join(dict.fromkeys(_where(f)[0] for f in found))
        text = f"{verdict}: {codec} on {where}: {_detail(found[0])}".replace("%", "%25")
        yield f"::{level} file={at},title=codelength gate::{' '.join(text.split())}"


def _where(finding: CellFinding | TimeFinding) -> tuple[str, str]:
    if isinstance(finding, CellFinding):
        return finding.corpus, finding.protocol
    return f"time to {finding.direction}", ""


def _detail(finding: CellFinding | TimeFinding) -> str:
    if isinstance(finding, CellFinding) or finding.factor is None:
        return finding.detail
    return f"{finding.factor:.2f} times as long, in {finding.passes} passes, p={finding.p:.3f}"


def _cases(outcome: Outcome) -> Iterator[Case]:
    for finding in outcome.findings:
        code = outcome.policy.exit_code(finding.verdict)
        result = "skipped" if finding.verdict in UNKNOWN else ""
        if code:
            result = "error" if code == INCOMPLETE else "failure"
        detail = _detail(finding)
        message = f"{finding.verdict}: {detail}" if detail else ""
        yield Case(finding.codec, " · ".join(filter(None, _where(finding))), result, message)
    compared = {"cell": outcome.is_compared}
    if outcome.policy.time:
        compared["time"] = outcome.is_timed
    for what, some in compared.items():
        message = "" if some else f"no {what} was compared with the baseline"
        yield Case("gate", f"some {what} was compared", "error" if message else "", message)


def _legal(text: str) -> str:
    return FORBIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)


def _escape(value: str) -> str:
    for character in "%\r\n:,":
        value = value.replace(character, f"%{ord(character):02X}")
    return value

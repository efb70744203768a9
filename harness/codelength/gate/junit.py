"""The outcome as JUnit XML, a test case for each cell and each time."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from codelength.gate.outcome import Outcome, Policy
from codelength.gate.timing import Tempo, Timing
from codelength.gate.verdicts import Finding, Verdict

Case = tuple[str, str, str, str]
"""Class, name, what became of it (`failure`, `error`, `skipped`, or nothing), and the message."""

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


def junit(outcome: Outcome) -> str:
    """One suite. A run that is not green has at least one failure or error."""
    cases = list(_cases(outcome))
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


def _cases(outcome: Outcome) -> Iterator[Case]:
    for finding in outcome.findings:
        yield _cell(finding, outcome.policy)
    for timing in outcome.timings:
        yield _time(timing, outcome.policy)
    yield _any("cell", outcome.compared)
    if outcome.policy.time:
        yield _any("time", outcome.timed)


def _cell(finding: Finding, policy: Policy) -> Case:
    verdict = finding.verdict
    message = f"{verdict}: {finding.detail}" if finding.detail else ""
    if verdict is Verdict.MISMATCH or verdict.regression:
        kind = "failure"
    elif verdict.hole or (verdict is Verdict.CHANGED_KEY and policy.keys):
        kind = "error"
    else:
        kind = "skipped" if verdict in (Verdict.CHANGED_KEY, Verdict.DECLINED) else ""
    return finding.codec, f"{finding.corpus} · {finding.protocol}", kind, message


def _time(timing: Timing, policy: Policy) -> Case:
    kinds = {Tempo.SLOWER: "failure", Tempo.NOT_TIMED: "error"} if policy.time else {}
    unknown = timing.tempo in (Tempo.NOT_COMPARED, Tempo.NOT_TIMED)
    kind = kinds.get(timing.tempo, "skipped" if unknown else "")
    factor = f"{timing.factor:.2f} times as long" if timing.factor is not None else ""
    message = ": ".join(filter(None, (str(timing.tempo), factor, timing.detail)))
    return timing.codec, f"time to {timing.direction}", kind, message


def _any(what: str, compared: bool) -> Case:
    message = "" if compared else f"no {what} stood against one of the baseline"
    return "gate", f"some {what} was compared", "error" if message else "", message


def _legal(text: str) -> str:
    return FORBIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)

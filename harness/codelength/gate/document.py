"""The outcome as data: what `--json` writes."""

import msgspec
from msgspec import Struct

from codelength.gate.outcome import Outcome
from codelength.gate.timing import Timing
from codelength.gate.verdicts import Finding
from codelength.results.cell import Environment

SCHEMA = 1
"""Raised when a field changes its meaning."""


class Document(Struct):
    """All of it, equal cells too."""

    schema: int
    baseline: str
    exit_code: int
    headline: str
    summary: list[str]
    time_blocks: bool
    keys_block: bool
    cells: list[Finding]
    times: list[Timing]
    environment: Environment


def encoded(outcome: Outcome, baseline: str) -> str:
    """As JSON, indented, for people and programs."""
    made = Document(
        SCHEMA,
        baseline,
        outcome.exit_code,
        outcome.headline,
        list(outcome.summary()),
        outcome.policy.time,
        outcome.policy.keys,
        list(outcome.findings),
        list(outcome.timings),
        outcome.environment,
    )
    return msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n"

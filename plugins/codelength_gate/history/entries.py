"""The history of a gate: what it measured, one JSON line for each time it ran."""

from pathlib import Path

import msgspec

from codelength.api.errors import StoreError
from codelength.results.cell import Struct
from codelength.results.journal import records
from codelength.results.machine import git_head
from codelength_gate.outcome import Outcome

SCHEMA = 1
"""Raised when a field changes its meaning."""


class Entry(Struct, frozen=True):
    """What one gate measured."""

    schema: int
    started: str
    exit_code: int
    sizes: dict[str, dict[str, int]]
    """Codec → corpus, with the protocol if it is not `whole` → coded bytes."""
    times: dict[str, dict[str, float]] = {}
    """Codec → direction → time over that of the references: see `gate.timing`."""
    commit: str = ""
    """Of the repository that the baseline is in."""
    subject: str = ""
    processor: str = ""


def to_entry(outcome: Outcome, repository: Path) -> Entry:
    """Convert an outcome to a line of the history.

    Args:
        repository: A folder in it.
    """
    sizes: dict[str, dict[str, int]] = {}
    times: dict[str, dict[str, float]] = {}
    for cell in outcome.cells:
        if cell.now is not None:
            rule = "" if cell.protocol == "whole" else f" ({cell.protocol})"
            sizes.setdefault(cell.codec, {})[f"{cell.corpus}{rule}"] = cell.now
    for finding in outcome.times:
        if finding.time is not None:
            times.setdefault(finding.codec, {})[finding.direction] = round(finding.time, 5)
    e, (commit, subject) = outcome.environment, git_head(repository)
    return Entry(
        schema=SCHEMA,
        started=e.started,
        commit=commit,
        subject=subject,
        processor=e.machine.get("processor", ""),
        exit_code=outcome.exit_code,
        sizes=sizes,
        times=times,
    )


def append(path: Path, entry: Entry) -> None:
    """Add a line to a history. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def read_history(path: Path, problems: list[str]) -> list[Entry]:
    """Read a history; `problems` takes the lines that are none. Raises StoreError."""
    return list(records(path, msgspec.json.Decoder(Entry).decode, problems))

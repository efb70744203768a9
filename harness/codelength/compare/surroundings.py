"""What the two runs were made with and on, where that differs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codelength.compare.changes import Comparison
from codelength.report.machines import MOOD, Machines
from codelength.results.cell import Cell, Environment
from codelength.results.store import Results


@dataclass(frozen=True)
class Difference:
    """One fact of which the two runs have different accounts."""

    what: str
    before: str
    after: str
    codecs: Sequence[str] = ()
    """Those that it concerns, if not all."""


def differences(compared: Comparison) -> list[Difference]:
    """The machines, then what the harness ran with, then the libraries behind codecs."""
    first, second = environments(compared.before), environments(compared.after)
    found = []
    for facts in (_machines, _makings, _packages):
        before, after = _gathered(map(facts, first)), _gathered(map(facts, second))
        found += [
            Difference(what, before.get(what, "unknown"), after.get(what, "unknown"))
            for what in dict.fromkeys([*before, *after])
            if before.get(what) != after.get(what)
        ]
    return found + _libraries(compared)


def environments(results: Results) -> list[Environment]:
    """Those that the current cells were measured under, in order of time."""
    return Machines(results.current, results.environments.values()).environments


def same_machine(compared: Comparison) -> bool:
    """Whether CPU times of the two may be set beside each other: known, and alike."""
    first = [compared.before.environments.get(c.run) for c in compared.before.current]
    second = [compared.after.environments.get(c.run) for c in compared.after.current]
    alike = {_likeness(e) if e else None for e in [*first, *second]}
    return len(alike) == 1 and None not in alike


def _likeness(environment: Environment) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_machines(environment).items()))


def _machines(environment: Environment) -> dict[str, str]:
    facts = {name: fact for name, fact in environment.machine.items() if name != MOOD}
    return {**facts, "threads": str(environment.threads), "jobs": str(environment.jobs)}


def _makings(environment: Environment) -> dict[str, str]:
    return {"codelength": environment.codelength, "commit": environment.commit or "a release"}


def _packages(environment: Environment) -> dict[str, str]:
    return environment.versions


def _gathered(facts: Iterable[dict[str, str]]) -> dict[str, str]:
    """All accounts of each fact, should a folder hold several."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for account in facts:
        for what, value in account.items():
            found[what][value] = None
    return {what: " and ".join(values) for what, values in found.items()}


def _libraries(compared: Comparison) -> list[Difference]:
    concerned: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    for pair in compared.pairs:
        if pair.before.versions and pair.after.versions:  # a cell that failed early has none
            for name in dict.fromkeys([*pair.before.versions, *pair.after.versions]):
                one, other = _version(pair.before, name), _version(pair.after, name)
                if one != other:
                    concerned[name, one, other][pair.codec] = None
    return [
        Difference(name, one, other, tuple(codecs))
        for (name, one, other), codecs in sorted(concerned.items())
    ]


def _version(cell: Cell, name: str) -> str:
    return cell.versions.get(name, "none")

"""What a check found."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from codelength.testing.messages import Outcome, Returned


class Result(NamedTuple):
    """One check: passed unless there is a problem."""

    check: str
    problem: str | None = None
    declined: str = ""
    """What of it could not be tried, because that is declined by design."""


def demand(thing: Any, results: Iterable[Result]) -> None:
    """Raises AssertionError, naming every check that failed."""
    __tracebackhide__ = True
    failed = [f"{check}: {problem}" for check, problem, _ in results if problem]
    if failed:
        name = getattr(thing, "name", type(thing).__name__)
        checks = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
        raise AssertionError("\n  ".join([f"{name} fails {checks}:", *failed]))


def worst(problems: Iterable[str | None]) -> str | None:
    """The first of several problems, and how many there are; None without any."""
    found = [problem for problem in problems if problem]
    if len(found) < 2:
        return found[0] if found else None
    return f"{found[0]} (the first of {len(found)})"


def answer(check: str, outcome: Outcome) -> Result:
    """The result of a check that was asked in a process: what it returned is its problem."""
    problem = outcome.value if isinstance(outcome, Returned) else outcome.problem
    return Result(check, problem)

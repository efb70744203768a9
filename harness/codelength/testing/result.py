"""The result of a check, and how the checks of one thing are run."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from codelength.testing.messages import CheckFailed, Outcome
from codelength.testing.session import ARRIVES, Session


class Result(NamedTuple):
    """One check. It passed unless there is a problem."""

    check: str
    problem: str | None = None
    declined: str = ""
    """What of it could not be tried, because the thing declines it by design."""


def run_checks(
    thing: Any,
    checks: Callable[[Session, Session], Iterator[Result]],
    timeout: float,
    memory: int,
    threads: int = 1,
    variables: Mapping[str, str] = {},
) -> Iterator[Result]:
    """Send a thing to two processes and yield the results of its checks.

    Args:
        threads: Of the second process; the first one has 1.
        variables: What the environment of the second process has besides, as OLD_PROCESSOR.
    """
    try:
        first = Session(thing, timeout, memory, hash_seed=1)
        with first, Session(thing, timeout, memory, 2, threads, variables) as second:
            first.wait()
            second.wait()
            yield Result(ARRIVES)
            yield from checks(first, second)
    except CheckFailed as finding:
        yield Result(ARRIVES, str(finding))


def raise_problems(thing: Any, results: Iterable[Result]) -> None:
    """Raise AssertionError, with a line for every check that failed, if there is one."""
    __tracebackhide__ = True
    failed = [f"{check}: {problem}" for check, problem, _ in results if problem]
    if failed:
        name = getattr(thing, "name", type(thing).__name__)
        checks = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
        raise AssertionError("\n  ".join([f"{name} fails {checks}:", *failed]))


def first_problem(problems: Iterable[str | None]) -> str | None:
    """Return the first of several problems, with their number; None if there is none."""
    found = [problem for problem in problems if problem]
    if len(found) < 2:
        return found[0] if found else None
    return f"{found[0]} (the first of {len(found)})"


def to_result(check: str, outcome: Outcome) -> Result:
    """Convert the outcome of a function that returns the problem, or None."""
    return Result(check, outcome.value if outcome.problem is None else outcome.problem)

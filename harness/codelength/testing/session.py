"""The processes of the kit, as the caller sees them."""

import io
import pickle
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

from codelength.testing.child import answer, receive
from codelength.testing.messages import CheckFailed, Outcome, find_class
from codelength.workers.processes import signal_name
from codelength.workers.sandbox import strongest
from codelength.workers.supervisor import (
    Died,
    FunctionRaised,
    Pending,
    Supervisor,
    TimedOut,
    WorkerLost,
)

ARRIVES = "reaches another process"
"""The check that a thing passes if its process can load it."""

TIMEOUT = 20.0
"""Seconds that one call of a codec may take."""
READING = 600.0
"""Seconds for a call that reads a whole corpus or makes many steps of a predictor."""
MEMORY = 2 << 30
"""Bytes that a process may allocate after its start."""
STARTING = 120.0
"""Seconds for a process to import what the thing needs."""
PATIENCE = 3
"""After so many lost calls no more are made: each of them costs a process or a timeout."""


class Session:
    """Calls functions about one thing in another process.

    If a call ends the process, the next call starts a new one.
    """

    def __init__(
        self,
        thing: Any,
        timeout: float,
        memory: int,
        hash_seed: int,
        threads: int = 1,
        variables: Mapping[str, str] = {},
    ) -> None:
        """Start a process and send it `thing`. Raises CheckFailed if it cannot be sent.

        Args:
            timeout: Seconds for one call.
            memory: Bytes that the process may allocate.
            hash_seed: For the order of sets.
            variables: What its environment has besides, as OLD_PROCESSOR.
        """
        self._timeout = timeout
        self._receive = _packed(thing, memory)
        self._start = partial(
            Supervisor,
            threads=threads,
            hash_seed=hash_seed,
            variables=variables,
            sandbox=strongest(),
        )
        self._lost = 0
        self._supervisor = self._start()
        self._arriving: Pending[Outcome] | None = None
        self._send()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._supervisor.close()

    def wait(self) -> None:
        """Wait until the process has loaded the thing. Raises CheckFailed if it cannot."""
        if self._arriving is None:
            return
        outcome = self._outcome(self._arriving)
        if outcome.problem is not None:
            self._supervisor.close()
            raise CheckFailed(f"loading it {outcome.problem}")
        self._arriving = None

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Outcome:
        """Call `function(thing, *arguments)` in the process; it is at the top of a module."""
        if self._lost == PATIENCE:
            return _lost(f"was not tried after {PATIENCE} calls that never came back")
        if not self._supervisor.alive:
            self._supervisor = self._start()
            self._send()
        try:
            self.wait()
        except CheckFailed as finding:
            return _lost(f"was not tried: {finding}")
        call = partial(answer, function, arguments)
        outcome = self._outcome(self._supervisor.begin(call, self._timeout))
        self._lost += outcome.lost
        return outcome

    def _send(self) -> None:
        self._arriving = self._supervisor.begin(self._receive, STARTING)

    def _outcome(self, pending: "Pending[Outcome]") -> Outcome:
        try:
            return pending.result()
        except TimedOut as error:
            return _lost(f"took longer than {error.timeout:g} s")
        except FunctionRaised as error:
            return Outcome(problem=f"raised {error}")
        except Died as error:
            lines = self._supervisor.errors().splitlines()
            words = f" ({lines[-1][:200]})" if lines else ""
            if error.code < 0:
                return _lost(f"killed its process with {signal_name(-error.code)}{words}")
            return _lost(f"ended its process with exit code {error.code}{words}")
        except WorkerLost as error:
            return _lost(error.problem)


def _lost(problem: str) -> Outcome:
    return Outcome(problem=problem, lost=True)


class _Pickler(pickle.Pickler):
    """Pickles a class by its name.

    Pickle itself refuses a class whose file was loaded again since, because the name now leads to
    another class.
    """

    def reducer_override(self, thing: Any) -> Any:
        if not isinstance(thing, type) or "<locals>" in thing.__qualname__:
            return NotImplemented
        return find_class, (thing.__module__, thing.__qualname__)


def _packed(thing: Any, memory: int) -> "partial[Outcome]":
    """Return the call that gives `thing` to a process. Raises CheckFailed if it has none."""
    module, pickled = type(thing).__module__, io.BytesIO()
    try:
        _Pickler(pickled).dump(thing)
    except Exception as error:
        raise CheckFailed(
            f"{type(thing).__qualname__} cannot be sent to another process: {error}; its class has "
            "to be at the top of a module, and its fields have to be plain values"
        ) from error
    file = getattr(sys.modules.get(module), "__file__", None)
    path = file and str(Path(file).absolute())
    return partial(receive, module, path, pickled.getvalue(), memory)

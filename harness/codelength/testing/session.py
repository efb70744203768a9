"""The caller's side of a process of the kit: starts it, asks, and starts another one if it died."""

import io
import pickle
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

from codelength.testing.child import answer, receive
from codelength.testing.messages import Finding, Lost, Outcome, Raised, Returned, named
from codelength.workers.supervisor import (
    Died,
    FunctionRaised,
    Pending,
    Supervisor,
    TimedOut,
    WorkerLost,
)

ARRIVES = "reaches another process"
"""The check that a session passes or fails by being there."""

TIMEOUT = 20.0
"""Seconds that one call of a codec may take."""
READING = 600.0
"""Seconds for a call that goes through a whole corpus, or steps a predictor many times."""
MEMORY = 2 << 30
"""Bytes that a process may allocate after its start."""
STARTING = 120.0
"""Seconds until a process has imported what it needs."""
PATIENCE = 3
"""Calls that may be lost before no more are tried: each costs a process, or a timeout."""


class Session:
    """Calls in one process, which nothing that they do can get out of.

    After a call that ends the process, the next one gets a new process.
    """

    def __init__(
        self,
        thing: Any,
        timeout: float,
        memory: int,
        hash_seed: int,
        threads: int = 1,
        old_processor: bool = False,
    ) -> None:
        """Raises Finding if `thing` cannot be sent.

        `old_processor` keeps libraries from the instructions that only newer processors have.
        """
        self._timeout = timeout
        self._receive = _packed(thing, memory)
        self._start = partial(
            Supervisor, threads=threads, hash_seed=hash_seed, old_processor=old_processor
        )
        self._lost = 0
        self._supervisor = self._start()
        self._arriving: Pending[Returned | Raised] | None = None
        self._send()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._supervisor.close()

    def wait(self) -> None:
        """Wait until the thing has arrived. Raises Finding if it does not."""
        if self._arriving is None:
            return
        outcome = self._outcome(self._arriving)
        if not isinstance(outcome, Returned):
            self._supervisor.close()
            raise Finding(f"loading it {outcome.problem}")
        self._arriving = None

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Outcome:
        """What `function(thing, *arguments)` comes to; it stands at the top of a module here."""
        if self._lost == PATIENCE:
            return Lost(f"was not tried after {PATIENCE} calls that never came back")
        if not self._supervisor.alive:
            self._supervisor = self._start()
            self._send()
        try:
            self.wait()
        except Finding as finding:
            return Lost(f"was not tried: {finding}")
        call = partial(answer, function, arguments)
        outcome = self._outcome(self._supervisor.begin(call, self._timeout))
        self._lost += isinstance(outcome, Lost)
        return outcome

    def _send(self) -> None:
        self._arriving = self._supervisor.begin(self._receive, STARTING)

    def _outcome(self, pending: "Pending[Returned | Raised]") -> Outcome:
        try:
            return pending.result()
        except TimedOut as error:
            return Lost(f"took longer than {error.timeout:g} s")
        except FunctionRaised as error:
            return Raised(f"raised {error}")
        except Died as error:
            lines = self._supervisor.errors().splitlines()
            words = f" ({lines[-1][:200]})" if lines else ""
            if error.code < 0:
                return Lost(f"killed its process with {signal.Signals(-error.code).name}{words}")
            return Lost(f"ended its process with exit code {error.code}{words}")
        except WorkerLost as error:
            return Lost(error.problem)


class _Pickler(pickle.Pickler):
    """Sends a class by its name.

    Pickle itself insists that the name still leads to that very class, and gives up on one whose
    file has been loaded again since.
    """

    def reducer_override(self, thing: Any) -> Any:
        if not isinstance(thing, type) or "<locals>" in thing.__qualname__:
            return NotImplemented
        return named, (thing.__module__, thing.__qualname__)


def _packed(thing: Any, memory: int) -> "partial[Returned | Raised]":
    """The call with which a process receives `thing`. Raises Finding if it cannot have it."""
    module, pickled = type(thing).__module__, io.BytesIO()
    try:
        _Pickler(pickled).dump(thing)
    except Exception as error:
        raise Finding(
            f"{type(thing).__qualname__} cannot be sent to another process: {error}; its class has "
            "to stand at the top of a module, its fields have to be plain values"
        ) from error
    file = getattr(sys.modules.get(module), "__file__", None)
    path = file and str(Path(file).absolute())
    return partial(receive, module, path, pickled.getvalue(), memory)

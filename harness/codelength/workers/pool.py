"""Several workers that share the calls they are given."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from typing import ParamSpec, Self, TypeVar

from codelength.workers.supervisor import Crew, Supervisor

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """Workers, each with one call at a time. Leaving the context ends them, whatever they do.

    A worker starts with the first call that finds no other one free. A call whose worker is lost
    raises what `Supervisor.call` does; the next call gets a new worker.
    """

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers)
        self._crew = Crew()
        self._free: SimpleQueue[Supervisor] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._crew.stop()
        self._threads.shutdown()
        while not self._free.empty():
            self._free.get().close()

    def submit(
        self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs
    ) -> "Future[T]":
        """Have a worker call a function that stands at the top of a module."""
        return self._threads.submit(self._call, partial(function, *arguments, **named))

    def _call(self, task: "partial[T]") -> T:
        try:
            worker = self._free.get_nowait()
        except Empty:
            worker = Supervisor(keep_errors=False, crew=self._crew)
        try:
            return worker.call(task)
        finally:
            if worker.alive:
                self._free.put(worker)

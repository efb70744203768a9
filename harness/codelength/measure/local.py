"""The executor of this machine: threads, each of which measures one codec after the other."""

import os
import platform
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, NamedTuple

from codelength.coding import device
from codelength.measure.bench import Bench
from codelength.measure.codec_workers import SILENT, Watch
from codelength.measure.job import Job
from codelength.workers.processes import is_alive
from codelength.workers.supervisor import Crew

SCRATCH = ".scratch-"
"""How the folders for blobs begin; they are there only while a run lasts."""


class Task(NamedTuple):
    """A call that waits for a thread."""

    function: Callable[[Job], Any]
    job: Job
    future: "Future[Any]"


class LocalExecutor(Executor):
    """Measures so many jobs at once. A thread goes on with the codec that it has, if it can.

    If there are several devices, each thread has one of its own.
    """

    def __init__(self, jobs: int, folder: Path, watch: Watch = SILENT) -> None:
        """Start nothing yet.

        Args:
            jobs: How many threads there are.
            folder: Where files of blobs go.
            watch: Is told how each cell goes on.
        """
        _remove_scratch(folder)
        prefix = f"{SCRATCH}{_own()}-"
        self._scratch = tempfile.TemporaryDirectory(prefix=prefix, dir=folder)
        self.jobs, self._watch, self._crew = jobs, watch, Crew()
        self._devices = device.several()
        self._waiting: dict[str, deque[Task]] = {}
        self._served: dict[int, str] = {}
        """Thread → the codec that it measures."""
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401
        """Have a thread call a function with a job."""
        (job,), future = args, Future[Any]()
        with self._changed:
            self._waiting.setdefault(job.recipe.codec, deque()).append(Task(fn, job, future))
            if len(self._threads) < self.jobs:
                number = len(self._threads)
                self._threads.append(threading.Thread(target=self._serve, args=(number,)))
                self._threads[-1].start()
            self._changed.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads; with `cancel_futures`, also what they are doing."""
        with self._changed:
            self._closed = True
            dropped = [task for tasks in self._waiting.values() for task in tasks]
            if cancel_futures:
                self._waiting.clear()
            self._changed.notify_all()
        if cancel_futures:
            self._crew.stop()
            for task in dropped:  # without the lock: a thread that wants it may be waited for
                task.future.cancel()
        for thread in self._threads if wait else ():
            thread.join()
        self._scratch.cleanup()

    def _serve(self, number: int) -> None:
        where = self._devices[number % len(self._devices)]
        try:
            with Bench(self._crew, Path(self._scratch.name), self._watch, where) as bench:
                bench.use()
                while task := self._next(number):
                    if not task.future.set_running_or_notify_cancel():
                        continue
                    try:
                        result = task.function(task.job)
                    except BaseException as error:
                        task.future.set_exception(error)
                    else:
                        task.future.set_result(result)
        except OSError as error:  # the bench cannot be had, or not be cleared away
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Have all that waits fail: a thread is lost."""
        with self._changed:
            waiting = [task for tasks in self._waiting.values() for task in tasks]
            self._waiting.clear()
        for task in waiting:
            if task.future.set_running_or_notify_cancel():
                task.future.set_exception(error)

    def _next(self, number: int) -> Task | None:
        """Return the next task: of the own codec, or of one that nobody serves, or of any."""
        with self._changed:
            own = self._served.pop(number, "")
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            others = self._served.values()
            free = (codec for codec in self._waiting if codec not in others)
            codec = own if own in self._waiting else next(free, next(iter(self._waiting)))
            self._served[number] = codec
            task = self._waiting[codec].popleft()
            if not self._waiting[codec]:
                del self._waiting[codec]
            return task


def _own() -> str:
    return f"{platform.node()}-{os.getpid()}"


def _remove_scratch(folder: Path) -> None:
    """Remove what runs have left in a folder that were killed on this machine."""
    for left in folder.glob(f"{SCRATCH}{platform.node()}-*"):
        process = left.name.removeprefix(f"{SCRATCH}{platform.node()}-").partition("-")[0]
        if not is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)

"""Jobs as jobs of Slurm, by submitit. Those that come together are one array."""

import os
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import replace
from math import ceil
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from codelength import Unavailable
from codelength.measure.job import Job

FOLDER = Path("codelength-slurm")
"""Where Slurm's machines find jobs and leave results; all of them have to see it."""
LOCAL = "local"
"""In place of a partition: processes of this machine, to try it."""
PAUSE = 0.5
"""Seconds between two looks for results."""
ARRAY = 1000
"""Jobs of an array; Slurm takes no more as it is set up."""
STARTING = 10
"""Minutes that a job may take beside its codec."""


Task = tuple[Callable[[Job], Any], Job, "Future[Any]"]


class SlurmExecutor(Executor):
    """Each job is a job of Slurm. With one at a time on a machine, it has the machine to itself."""

    def __init__(self, partition: str, jobs: int) -> None:
        """Start a thread that submits jobs and looks for results.

        Args:
            partition: Of Slurm; that by default if empty; LOCAL for processes of this machine.
            jobs: Jobs at once on a machine. Of two or more, speeds are labelled.

        Raises:
            Unavailable: submitit is not installed, or Slurm is not here.
        """
        try:
            import submitit
        except ImportError as error:
            hint = "python -m pip install 'codelength[slurm]'"
            raise Unavailable(f"submitit is not installed: {hint}") from error
        self._is_local = partition == LOCAL
        try:
            self._executor = submitit.AutoExecutor(FOLDER, LOCAL if self._is_local else "slurm")
        except RuntimeError as error:
            raise Unavailable(f"Slurm is not here: {error}; see --on slurm:local") from error
        self._partition, self._jobs = partition, jobs
        self._new: SimpleQueue[Task] = SimpleQueue()
        self._running: list[tuple[Any, Future[Any]]] = []
        self._closed = Event()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Have a machine call a function with a job."""
        (job,), future = args, Future[Any]()
        self._new.put((fn, job, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the thread, and take back the jobs that are not finished."""
        self._closed.set()
        self._thread.join()
        for job, _ in self._running:
            job.cancel()

    def _work(self) -> None:
        while not self._closed.is_set():
            room = self._jobs - len(self._running) if self._is_local else ARRAY
            new: list[Task] = []
            with suppress(Empty):
                while len(new) < room:
                    new.append(self._new.get_nowait())
            groups = defaultdict(list)
            for function, job, future in new:
                if future.set_running_or_notify_cancel():
                    groups[job.resources, job.limits.timeout].append((function, job, future))
            for tasks in groups.values():
                self._submit_array(tasks)
            self._running = [pair for pair in self._running if not _settle(*pair)]
            self._closed.wait(PAUSE)

    def _submit_array(self, tasks: list[Task]) -> None:
        """Submit jobs that need the same."""
        try:
            need, limits = tasks[0][1].resources, tasks[0][1].limits
            self._executor.update_parameters(
                name="codelength",
                timeout_min=ceil(2 * limits.timeout / 60) + STARTING,
                **({} if self._is_local else self._parameters(need)),
            )
            with self._executor.batch():
                jobs = [
                    self._executor.submit(_measure, function, job, need.cores, self._jobs)
                    for function, job, _ in tasks
                ]
        except Exception as error:
            for _, _, future in tasks:
                future.set_exception(error)
        else:
            self._running += zip(jobs, (future for _, _, future in tasks), strict=True)

    def _parameters(self, need: Any) -> dict[str, object]:
        """What Slurm is asked for."""
        return {
            "slurm_partition": self._partition or None,
            "slurm_exclusive": self._jobs == 1,
            "cpus_per_task": need.cores,
            "mem_gb": ceil(need.memory / 1e9),
            "gpus_per_node": need.gpus or None,
        }


def _measure(function: Callable[[Job], Any], job: Job, cores: int, jobs: int) -> Any:
    """Call a function with a job that knows how many may run beside it."""
    beside = 1 if jobs == 1 else max(jobs, (os.cpu_count() or 1) // cores)
    return function(replace(job, beside=beside))


def _settle(job: Any, future: "Future[Any]") -> bool:
    """Give a future what has become of its job, if it has ended."""
    if not job.done():
        return False
    try:
        result = job.result()
    except Exception as error:
        future.set_exception(error)
        return True
    for path in (
        job.paths.submitted_pickle,
        job.paths.result_pickle,
        job.paths.stdout,
        job.paths.stderr,
    ):
        with suppress(OSError):
            path.unlink()
    future.set_result(result)
    return True

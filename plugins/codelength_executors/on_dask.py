"""Jobs as tasks of a Dask cluster, by its client."""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

from codelength import Unavailable, UsageError
from codelength.measure.job import Job


class DaskExecutor(Executor):
    """Each job is a task. Dask gives a thread to it, and nothing else."""

    def __init__(self, address: str, jobs: int) -> None:
        """Join a cluster.

        Args:
            address: Of its scheduler: `HOST:PORT`.
            jobs: How many jobs are measured at once on a machine is for the cluster to say: by the
                threads of its workers.

        Raises:
            UsageError: There is no address.
            Unavailable: Dask is not installed, or the cluster cannot be reached.
        """
        if not address:
            raise UsageError("--on dask needs the address of the scheduler: dask:HOST:PORT")
        try:
            from distributed import Client
        except ImportError as error:
            hint = "python -m pip install 'codelength[dask]'"
            raise Unavailable(f"Dask is not installed: {hint}") from error
        try:
            self._client = Client(address)
        except (OSError, ValueError) as error:
            raise Unavailable(f"no Dask cluster at {address}: {error}") from error
        self._executor = self._client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Have a worker call a function with a job."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        threads: Counter[str] = Counter()
        for worker in workers:
            threads[worker["host"]] += worker["nthreads"]
        future: Future[Any] = self._executor.submit(_measure, fn, args[0], dict(threads))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; it drops what it still has to do for this run."""
        self._executor.shutdown(wait=False)
        self._client.close()


def _measure(function: Callable[[Job], Any], job: Job, threads: Mapping[str, int]) -> Any:
    """Call a function with a job that knows how many may run beside it."""
    from distributed import get_worker

    host = get_worker().address.split("://")[-1].rpartition(":")[0]
    return function(replace(job, beside=threads.get(host, max(threads.values(), default=1))))

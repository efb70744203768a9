"""Jobs as tasks of a Ray cluster."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import cache
from typing import Any

from codelength import Unavailable, UsageError
from codelength.measure.job import Job, Resources

RETRIES = 3
"""How often Ray begins a task again whose machine or process is lost."""


class RayExecutor(Executor):
    """Each job is a task, which takes its part of a machine's cores."""

    def __init__(self, address: str, jobs: int) -> None:
        """Join a cluster, or start one on this machine if there is none.

        Args:
            address: As Ray takes it: `HOST:PORT`, `ray://HOST:PORT`, or nothing.
            jobs: Jobs at once on a machine. Of two or more, speeds are labelled.

        Raises:
            Unavailable: Ray is not installed, or the cluster cannot be reached.
        """
        ray = _import()
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            try:
                ray.init(address=address or None, log_to_driver=False, logging_level="error")
            except (ConnectionError, OSError, RuntimeError, ValueError) as error:
                raise Unavailable(
                    f"no Ray cluster at {address or 'this machine'}: {error}"
                ) from error
        self._nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        self._nodes = [node for node in self._nodes if node.get("CPU")]
        if not self._nodes:
            raise Unavailable("the Ray cluster has no machine with a core")
        self._jobs = jobs
        self._task = ray.remote(_measure)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Have a machine call a function with a job. Raises UsageError if it fits nowhere."""
        (job,) = args
        cores = share_of_cores([node["CPU"] for node in self._nodes], job.resources, self._jobs)
        fits = [
            n for n in self._nodes if n["CPU"] >= cores and n.get("GPU", 0) >= job.resources.gpus
        ]
        if not fits:
            need = f"{cores:g} cores and {job.resources.gpus} GPUs"
            raise UsageError(
                f"no machine of the Ray cluster has {need}, which {job.key.codec} takes"
            )
        memory = min(job.resources.memory, max(int(n.get("memory", 0)) for n in fits))
        task = self._task.options(
            num_cpus=cores,
            num_gpus=job.resources.gpus,
            memory=memory or None,
            max_retries=RETRIES,
            name=f"{job.key.codec} on {job.key.corpus}",
        )
        future: Future[Any] = task.remote(fn, job, cores).future()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; what it still does for this run ends."""
        if self._is_ours:
            _import().shutdown()


def share_of_cores(machines: Sequence[float], need: Resources, jobs: int) -> float:
    """Return the cores that a job takes, so that `jobs` of them fit on the smallest machine."""
    return max(need.cores, min(machines) // jobs)


def _measure(function: Callable[[Job], Any], job: Job, cores: float) -> Any:
    return function(replace(job, beside=max(1, int(_cores_here() // cores))))


@cache
def _cores_here() -> float:
    """Return the cores of all nodes that are on this machine, as Ray counts them."""
    ray = _import()
    here = ray.get_runtime_context().get_node_id()
    nodes = [node for node in ray.nodes() if node["Alive"]]
    (host,) = {node["NodeManagerHostname"] for node in nodes if node["NodeID"] == here}
    cores = [n["Resources"].get("CPU", 0) for n in nodes if n["NodeManagerHostname"] == host]
    return float(sum(cores))


def _import() -> Any:
    try:
        import ray
    except ImportError as error:
        raise Unavailable(
            "Ray is not installed: python -m pip install 'codelength[ray]'"
        ) from error
    return ray

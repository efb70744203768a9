"""Measuring one cell: encoded in one worker, decoded and compared in another one."""

import signal
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from codelength.measure.job import Job, Limits, Recipe
from codelength.measure.worker import Decoded, Encoded, Failed, Ready, decode, encode, prepare
from codelength.results.cell import Cell, CorpusSlice, Status
from codelength.results.validity import find_problem
from codelength.workers.supervisor import (
    CallFailed,
    Crew,
    Died,
    Pending,
    Supervisor,
    TimedOut,
)

T = TypeVar("T")


class Watch:
    """Is told how a run goes on; does nothing with it unless a method is overridden.

    Several threads call it, one for each codec that is measured at the same time.
    """

    def reading(self, corpus: str) -> None:
        """A corpus is read to see what is in it."""

    def begin(self, total: int) -> None:
        """The corpora are read; so many cells follow."""

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        """A direction of a cell begins."""

    def advanced(self, codec: str, done: int) -> None:
        """So many raw bytes of it are done."""

    def finished(self, cell: Cell, reused: bool) -> None:
        """A cell has its result; `reused` if an earlier run had it already."""


SILENT = Watch()


def measure_cell(job: Job) -> Cell:
    """Measure one codec on one slice of a corpus, in two processes that are gone in the end.

    Whatever the codec does, the result is a cell: its status says what became of it.
    """
    with (
        tempfile.TemporaryDirectory(prefix="codelength-") as folder,
        CodecWorkers(job.recipe, job.limits, Crew(), Path(folder)) as workers,
    ):
        return workers.measure(job)


class CodecWorkers:
    """The two workers of a codec, for one cell after the other. Leaving the context ends them.

    Both stay until then, unless a worker has needed more than half of the memory that it may have:
    then one is ended before the other one begins.
    """

    def __init__(self, recipe: Recipe, limits: Limits, crew: Crew, folder: Path) -> None:
        self._recipe, self._limits = recipe, limits
        self._crew, self._folder = crew, folder
        self._workers: dict[bool, Supervisor] = {}
        """The one that encodes under False, the one that decodes under True."""
        self._ready: Ready | Failed | None = None
        self._large = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def start(self) -> Ready | Failed:
        """What the codec says of itself, once both workers are up.

        One that cannot be had is asked only once; a worker that has died is started again.
        """
        return self._start([False] if self._large else [False, True])

    def measure(self, job: Job, watch: Watch = SILENT) -> Cell:
        """Measure a job of this codec."""
        if isinstance(ready := self.start(), Failed):
            return failed_cell(job, ready)
        encoded = self._direct(encode, False, job, watch)
        if isinstance(encoded, Failed):
            return failed_cell(job, encoded)
        decoded = self._direct(decode, True, job, watch)
        if isinstance(decoded, Failed):
            return failed_cell(job, decoded)
        cell = Cell(
            codec=job.recipe.codec,
            slice=job.slice,
            status=Status.OK,
            run=job.run,
            evidence=ready.evidence,
            plugin=ready.plugin,
            versions=ready.versions,
            digests=ready.digests,
            coded_bytes=encoded.coded_bytes,
            groups=encoded.groups,
            ledger=encoded.ledger,
            model_bytes=ready.model_bytes,
            card=ready.card,
            header_bytes=encoded.header_bytes,
            blobs=encoded.blobs,
            encode=encoded.phase,
            decode=decoded.phase,
        )
        problem = find_problem(cell)
        return failed_cell(job, Failed(Status.FAILED, problem)) if problem else cell

    def log(self) -> str:
        """The end of what the workers have printed since this was last asked."""
        return "\n".join(filter(None, (worker.errors() for worker in self._workers.values())))

    def _direct(
        self,
        function: Callable[[Recipe, CorpusSlice, str], T],
        decoding: bool,
        job: Job,
        watch: Watch,
    ) -> T | Failed:
        """One direction of a cell."""
        if isinstance(ready := self._start([decoding]), Failed):
            return ready
        codec = job.recipe.codec
        watch.started(codec, job.slice, decoding)
        scratch = str(self._folder / "blobs")
        pending = self._workers[decoding].begin(
            partial(function, job.recipe, job.slice, scratch), job.limits.timeout
        )
        answer = _result(pending, lambda done: watch.advanced(codec, done))
        if isinstance(answer, Encoded | Decoded) and job.limits.memory:
            self._large |= 2 * answer.phase.peak_bytes > job.limits.memory
        return answer

    def _start(self, wanted: Sequence[bool]) -> Ready | Failed:
        """Start those workers that are missing, at the same time, unless the codec cannot be had.

        End the other one if there is no memory for both.
        """
        pending = {}
        if self._large and len(wanted) == 1 and self._is_alive(not wanted[0]):
            self._workers[not wanted[0]].close()
        for decoding in wanted:
            if isinstance(self._ready, Failed) or self._is_alive(decoding):
                continue
            worker = Supervisor(
                threads=self._limits.threads, timed=True, within=self._folder, crew=self._crew
            )
            self._workers[decoding] = worker
            task = partial(prepare, self._recipe, self._limits.memory)
            pending[decoding] = worker.begin(task, self._limits.timeout)
        for call in pending.values():
            self._ready = _result(call)
            if isinstance(self._ready, Failed):
                break
        assert self._ready is not None
        return self._ready

    def _is_alive(self, decoding: bool) -> bool:
        return decoding in self._workers and self._workers[decoding].alive


def _result(pending: Pending[T], on_progress: Callable[[int], None] = lambda _: None) -> T | Failed:
    """What comes of a call, or what kept it from coming. Raises Stopped."""
    try:
        return pending.result(on_progress)
    except TimedOut as error:
        return Failed(Status.TIMEOUT, f"no result after {error.timeout:g} s; see --timeout")
    except Died as error:
        if error.code == -signal.SIGKILL:
            reason = "killed by the system, as it does when memory runs out"
            return Failed(Status.OUT_OF_MEMORY, reason)
        return Failed(Status.FAILED, str(error))
    except CallFailed as error:
        return Failed(Status.FAILED, str(error))


def failed_cell(job: Job, failed: Failed) -> Cell:
    """The cell of a job that came to nothing."""
    return Cell(
        codec=job.recipe.codec,
        slice=job.slice,
        status=failed.status,
        run=job.run,
        reason=failed.reason,
    )

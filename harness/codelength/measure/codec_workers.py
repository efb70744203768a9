"""Measuring one cell: encoded in one worker, decoded in another, compared in a third.

Only the first one has both the codec and the samples. The one that decodes gets the blobs: it knows
neither the corpus nor what the first one has left in its folder. The one that compares does not
load the codec. So a codec that wants to look better than it is finds the answer nowhere, unless the
encoder hides it in a place of its own; against that helps a sandbox.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import asdict

from codelength.measure.code import all_code, find_change, late_code
from codelength.measure.job import Job, Limits, Recipe
from codelength.measure.worker import Ready, compare, decode, encode, load, read_lengths
from codelength.results.cell import Cell, Code, CorpusSlice, Phase, Status
from codelength.results.validity import find_problem
from codelength.workers.processes import KILL
from codelength.workers.supervisor import (
    CallFailed,
    Crew,
    Died,
    FunctionRaised,
    Pending,
    Supervisor,
    TimedOut,
)

T = TypeVar("T")

STATUSES = {
    "Mismatch": Status.MISMATCH,
    "Unsupported": Status.UNSUPPORTED,
    "Unavailable": Status.UNSUPPORTED,
    "TimeoutError": Status.TIMEOUT,
    "MemoryError": Status.OUT_OF_MEMORY,
}
"""By the exception that a worker has raised; any other one is a failure."""

OUT_OF_MEMORY = "an allocation went past the memory limit"


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

    def timing(self, what: str) -> None:
        """All cells have their results; the gate times a codec."""


SILENT = Watch()


class Failed(Exception):
    """A cell came to nothing."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def measure_cell(job: Job) -> Cell:
    """Measure one codec on one slice of a corpus, in processes that are gone in the end.

    Whatever the codec does, the result is a cell: its status says what became of it.
    """
    with (
        tempfile.TemporaryDirectory(prefix="codelength-") as folder,
        CodecWorkers(job.recipe, job.limits, Crew(), Path(folder)) as workers,
    ):
        return workers.measure(job)


class CodecWorkers:
    """The workers of a codec, for one cell after the other. Leaving the context ends them.

    Before a decoder begins, workers end in whose folders the encoder has left something, the
    decoder ends if it knows the corpus from another cell, and the encoder ends if there is not
    memory for both. They start again for the next cell.
    """

    def __init__(self, recipe: Recipe, limits: Limits, crew: Crew, folder: Path) -> None:
        self._limits, self._crew, self._folder = limits, crew, folder.resolve()
        self._recipes = {
            "encoder": recipe,
            "decoder": replace(recipe, corpora=(), data=None),
            "reader": replace(recipe, codec="", plugin=""),
        }
        self._workers: dict[str, Supervisor] = {}
        self._ready: Ready | None = None
        self._failed: Failed | None = None
        self._large = False
        self._decoded: set[str] = set()
        """The corpora that the decoder knows."""
        self.codes: dict[str, Code] = {}
        """The code of the cells that were measured, by its digest."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def start(self) -> Ready:
        """Start encoder and decoder where they are missing; return what the codec says of itself.

        Raises Failed if the codec cannot be had; it is asked only once.
        """
        return self._start("encoder") if self._large else self._start("encoder", "decoder")

    def has_same_code(self, code: Code) -> bool:
        """Whether the codec's files are as they were then. Raises Failed."""
        self.start()
        self._start("decoder")
        folders = self._recipes["decoder"].folders
        return not self._ask("decoder", partial(find_change, code.files, folders))

    def measure(self, job: Job, watch: Watch = SILENT) -> Cell:
        """Measure a job of this codec."""
        try:
            return self._measure(job, watch)
        except Failed as failed:
            return failed_cell(job, failed)

    def log(self) -> str:
        """The end of what the workers have printed since this was last asked."""
        return "\n".join(filter(None, (worker.errors() for worker in self._workers.values())))

    def _measure(self, job: Job, watch: Watch) -> Cell:
        if self._large or job.slice.corpus in self._decoded:
            self._end("decoder")
        ready = self.start()
        watch.started(job.recipe.codec, job.slice, False)
        made = self._workers["encoder"].folder / "blobs"
        encoded = self._ask("encoder", partial(encode, job.recipe, job.slice, str(made)), watch)
        self._large |= self._is_large(encoded.encode)
        late = self._ask("encoder", partial(late_code, job.recipe.folders))

        blobs = self._folder / "blobs"
        self._put_away(made, blobs)
        if _stored_bytes(blobs) != encoded.coded_bytes:
            raise Failed(Status.FAILED, "its file of blobs holds something else, too")
        if self._large:
            self._end("encoder")
        self._start("decoder")
        self._decoded.add(job.slice.corpus)
        watch.started(job.recipe.codec, job.slice, True)
        outputs = self._workers["decoder"].folder / "outputs"
        task = partial(decode, self._recipes["decoder"], str(blobs), str(outputs))
        decoded = self._ask("decoder", task, watch)
        self._large |= self._is_large(decoded)
        loaded = self._ask("decoder", partial(all_code, job.recipe.folders))
        code = Code(run=job.run, files={**late, **loaded})
        self.codes[code.digest] = code

        self._start("reader")
        self._ask("reader", partial(compare, self._recipes["reader"], job.slice, str(outputs)))
        outputs.unlink(missing_ok=True)
        cell = Cell(
            codec=job.recipe.codec,
            slice=job.slice,
            status=Status.OK,
            run=job.run,
            decode=decoded,
            code=code.digest,
            **asdict(ready),
            **asdict(encoded),
        )
        if problem := find_problem(cell):
            raise Failed(Status.FAILED, problem)
        return cell

    def _start(self, *roles: str) -> Ready:
        """Start those workers that are missing, at the same time. Raises Failed."""
        if self._failed:
            raise self._failed
        calls = []
        for role in roles:
            if self._is_alive(role):
                continue
            worker = self._workers[role] = Supervisor(
                threads=self._limits.threads, timed=True, within=self._folder, crew=self._crew
            )
            if role != "reader":
                task = partial(load, self._recipes[role], self._limits.memory)
                calls.append(worker.begin(task, self._limits.timeout))
            if role == "decoder":
                self._decoded.clear()
        try:
            for call in calls:
                self._ready = _result(call)
        except Failed as failed:
            self._failed = failed
            raise
        assert self._ready is not None
        return self._ready

    def _ask(self, role: str, task: "partial[T]", watch: Watch = SILENT) -> T:
        """Have a worker do one step of a cell. Raises Failed."""
        codec = self._recipes["encoder"].codec
        return _result(
            self._workers[role].begin(task, self._limits.timeout),
            lambda done: watch.advanced(codec, done),
        )

    def _put_away(self, made: Path, blobs: Path) -> None:
        """Take the blobs out of the encoder's folder, and remove whatever else it has left."""
        try:
            made.replace(blobs)
            for role, worker in self._workers.items():
                if worker.alive and any(worker.folder.iterdir()):
                    self._end(role)
            kept = {blobs, *(worker.folder for worker in self._workers.values() if worker.alive)}
            for left in set(self._folder.iterdir()) - kept:
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink()
        except OSError as error:
            raise Failed(Status.FAILED, f"it has disturbed its folders: {error}") from error

    def _end(self, role: str) -> None:
        if self._is_alive(role):
            self._workers[role].close()

    def _is_alive(self, role: str) -> bool:
        return role in self._workers and self._workers[role].alive

    def _is_large(self, phase: Phase) -> bool:
        return bool(self._limits.memory) and 2 * phase.peak_bytes > (self._limits.memory or 0)


def _result(pending: "Pending[T]", on_progress: Callable[[int], None] = lambda _: None) -> T:
    """What comes of a call. Raises Failed for what kept it from coming, or Stopped."""
    try:
        return pending.result(on_progress)
    except TimedOut as error:
        reason = f"no result after {error.timeout:g} s; see --timeout"
        raise Failed(Status.TIMEOUT, reason) from error
    except FunctionRaised as error:
        status = next((STATUSES[kind] for kind in error.kinds if kind in STATUSES), Status.FAILED)
        reason = OUT_OF_MEMORY if status is Status.OUT_OF_MEMORY else str(error)
        raise Failed(status, reason) from error
    except CallFailed as error:
        if isinstance(error, Died) and error.code == -KILL:
            reason = "killed by the system, as it does when memory runs out"
            raise Failed(Status.OUT_OF_MEMORY, reason) from error
        raise Failed(Status.FAILED, str(error)) from error


def _stored_bytes(path: Path) -> int:
    """Add up the sizes of the blobs in a file; -1 if there is anything else in it."""
    total = 0
    try:
        with path.open("rb") as file:
            while lengths := read_lengths(file):
                total += sum(lengths)
                file.seek(sum(lengths), os.SEEK_CUR)
            return total if file.tell() == path.stat().st_size else -1
    except (OSError, ValueError, OverflowError):
        return -1


def failed_cell(job: Job, failed: Failed) -> Cell:
    """The cell of a job that came to nothing."""
    return Cell(
        codec=job.recipe.codec,
        slice=job.slice,
        status=failed.status,
        run=job.run,
        reason=failed.reason,
    )

"""Executes a plan: an executor measures its cells, and each is stored as it comes."""

import uuid
from collections import defaultdict
from concurrent.futures import CancelledError, Executor, Future
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from threading import RLock

from codelength.measure.bench import Outcome, measure_job, record_of
from codelength.measure.codec_workers import SILENT, Failed, Watch, failed_cell
from codelength.measure.job import Job, Limits
from codelength.measure.local import LocalExecutor
from codelength.measure.plan import Plan, Target, seconds_by_sample
from codelength.results.cell import Cell, CellKey, Readings, SliceKey, Status
from codelength.results.store import Store, load

LONG = 300.0
"""Seconds from which on a run measures the samples of all codecs before it measures all of any."""
QUICK = 10.0
"""Seconds up to which jobs are in the order of their codecs, so that processes keep a codec."""


def execute(
    plan: Plan,
    store: Store,
    limits: Limits,
    on: Executor | int = 1,
    watch: Watch = SILENT,
    fresh: bool = False,
) -> None:
    """Measure what the folder of `store` does not hold yet, and append it.

    However this ends, the workers on this machine are gone, and the cells that were finished are in
    the store.

    Args:
        on: What has its processes call `measure_job`, or how many jobs this machine measures at
            once.
        fresh: Measure everything, also what the folder holds.

    Raises:
        StoreError: A cell cannot be stored.
    """
    with ExitStack() as stack:
        here = isinstance(on, int)
        if isinstance(on, int):
            on = stack.enter_context(LocalExecutor(on, store.folder, watch))
        run = _Run(plan, store, limits, on, here, watch, fresh)
        try:
            run.go()
        except BaseException:
            run.stop()
            raise


class _Run:
    """The jobs of a plan, on their way to an executor and back."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        limits: Limits,
        executor: Executor,
        here: bool,
        watch: Watch,
        fresh: bool,
    ) -> None:
        self._plan, self._store, self._watch = plan, store, watch
        self._executor, self._here = executor, here
        self._results = load(store.folder)
        beside = executor.jobs if isinstance(executor, LocalExecutor) else 1
        self._name = run = uuid.uuid4().hex[:12]
        known = {} if fresh else {cell.key: cell for cell in self._results.current}
        self._jobs = [
            (
                replace(
                    job,
                    beside=beside,
                    before=(before := known.get(job.key)),
                    code=self._results.codes.get(before.code) if before else None,
                ),
                target,
            )
            for job, target in plan.jobs(limits, run)
        ]
        if not here:
            self._jobs.sort(key=lambda pair: -pair[0].seconds if pair[0].seconds > QUICK else 0)
        self._left = len(self._jobs)
        self._pending: set[Future[Outcome]] = set()
        self._later: dict[CellKey, list[tuple[Job, Target]]] = defaultdict(list)
        self._waiting: list[tuple[float, Job, Target]] = []
        """Cells whose samples were measured, with the seconds that they are expected to take."""
        self._long = sum(plan.expected.values()) > LONG
        self._cells: dict[str, dict[SliceKey, Cell]] = defaultdict(dict)
        self._lock = RLock()
        self._come: SimpleQueue[partial[None] | BaseException | None] = SimpleQueue()

    def go(self) -> None:
        """Submit all jobs, and keep what comes back until nothing is left."""
        self._watch.begin(len(self._jobs))
        for target in self._plan.targets:
            self._keep_readings(target)
        first = []
        for job, target in self._jobs:
            sample = self._plan.sample_of(target) if self._plan.within else None
            if sample:
                self._later[CellKey(job.recipe.codec, *sample.key)].append((job, target))
            else:
                first.append((job, target))
        self._jobs.clear()
        for job, target in first:  # from here on cells may come back
            self._submit(job, target)
        while self._left:
            come = self._come.get()
            if isinstance(come, BaseException):
                raise come
            if come:
                come()

    def stop(self) -> None:
        """End what this machine measures; take back what waits elsewhere."""
        if self._here:
            self._executor.shutdown(cancel_futures=True)
        for future in list(self._pending):
            future.cancel()

    def _submit(self, job: Job, target: Target) -> None:
        if target.problem:
            self._fail(job, target.problem)
            return
        future = self._executor.submit(measure_job, job)
        with self._lock:
            self._pending.add(future)
        future.add_done_callback(partial(self._on_done, job))

    def _on_done(self, job: Job, future: "Future[Outcome]") -> None:
        """Have the main thread settle a job; at once where this thread would go on with others."""
        if not self._here:
            self._come.put(partial(self._settle, job, future))
            return
        try:
            self._settle(job, future)
            self._come.put(None)
        except BaseException as error:
            self._come.put(error)

    def _settle(self, job: Job, future: "Future[Outcome]") -> None:
        with self._lock:
            self._pending.discard(future)
        try:
            outcome = future.result()
        except (Exception, CancelledError) as error:
            if self._here:
                raise
            what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self._fail(job, f"the machine or process that measured it is lost: {what}")
        else:
            self._keep(job, outcome)

    def _fail(self, job: Job, reason: str) -> None:
        record = record_of(job, job.limits.sandbox.value, job.device)
        failed = failed_cell(replace(job, run=record.run), Failed(Status.FAILED, reason))
        self._keep(job, Outcome(failed, record))

    def _keep(self, job: Job, outcome: Outcome) -> None:
        """Store what became of a job, and begin what has waited for it."""
        cell, code, record = outcome.cell, outcome.code, outcome.environment
        with self._lock:
            if cell != job.before or not outcome.reused:
                if cell.run == record.run and record.run not in self._results.environments:
                    self._results.environments[record.run] = record
                    self._store.append(record)
                if code and code.digest not in self._results.codes:
                    self._results.codes[code.digest] = code
                    self._store.append(code)
                self._store.append(cell)
                if outcome.log and not cell.ok:
                    head = f"=== {cell.codec} on {cell.slice.corpus}: {cell.reason}"
                    self._store.log(f"{head}\n{outcome.log}\n")
            self._cells[cell.codec][cell.slice.key] = cell
            self._watch.finished(cell, reused=outcome.reused)
            self._left -= 1
            for later, target in self._later.pop(job.key, ()):
                if self._plan.too_slow(target, self._cells[cell.codec]):
                    self._watch.left_out(later.key)
                    self._left -= 1
                else:
                    seconds = seconds_by_sample(cell, later.slice.bytes)
                    self._waiting.append((seconds, later, target))
            if not (self._long and self._later):
                self._submit_waiting()

    def _submit_waiting(self) -> None:
        """Begin the cells whose samples are known: the cheapest first, elsewhere the longest."""
        waiting = sorted(self._waiting, key=lambda one: one[0], reverse=not self._here)
        self._waiting.clear()
        for _, job, target in waiting:
            self._submit(job, target)

    def _keep_readings(self, target: Target) -> None:
        corpus, files = target.slice.corpus, list(target.readings)
        known = self._results.readings.get(corpus)
        if files and not (known and known.files == files):
            ledger = Readings(corpus=corpus, run=self._name, files=files)
            self._results.readings[corpus] = ledger
            self._store.append(ledger)

"""Measuring jobs where they were sent to: in any process, on any machine."""

import os
import platform
import tempfile
import threading
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from codelength.coding.device import PROCESSOR
from codelength.measure.codec_workers import SILENT, CodecWorkers, Failed, Watch
from codelength.measure.job import Job, default_memory
from codelength.results.cell import Cell, Code, Environment
from codelength.results.machine import environment
from codelength.workers.sandbox import Sandbox, strongest
from codelength.workers.supervisor import Crew

IDLE = 20.0
"""Seconds that the workers of a codec wait for its next job."""
VISIBLE = "CUDA_VISIBLE_DEVICES"

_lock = threading.Lock()
_thread = threading.local()


class Outcome(NamedTuple):
    """What became of a job."""

    cell: Cell
    environment: Environment
    """What the process that measured it found around itself."""
    code: Code | None = None
    log: str = ""
    """The end of what the codec's workers have printed."""
    reused: bool = False
    """Whether an earlier run has measured it."""


class Bench:
    """Measures the jobs of a thread. It keeps the workers of a codec for the next job of it."""

    def __init__(
        self,
        crew: Crew | None = None,
        scratch: Path | None = None,
        watch: Watch = SILENT,
        device: str = "",
    ) -> None:
        """Start nothing yet.

        Args:
            crew: Whom the workers end with.
            scratch: Where files of blobs go; by default the system's folder for such.
            watch: Is told how a cell goes on.
            device: Where models compute; by default where the job says, and on a machine that
                others sent jobs to.
        """
        self._crew, self._scratch, self._watch = crew or Crew(), scratch, watch
        self._device = device
        self._workers: CodecWorkers | None = None
        self._key: object = None
        self._timer = threading.Timer(0, self.close)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def use(self) -> None:
        """Have `measure_job` measure here, in this thread."""
        _thread.bench = self

    def measure(self, job: Job) -> Outcome:
        """Measure a job, unless the cell of an earlier run is still valid."""
        self._timer.cancel()
        with self._lock:
            device, wanted = self._device or job.device, job.limits.sandbox
            found = strongest(self._scratch)
            sandbox = wanted if wanted is Sandbox.NONE else found
            why = f"{found.value}, because {wanted.value} cannot be had in the results folder"
            said = why if sandbox is not wanted and self._device else sandbox.value
            record = record_of(job, said, device, "" if self._device else platform.node())
            memory = job.limits.memory or default_memory()
            limits = replace(job.limits, sandbox=sandbox, memory=memory)
            recipe = job.recipe if self._device else job.recipe.unpack()
            job = replace(job, recipe=recipe, limits=limits, device=device, run=record.run)
            workers = self._workers_of(job)
            before = _still_valid(job, workers)
            cell = before or workers.measure(job, self._watch)
            code, log = workers.codes.get(cell.code), workers.log()
        if device == PROCESSOR or self._device:
            self._timer = threading.Timer(IDLE, self.close)
            self._timer.daemon = True
            self._timer.start()
        else:
            self.close()  # the device may be for someone else next
        return Outcome(cell, record, code, log, before is not None)

    def close(self) -> None:
        """End the workers."""
        self._timer.cancel()
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._workers:
            self._workers.__exit__()
            self._folder.cleanup()
        self._workers = None

    def _workers_of(self, job: Job) -> CodecWorkers:
        key = (job.recipe, job.limits, job.device)
        if not self._workers or key != self._key:
            self._end()
            self._folder = tempfile.TemporaryDirectory(prefix="codelength-", dir=self._scratch)
            self._key = key
            self._workers = CodecWorkers(job, self._crew, Path(self._folder.name), self._scratch)
        return self._workers


def measure_job(job: Job) -> Outcome:
    """Measure a job in this process: what executors call.

    Whatever the codec does, the result has a cell, whose status says what became of it.
    """
    if not hasattr(_thread, "bench"):
        Bench().use()
    outcome: Outcome = _thread.bench.measure(job)
    return outcome


def measure_cell(job: Job) -> Cell:
    """Measure one codec on one slice of a corpus, in processes that are gone in the end.

    Whatever the codec does, the result is a cell: its status says what became of it.
    """
    with Bench() as bench:
        return bench.measure(job).cell


def record_of(job: Job, sandbox: str, device: str, node: str = "") -> Environment:
    """Return the record of what a job is measured in by this process.

    Args:
        sandbox: What keeps codecs to themselves.
        device: Where models compute.
        node: The machine, if the job was sent to it.
    """
    facts = {"node": node} if node else {}
    if device != PROCESSOR:
        visible = os.environ.get(VISIBLE)
        facts["device"] = f"{device} ({VISIBLE}={visible})" if visible and node else device
    with _lock:
        return _record(
            job.run, job.command, job.limits.threads, job.beside, sandbox, *facts.items()
        )


@cache
def _record(
    run: str, command: str, threads: int, beside: int, sandbox: str, *facts: tuple[str, str]
) -> Environment:
    record = environment(threads, beside, sandbox)
    machine = {**record.machine, **dict(facts)}
    if facts:  # all processes with the same ones have the same record
        lasting = {**machine, "load": "", "cells": f"{threads} {beside} {sandbox}"}
        run += f"-{sha256(msgspec.json.encode(lasting, order='sorted')).hexdigest()[:6]}"
    return msgspec.structs.replace(record, run=run, command=command, machine=machine)


def _still_valid(job: Job, workers: CodecWorkers) -> Cell | None:
    """Return what an earlier run measured, with what codec and corpus say of themselves now.

    None if it has to be measured again.
    """
    before, code = job.before, job.code
    if not before or not before.ok or before.slice.identity != job.slice.identity:
        return None
    try:
        ready = workers.start()
        if code is None or not workers.has_same_code(code):
            return None
    except Failed:
        return None
    said = (ready.versions, ready.digests, ready.plugin)
    if said != (before.versions, before.digests, before.plugin):
        return None
    return msgspec.structs.replace(before, slice=job.slice, **msgspec.structs.asdict(ready))

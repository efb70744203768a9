"""Executes a plan: codec by codec, cell after cell, every result stored as it comes."""

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Lock

from msgspec.structs import asdict, replace

from codelength.api.codec import Codec
from codelength.measure.codec_workers import SILENT, CodecWorkers, Failed, Watch, failed_cell
from codelength.measure.job import Job, Limits
from codelength.measure.plan import Plan
from codelength.plugins import Registered
from codelength.results.cell import Cell, Code, Readings, SliceKey, Status
from codelength.results.machine import environment
from codelength.results.store import Store, load
from codelength.workers.sandbox import Sandbox, strongest
from codelength.workers.supervisor import Crew

SCRATCH = ".scratch-"
"""How the folders for blobs begin; they are there only while a run lasts."""


def execute(
    plan: Plan,
    store: Store,
    limits: Limits,
    jobs: int = 1,
    watch: Watch = SILENT,
    fresh: bool = False,
) -> None:
    """Measure what the folder of `store` does not hold yet, and append it.

    However this ends, the workers are gone, and the cells that were finished are in the store.

    Args:
        jobs: Codecs that are measured at once.
        fresh: Measure everything, also what the folder holds.

    Raises:
        StoreError: A cell cannot be stored.
    """
    lock, crew, results = Lock(), Crew(), load(store.folder)
    known = {} if fresh else {cell.key: cell for cell in results.current}
    limits, sandbox = _fit_sandbox(limits, store.folder)
    record = environment(limits.threads, jobs, sandbox)
    store.append(record)
    ledgers = {t.slice.corpus: list(t.readings) for t in plan.targets if t.readings}
    for corpus, files in ledgers.items():
        store.append(Readings(corpus=corpus, run=record.run, files=files))
    watch.begin(len(plan.keys))

    def keep(cell: Cell, code: Code | None, log: str) -> None:
        with lock:
            if code and code.digest not in results.codes:
                results.codes[code.digest] = code
                store.append(code)
            store.append(cell)
            if log:
                store.log(f"=== {cell.codec} on {cell.slice.corpus}: {cell.reason}\n{log}\n")

    def serve(entry: Registered[Codec]) -> None:
        recipe = plan.recipe(entry)
        with (
            tempfile.TemporaryDirectory(dir=scratch) as folder,
            CodecWorkers(recipe, limits, crew, Path(folder), Path(scratch)) as workers,
        ):
            cells: dict[SliceKey, Cell] = {}
            for target in plan.targets:
                job = Job(recipe, target.slice, limits, record.run)
                if plan.too_slow(target, cells):
                    watch.left_out(job.key)
                    continue
                before, reused = known.get(job.key), None
                if target.problem:
                    cell = failed_cell(job, Failed(Status.FAILED, target.problem))
                else:
                    reused = _still_valid(before, job, workers, results.codes)
                    cell = reused or workers.measure(job, watch)
                log = workers.log()
                if cell != before or not reused:
                    keep(cell, workers.codes.get(cell.code), "" if cell.ok else log)
                cells[target.slice.key] = cell
                watch.finished(cell, reused=reused is not None)

    _remove_scratch(store.folder)
    with (
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=store.folder) as scratch,
        ThreadPoolExecutor(jobs) as pool,
    ):
        try:
            for future in as_completed([pool.submit(serve, entry) for entry in plan.codecs]):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            crew.stop()
            raise


def _fit_sandbox(limits: Limits, folder: Path) -> tuple[Limits, str]:
    """Return the limits with a sandbox that works in a folder, and what the record says of it."""
    wanted = limits.sandbox
    found = wanted if wanted is Sandbox.NONE else strongest(folder)
    if found is wanted:
        return limits, wanted.value
    why = f"{found.value}, because {wanted.value} cannot be had in the results folder"
    return dataclasses.replace(limits, sandbox=found), why


def _remove_scratch(folder: Path) -> None:
    """Remove what a run has left that was killed."""
    for left in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)


def _still_valid(
    before: Cell | None, job: Job, workers: CodecWorkers, codes: Mapping[str, Code]
) -> Cell | None:
    """What an earlier run measured, with what codec and corpus say of themselves now.

    None if it has to be measured again.
    """
    if not before or not before.ok or before.slice.identity != job.slice.identity:
        return None
    code = codes.get(before.code)
    try:
        ready = workers.start()
        if code is None or not workers.has_same_code(code):
            return None
    except Failed:
        return None
    said = (ready.versions, ready.digests, ready.plugin)
    if said != (before.versions, before.digests, before.plugin):
        return None
    return replace(before, slice=job.slice, **asdict(ready))

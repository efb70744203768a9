"""Runs a plan: two workers for each codec, cell after cell, every result stored as it comes."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol

from msgspec.structs import replace

from codelength.api.codec import Codec
from codelength.plugins import Registered
from codelength.results.cell import Cell, CellKey, CorpusSlice, Environment, Status
from codelength.results.portability import evidence_of
from codelength.results.store import Store
from codelength.run.plan import Plan, Target
from codelength.workers.messages import Decoded, Encoded, Failed, Ready, Setup, Task
from codelength.workers.supervisor import Crew, Limits, Worker

FAILURES = "failures.log"
"""In the results folder: what the workers of failed cells wrote, tracebacks among it."""

SCRATCH = ".scratch-"
"""How the folders for blobs begin; they are there only while a run lasts."""


class Watch(Protocol):
    """Told how a run goes on, from the thread that serves the codec."""

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        """A direction of a cell begins."""

    def advanced(self, codec: str, done: int) -> None:
        """So many raw bytes of it are done."""

    def finished(self, cell: Cell, reused: bool) -> None:
        """A cell has its result; `reused` if an earlier run had it already."""


def run(
    plan: Plan,
    store: Store,
    known: Mapping[CellKey, Cell],
    environment: Environment,
    limits: Limits,
    watch: Watch,
) -> None:
    """Measures what `known` (by key) does not hold yet and appends it to `store`.

    Raises StoreError, or KeyboardInterrupt. In every case the workers are gone in the end, and the
    cells that were finished are in the store.
    """
    lock, crew = Lock(), Crew()

    def keep(cell: Cell, log: str) -> None:
        with lock:
            store.append(cell)
            if log:
                with (store.folder / FAILURES).open("a") as file:
                    file.write(f"=== {cell.codec} on {cell.slice.corpus}: {cell.reason}\n{log}\n")

    def serve(entry: Registered[Codec]) -> None:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            server = Server(plan, entry, environment.run, limits, crew, Path(folder), watch, keep)
            try:
                server.serve(known)
            finally:
                server.close()

    for left in store.folder.glob(f"{SCRATCH}*"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=store.folder) as scratch,
        ThreadPoolExecutor(environment.jobs) as pool,
    ):
        futures = [pool.submit(serve, entry) for entry in plan.codecs]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            crew.stop()
            raise


@dataclass
class Server:
    """The cells of one codec, and the two workers that measure them."""

    plan: Plan
    entry: Registered[Codec]
    run: str
    limits: Limits
    crew: Crew
    folder: Path
    watch: Watch
    keep: Callable[[Cell, str], None]
    workers: dict[bool, Worker] = field(default_factory=dict)
    """The one that encodes under False, the one that decodes under True."""
    ready: Ready | Failed | None = None

    def serve(self, known: Mapping[CellKey, Cell]) -> None:
        """Measures every target that `known` lacks."""
        for target in self.plan.targets:
            if target.problem:
                self._finish(self._without(target.slice, Failed(Status.FAILED, target.problem)))
                continue
            before = known.get(CellKey(self.entry.item.spec, *target.slice.key))
            ready = self._start()
            if before and isinstance(ready, Ready) and self._still_holds(before, target, ready):
                # what was measured stays; what codec and corpus say of themselves may be new
                now = replace(
                    before,
                    slice=target.slice,
                    evidence=evidence_of(self.entry, ready.portable),
                    model_bytes=ready.model_bytes,
                    card=ready.card,
                )
                if now != before:
                    self.keep(now, "")
                self.watch.finished(now, reused=True)
            else:
                self._finish(self._measured(target, ready))

    def close(self) -> None:
        """Ends the workers."""
        for worker in self.workers.values():
            worker.close()

    def _still_holds(self, before: Cell, target: Target, ready: Ready) -> bool:
        """Whether a cell has been measured with the same bytes, libraries, files and plugin."""
        return (
            before.ok
            and before.slice.identity == target.slice.identity
            and before.versions == ready.versions
            and before.digests == ready.digests
            and before.plugin == self.entry.plugin.label
        )

    def _finish(self, cell: Cell) -> None:
        log = self._log.read_text(errors="replace").strip() if self._log.exists() else ""
        self._log.write_text("")  # the workers go on appending to it
        self.keep(cell, "" if cell.ok else log)
        self.watch.finished(cell, reused=False)

    def _measured(self, target: Target, ready: Ready | Failed) -> Cell:
        """One cell: encoded, and then decoded in the other process."""
        corpus_slice = target.slice
        if isinstance(ready, Failed):
            return self._without(corpus_slice, ready)
        encoded = self._ask(corpus_slice, decode=False)
        if isinstance(encoded, Failed):
            return self._without(corpus_slice, encoded)
        decoded = self._ask(corpus_slice, decode=True)
        if isinstance(decoded, Failed):
            return self._without(corpus_slice, decoded)
        assert isinstance(encoded, Encoded)
        assert isinstance(decoded, Decoded)
        return Cell(
            codec=self.entry.item.spec,
            slice=corpus_slice,
            status=Status.OK,
            run=self.run,
            evidence=evidence_of(self.entry, ready.portable),
            plugin=self.entry.plugin.label,
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

    def _without(self, corpus_slice: CorpusSlice, failed: Failed) -> Cell:
        return Cell(
            codec=self.entry.item.spec,
            slice=corpus_slice,
            status=failed.status,
            run=self.run,
            reason=failed.reason,
        )

    def _start(self) -> Ready | Failed:
        """Both workers up, and what they say of the codec. A codec that cannot be had is asked for
        once; one whose process died is started again."""
        if isinstance(self.ready, Failed):
            return self.ready
        missing = [
            decode
            for decode in (False, True)
            if decode not in self.workers or not self.workers[decode].alive
        ]
        for decode in missing:
            self.workers[decode] = Worker(self._setup, self.limits, self.crew, self._log)
        for decode in missing:
            answer = self.workers[decode].ready()
            if isinstance(answer, Ready):
                self.ready = answer
            else:
                assert isinstance(answer, Failed)
                self.ready = answer
                return answer
        assert self.ready is not None
        return self.ready

    def _ask(self, corpus_slice: CorpusSlice, decode: bool) -> Encoded | Decoded | Failed:
        codec = self.entry.item.spec
        self.watch.started(codec, corpus_slice, decode)
        task = Task(corpus_slice, str(self.folder / "blobs"), decode)
        answer = self.workers[decode].ask(task, lambda done: self.watch.advanced(codec, done))
        assert isinstance(answer, Encoded | Decoded | Failed)
        return answer

    @property
    def _setup(self) -> Setup:
        plugins = self.plan.plugins
        names = {self.entry.plugin.name, *(target.plugin for target in self.plan.targets)}
        return Setup(
            codec=self.entry.item.spec,
            plugins=sorted(names),
            files=list(plugins.files),
            data=str(plugins.data) if plugins.data else None,
            memory=self.limits.memory,
        )

    @property
    def _log(self) -> Path:
        return self.folder / "log"

"""Measuring one cell: read in one worker, encoded in another, decoded in a third.

The encoder is given a file of samples, the decoder a file of blobs. Each has a folder of its own,
and files go from one to the other through this process. The reader has never loaded the codec: it
counts the blobs and compares what was decoded. So a codec that wants to look better than it is
finds the answer nowhere, unless the encoder hides it outside of its folder; `workers.sandbox` keeps
it from that.
"""

import re
import shutil
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import asdict

from codelength.api.media import Kind
from codelength.api.spec import split_spec
from codelength.coding import device
from codelength.measure.code import all_code, find_change, late_code
from codelength.measure.job import WITHOUT_MODEL, Job, Recipe, default_memory
from codelength.measure.worker import (
    CHANGED,
    Measured,
    Ready,
    compare,
    count,
    decode,
    encode,
    has_compiled,
    itemize,
    keep_compiled,
    load,
    read,
    stamp,
    warm_up,
)
from codelength.results.cell import Cell, CellKey, Code, CorpusSlice, Phase, Status
from codelength.results.validity import find_problem
from codelength.workers.messages import encode as encode_record
from codelength.workers.processes import KILL
from codelength.workers.sandbox import Sandbox
from codelength.workers.shared_memory import list_shared, remove_shared
from codelength.workers.supervisor import (
    CallFailed,
    Crew,
    Died,
    FunctionRaised,
    Pending,
    Stopped,
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

ROLES = ("encoder", "decoder", "reader")

OWN, OWN_BYTE, OWN_SAMPLE, OWN_SHARE = 0.1, 20e-9, 50e-6, 0.25
"""Seconds that a worker may take in all for what is not the codec's: to read, write and compare
what its calls take and give. By the cell, the byte, the sample, and the second of its calls."""

STARTING = 60.0
"""Seconds at least to load a codec, and for each task of the reader."""

LONGEST = 1 << 20
"""Bytes of a cell that is stored: versions, digests, ledger and card are what a codec likes."""

TRIES = 3
PROCESSES = 2
"""Of a worker that has started none, outside of namespaces."""

DEVICE = 8 << 30
"""Bytes up to which encoder and decoder are expected to fit on a device at the same time."""

OUT_OF_MEMORY = "an allocation went past the memory limit"


class Watch:
    """Is told how a run goes on; does nothing with it unless a method is overridden.

    Several threads call it, one for each cell that is measured at the same time.
    """

    def reading(self, corpus: str) -> None:
        """A corpus is read to see what is in it."""

    def begin(self, total: int) -> None:
        """The corpora are read; so many cells follow."""

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        """A direction of a cell begins."""

    def advanced(self, codec: str, corpus_slice: CorpusSlice, done: int) -> None:
        """So many raw bytes of it are done."""

    def finished(self, cell: Cell, reused: bool) -> None:
        """A cell has its result; `reused` if an earlier run had it already."""

    def left_out(self, key: CellKey) -> None:
        """A cell is not measured: the codec is too slow for it."""

    def timing(self, what: str) -> None:
        """All cells have their results; the gate times a codec."""


SILENT = Watch()


class Failed(Exception):
    """A cell came to nothing."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class CodecWorkers:
    """The workers of a codec, for one cell after the other. Leaving the context ends them.

    Before a decoder begins, an encoder ends that has left something in its folder, or a process
    that still runs, and one that needs so much memory that there is not enough for both, as its
    model lets expect, or as was measured. A decoder
    ends before it meets a corpus that it knows from another cell. They start again for the next
    cell.
    """

    def __init__(self, job: Job, crew: Crew, folder: Path, scratch: Path | None = None) -> None:
        """Start none yet.

        Args:
            job: The first one. The others have the same codec, limits and device.
            crew: Whom to end them with.
            folder: Where they exchange files; nothing else is in it.
            scratch: What is around that folder and belongs to the workers of other codecs.
        """
        recipe, self._limits = job.recipe, job.limits
        self._crew, self._folder, self._device = crew, folder.resolve(), job.device
        self._scratch = (scratch or folder).resolve()
        self._shared: set[Path] = set()
        self._recipes = {
            "encoder": recipe,
            "decoder": replace(recipe, corpora=(), data=None, places=()),
            "reader": replace(recipe, codec="", plugin=""),
        }
        self._needed = needed_by(recipe)
        needed = [Path(sys.prefix), *map(Path, sys.path), *_files_of(recipe)]
        self._answers = [
            place
            for place in recipe.places
            if not any(path.is_relative_to(place) for path in needed)
        ]
        """Where a decoder might find what it has to make; but not what it needs itself."""
        self._workers: dict[str, Supervisor] = {}
        self._ready: Ready | None = None
        self._failed: Failed | None = None
        room = DEVICE if job.resources.gpus else self._limits.memory or default_memory()
        self._large = job.resources.memory > max(room, WITHOUT_MODEL)
        self._decoded: set[str] = set()
        """The corpora that the decoder knows."""
        self._kept: set[Kind] = set()
        """The kinds of data for which machine code was kept."""
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
        """Measure a job of this codec. Raises Stopped if the crew is stopped meanwhile."""
        try:
            return self._measure(job, watch)
        except Failed as failed:
            if self._crew.stopped:  # workers and folders are gone: that is not the codec's failure
                raise Stopped("stopped") from failed
            return failed_cell(job, failed)

    def log(self) -> str:
        """The end of what the workers have printed since this was last asked."""
        return "\n".join(filter(None, (worker.errors() for worker in self._workers.values())))

    def _measure(self, job: Job, watch: Watch) -> Cell:
        if self._large or job.slice.corpus in self._decoded:
            self._end("decoder")
        encoder, decoder, reader = (self._recipes[role] for role in ROLES)
        ready = self.start()
        self._start("reader")
        samples = self._file_of("reader", "samples")
        self._ask("reader", partial(read, reader, job.slice, samples))

        watch.started(job.recipe.codec, job.slice, False)
        given, blobs = self._hand_over(samples, "encoder"), self._file_of("encoder", "blobs")
        self._shared = list_shared()
        header_bytes = self._ask("encoder", partial(warm_up, encoder, decoding=False))
        task = partial(encode, encoder, given, blobs)
        encoded = self._ask_measured("encoder", task, job.slice, watch)
        ledger = self._ask("encoder", partial(itemize, encoder, blobs))
        self._check_corpus_untouched(job)
        late = self._ask("encoder", partial(late_code, encoder.folders))
        self._keep_compiled(job.slice.kind)
        kept = self._take_from_encoder(blobs, given)
        counted = self._ask("reader", partial(count, kept))

        self._start("decoder")
        self._decoded.add(job.slice.corpus)
        watch.started(job.recipe.codec, job.slice, True)
        given, outputs = self._hand_over(kept, "decoder"), self._file_of("decoder", "outputs")
        self._ask("decoder", partial(warm_up, decoder, decoding=True))
        task = partial(decode, decoder, given, outputs)
        decoded = self._ask_measured("decoder", task, job.slice, watch)
        loaded = self._ask("decoder", partial(all_code, encoder.folders))
        code = Code(run=job.run, files={**late, **loaded})
        self.codes[code.digest] = code
        outputs = self._hand_over(outputs, "reader")
        self._ask("reader", partial(compare, reader, job.slice, outputs))
        Path(outputs).unlink()
        cell = Cell(
            codec=job.recipe.codec,
            slice=job.slice,
            status=Status.OK,
            run=job.run,
            coded_bytes=counted.coded_bytes,
            groups=counted.groups,
            clusters=counted.clusters,
            cluster_sizes=counted.cluster_sizes,
            blobs=counted.blobs,
            ledger=ledger,
            header_bytes=min(header_bytes, counted.smallest),
            dropped_hints=encoded.dropped_hints,
            large_samples=counted.large_samples,
            streamed=encoded.streamed,
            encode=encoded.phase,
            decode=decoded.phase,
            code=code.digest,
            **asdict(ready),
        )
        if problem := find_problem(cell):
            raise Failed(Status.FAILED, problem)
        if (size := len(encode_record(cell))) > LONGEST:
            raise Failed(
                Status.FAILED, f"its cell takes {size:,} bytes: names or ledger are endless"
            )
        return cell

    def _start(self, *roles: str) -> Ready:
        """Start those workers that are missing, at the same time. Raises Failed."""
        if self._failed:
            raise self._failed
        calls = []
        for role in roles:
            if self._is_alive(role):
                continue
            apart = role != "reader"
            sandbox = self._limits.sandbox if apart else Sandbox.NONE
            copied = sandbox is Sandbox.NAMESPACES  # all that it may write to
            worker = self._workers[role] = Supervisor(
                threads=self._limits.threads,
                timed=True,
                variables={device.VARIABLE: self._device},
                within=self._folder,
                crew=self._crew,
                own_home=apart and not copied and not _files_of(self._recipes[role])[1:],
                sandbox=sandbox,
                hidden=[self._scratch, *(self._answers if role == "decoder" else ())],
                needed=self._needed,
            )
            if apart:
                task = partial(load, self._recipes[role], self._limits.memory)
                calls.append(worker.begin(task, max(self._limits.timeout, STARTING)))
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

    def _keep_compiled(self, kind: Kind) -> None:
        """Have machine code kept that the encoder compiled in a sandbox that keeps nothing.

        In a process that knows no corpus. Otherwise every process would compile it again, half a
        minute for some codecs.
        """
        if self._limits.sandbox is not Sandbox.NAMESPACES or kind in self._kept:
            return
        if not self._ask("encoder", partial(has_compiled)):
            return
        self._kept.add(kind)
        with Supervisor(
            threads=self._limits.threads,
            variables={device.VARIABLE: self._device},
            within=self._folder,
            crew=self._crew,
        ) as worker:
            task = partial(keep_compiled, self._recipes["decoder"], kind)
            with suppress(CallFailed):  # the codec's own workers say what is wrong with it
                worker.call(task, timeout=self._limits.timeout)

    def _ask(
        self, role: str, task: "partial[T]", on_progress: Callable[[int], None] = lambda _: None
    ) -> T:
        """Have a worker do one step of a cell. Raises Failed."""
        timeout = self._limits.timeout
        if role == "reader":
            timeout = max(timeout, STARTING)
        return _result(self._workers[role].begin(task, timeout), on_progress)

    def _ask_measured(
        self, role: str, task: "partial[Measured]", corpus_slice: CorpusSlice, watch: Watch
    ) -> Measured:
        """Have a worker encode or decode. Raises Failed, also if its clocks cannot be right.

        The codec's process reads its clocks itself, so that a call costs nothing else. The system
        counts the CPU time of the whole task from outside.
        """
        worker = self._workers[role]
        before = worker.cpu_seconds()
        codec = self._recipes["encoder"].codec
        measured = self._ask(role, task, lambda at: watch.advanced(codec, corpus_slice, at))
        spent = worker.cpu_seconds() - before
        own = OWN + OWN_BYTE * corpus_slice.bytes + OWN_SAMPLE * corpus_slice.samples
        if spent > own + (1 + OWN_SHARE) * measured.cpu_seconds:
            told = f"its calls took {measured.cpu_seconds:.2f} s of CPU time by its own clock"
            raise Failed(Status.FAILED, f"{told}, and {spent:.2f} s by the system's")
        self._large |= self._is_large(measured.phase)
        return measured

    def _check_corpus_untouched(self, job: Job) -> None:
        """Raise Failed if the encoder has written to the files of the corpus.

        In namespaces nobody else sees it. What others write, the encoder and this process both see.
        """
        places = job.recipe.places
        if self._limits.sandbox is not Sandbox.NAMESPACES or not places:
            return
        for _ in range(TRIES):  # somebody may write between the two looks
            seen, real = self._ask("encoder", partial(stamp, places)), stamp(places)
            if all(real[name] == seen[name] for name in real.keys() & seen.keys()):
                return
        raise Failed(
            Status.FAILED, CHANGED.format(f"corpus {job.slice.corpus}") + ": the codec did"
        )

    def _file_of(self, role: str, name: str) -> str:
        """A file in the folder of a worker."""
        return str(self._workers[role].folder / name)

    def _hand_over(self, file: str, role: str) -> str:
        """Move a file into the folder of a worker; return where it is now."""
        try:
            return str(Path(file).replace(self._file_of(role, Path(file).name)))
        except OSError as error:
            raise Failed(Status.FAILED, f"it has disturbed its folders: {error}") from error

    def _take_from_encoder(self, blobs: str, samples: str) -> str:
        """Take the blobs out of the encoder's folder, and remove whatever else it has left."""
        try:
            kept = Path(blobs).replace(self._folder / "blobs")
            Path(samples).unlink(missing_ok=True)
            encoder = self._workers["encoder"]
            left = any(encoder.folder.iterdir())
            if self._limits.sandbox is not Sandbox.NAMESPACES:
                processes = encoder.started()
                left |= len(processes) > PROCESSES
                remove_shared(self._shared, processes)
            if self._large or left:
                self._end("encoder")
            folders = {worker.folder for worker in self._workers.values() if worker.alive}
            for folder in folders:
                _clear(folder, set())
            _clear(self._folder, {kept, *folders})
        except OSError as error:
            raise Failed(Status.FAILED, f"it has disturbed its folders: {error}") from error
        return str(kept)

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


def _values_of(recipe: Recipe) -> list[str]:
    """The values of a codec's settings."""
    values = (one.rpartition("=")[2] for one in split_spec(recipe.codec)[1].split(","))
    return list(filter(None, values))


def _files_of(recipe: Recipe) -> list[Path]:
    """The file of a codec's plugin, if it is one, and those that its settings may name."""
    files = [Path(recipe.plugin)]
    for value in _values_of(recipe):
        with suppress(OSError, ValueError, RuntimeError):  # no file can have that name
            files.append(Path(value).expanduser().resolve(strict=True))
    return files


def needed_by(recipe: Recipe) -> list[Path]:
    """Files and folders that a codec may read: those of plugins, those that its settings name.

    Also the programs that a plugin file names which is no Python file.
    """
    found = [Path(sys.prefix)]
    for value in _values_of(recipe):
        with suppress(OSError, ValueError, RuntimeError):
            named = Path(value).expanduser().absolute()
            found += [named, *(named.iterdir() if named.is_dir() else ())]
    found += [path.resolve() for path in found[1:]]  # a cache of models has links to its files
    for file in map(Path, {recipe.plugin, *recipe.corpora} & set(recipe.files)):
        found += [file.parent, file]
        if file.suffix != ".py":
            words = re.findall(r"[~/][^\s\"']+", file.read_text(errors="replace"))
            found += [path for word in words if (path := Path(word).expanduser()).is_file()]
    return found


def _clear(folder: Path, kept: Collection[Path]) -> None:
    """Remove what is in a folder, save what is to be kept. Raises OSError."""
    for left in folder.iterdir():
        if left in kept:
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def failed_cell(job: Job, failed: Failed) -> Cell:
    """The cell of a job that came to nothing."""
    return Cell(
        codec=job.recipe.codec,
        slice=job.slice,
        status=failed.status,
        run=job.run,
        reason=failed.reason,
    )

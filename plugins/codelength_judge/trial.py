"""Judges one part: encoded in one process, decoded in another one that has only the blobs.

The folder of the first process is gone before the second one starts. In namespaces the second one
has no network, and of the submission only its own files; the data of the contest are hidden.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from codelength.measure.codec_workers import needed_by
from codelength.measure.job import Recipe
from codelength.measure.worker import difference
from codelength.workers.limits import read_status
from codelength.workers.sandbox import Sandbox
from codelength.workers.shared_memory import list_shared, remove_shared
from codelength.workers.supervisor import CallFailed, FunctionRaised, Supervisor, TimedOut
from codelength_judge.contest import Limits, Part, digest_files
from codelength_judge.tasks import Used, decode, encode, file_name
from codelength_judge.verdict import Direction, PartResult

Task = Callable[[Recipe, str, int | None], Used]


@dataclass(frozen=True)
class Court:
    """How the parts of a contest are judged."""

    recipe: Recipe
    folder: Path
    """Of temporary files."""
    entry: Path
    """The folder that has the submission's own files, and nothing else."""
    hidden: Sequence[Path]
    """What no decoder may see: the data of the contest, the submission's own folder."""
    limits: Limits
    threads: int
    sandbox: Sandbox

    def judge(self, part: Part, watch: Callable[[str], None]) -> tuple[PartResult, list[Used]]:
        """Encode and decode a part, and compare.

        Returns:
            What became of it, whatever the codec does, and what its processes said.
        """
        result = PartResult(
            part=part.name, files=len(part.files), bytes=part.bytes, digest=part.digest
        )
        watch(f"encoding the {part.name} part")
        encoded = self._convert(encode, part.files, ())
        if isinstance(encoded, str):
            return replace(result, problem=f"encoding the {part.name} part: {encoded}"), []
        used, direction, blobs = encoded
        result = replace(
            result,
            encode=direction,
            blob_bytes=sum(path.stat().st_size for path in blobs),
            blob_digest=digest_files(blobs),
        )
        watch(f"decoding the {part.name} part")
        decoded = self._convert(decode, blobs, self.hidden)
        if isinstance(decoded, str):
            return replace(result, problem=f"decoding the {part.name} part: {decoded}"), [used]
        used_to_decode, direction, outputs = decoded
        result = replace(result, decode=direction, round_trip=True)
        for wrote, read in zip(part.files, outputs, strict=True):
            if digest_files((wrote,)) != digest_files((read,)):
                where = difference(wrote.read_bytes(), read.read_bytes())
                problem = f"{wrote.name} of the {part.name} part did not come back: {where}"
                result = replace(result, round_trip=False, is_mismatch=True, problem=problem)
                break
        return result, [used, used_to_decode]

    def _convert(
        self, task: Task, given: Sequence[Path], hidden: Sequence[Path]
    ) -> "str | tuple[Used, Direction, tuple[Path, ...]]":
        """Have a new worker encode or decode files; return what came of it, or what went wrong."""
        shared, limits = list_shared(), self.limits
        start = time.monotonic()
        with Supervisor(
            threads=self.threads,
            timed=True,
            within=self.folder,
            sandbox=self.sandbox,
            hidden=hidden,
            needed=[self.entry, *needed_by(self.recipe)],
        ) as worker:
            (worker.folder / "given").mkdir()
            for number, path in enumerate(given):
                shutil.copyfile(path, worker.folder / "given" / file_name(number))
            call = partial(task, self.recipe, str(worker.folder), limits.memory)
            try:
                used = worker.call(call, limits.seconds)
            except TimedOut:
                return f"it took more than {limits.seconds:g} s"
            except FunctionRaised as error:
                if "MemoryError" in error.kinds:
                    return f"it took more than {limits.memory or 0:,} bytes of memory"
                return str(error)
            except CallFailed as error:
                return str(error)
            seconds = time.monotonic() - start
            peaks = [used.peak_bytes]
            for process in worker.started():
                with suppress(OSError, StopIteration):
                    peaks.append(read_status("VmHWM", process))
            direction = Direction(
                seconds=round(seconds, 3),
                cpu_seconds=round(worker.cpu_seconds(), 2),
                peak_bytes=max(peaks),
            )
            if self.sandbox is not Sandbox.NAMESPACES:
                remove_shared(shared, worker.started())
            made = sorted((worker.folder / "made").iterdir())
            if [path.name for path in made] != [file_name(number) for number in range(len(given))]:
                return f"{len(made)} files came out of {len(given)}"
            kept = self.folder / task.__name__
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(worker.folder / "made", kept)
        return used, direction, tuple(kept / path.name for path in made)

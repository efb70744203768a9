"""Trains a ladder by `codelength train`: a size after the other, weights at each checkpoint."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codelength.api.errors import CodelengthError, UsageError
from codelength.workers import program

COST = re.compile(r"[\d,]+ steps take about (?:(\d+) h )?(?:(\d+) min)?(?:(\d+) s)?")
"""What `codelength train` says after its first steps."""


class TrainingError(CodelengthError):
    """A model that did not get trained."""

    exit_code = 3


@dataclass(frozen=True)
class TrainingRun:
    """A model of the ladder, to be trained to its last checkpoint."""

    kind: str
    size: str
    seed: int | None
    """None for the only run of its size, whose files do not name it."""
    save_at: Sequence[int]
    folder: Path
    options: Sequence[str]
    """What else `codelength train` is told: the data, above all."""

    @property
    def name(self) -> str:
        """What its files are called, before their steps."""
        return f"{self.kind}-{self.size}" + ("" if self.seed is None else f"-seed{self.seed}")

    @property
    def out(self) -> Path:
        """What training calls its output; weights have the step behind it."""
        suffix = ".safetensors" if self.kind == "recurrent" else ""
        return self.folder / f"{self.name}{suffix}"

    @property
    def is_done(self) -> bool:
        """Whether all of its weights are there."""
        names = [path.name for path in self.folder.glob(f"{self.name}-step*")]
        return all(
            any(name.partition(".")[0].endswith(f"-step{at}") for name in names)
            for at in self.save_at
        )

    @property
    def command(self) -> list[str]:
        """The command that trains it."""
        steps = ",".join(map(str, self.save_at))
        words = ["train", self.kind, "--size", self.size, "--save-at", steps]
        words += [] if self.seed is None else ["--seed", str(self.seed)]
        return [*words, "--out", str(self.out), *self.options]


def estimate_cost(run: TrainingRun) -> float | None:
    """Take the first few steps, which are not lost, and return about how many seconds are left.

    None if the training came to its end meanwhile. Raises TrainingError.
    """
    last: list[str] = []
    with _started(run) as process:
        for line in _lines(process):
            last = [line]
            if match := COST.search(line):
                process.send_signal(signal.SIGINT)
                process.communicate()
                hours, minutes, seconds = (int(part or 0) for part in match.groups())
                return 3600.0 * hours + 60 * minutes + seconds
    _check(run, process, last)
    return None


def train(run: TrainingRun, say: Callable[[str], None]) -> None:
    """Train to the end; `say` gets each line that training prints. Raises TrainingError."""
    last: list[str] = []
    with _started(run) as process:
        for line in _lines(process):
            last = [line]
            say(f"{run.name}: {line}")
    _check(run, process, last)


@contextmanager
def _started(run: TrainingRun) -> Iterator["subprocess.Popen[bytes]"]:
    words = [sys.executable, "-m", "codelength", *run.command]
    with program.started(words, stderr=subprocess.PIPE) as process:
        try:
            yield process
            process.wait()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # it writes a checkpoint and goes
                process.communicate()


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    assert process.stderr is not None
    for line in process.stderr:
        if text := line.decode(errors="replace").strip():
            yield text


def _check(run: TrainingRun, process: "subprocess.Popen[bytes]", last: Sequence[str]) -> None:
    if process.returncode:
        why = last[-1].removeprefix("codelength: ") if last else f"exit code {process.returncode}"
        raise TrainingError(f"{run.name} did not get trained: {why}")


def plan_runs(
    kind: str, names: str, seeds: int, save_at: str, folder: Path, options: Sequence[str]
) -> list[TrainingRun]:
    """Return the runs of a ladder, `seeds` of each size. Raises UsageError."""
    steps = (
        [int(word) for word in save_at.split(",")] if re.fullmatch(r"\d+(,\d+)*", save_at) else []
    )
    if not steps or steps != sorted(set(steps)) or not steps[0]:
        raise UsageError(f"--save-at {save_at} cannot be: it takes rising numbers such as 64,128")
    listed = [name.strip() for name in names.split(",") if name.strip()]
    if not listed:
        raise UsageError("--sizes names no size; it takes a list such as 10k,30k,100k")
    numbers = [None] if seeds == 1 else list(range(seeds))
    return [
        TrainingRun(kind, name, seed, steps, folder, options) for seed in numbers for name in listed
    ]

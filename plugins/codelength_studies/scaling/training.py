"""Trains a ladder by `codelength train`: a run after the other, weights at each checkpoint.

Each run is a program that a worker starts, so that nothing is left of it when this command ends.
"""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from codelength.api.errors import CodelengthError, UsageError
from codelength.workers import program
from codelength.workers.calls import report_progress
from codelength.workers.supervisor import CallFailed, Supervisor

COST = re.compile(r"[\d,]+ steps take about (?:(\d+) h )?(?:(\d+) min)?(?:(\d+) s)?")
"""What `codelength train` says after its first steps."""
PATIENCE = 30.0
"""Seconds in which training may write a checkpoint when it is to end."""
LOOK = 0.5
"""Seconds between two looks whether a silent program has ended."""


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


class Ended(msgspec.Struct):
    """How a program that trains has ended."""

    code: int
    last: str
    """The last line that it printed."""
    left: float | None = None
    """About how many seconds it would have taken; None if it came to its end."""


def estimate_cost(run: TrainingRun) -> float | None:
    """Take the first few steps, which are not lost, and return about how many seconds are left.

    None if the training came to its end meanwhile. Raises TrainingError.
    """
    return _check(run, _supervise(run, True)).left


def train(run: TrainingRun) -> None:
    """Train to the end; what training prints goes to standard error. Raises TrainingError."""
    _check(run, _supervise(run, False))


def _supervise(run: TrainingRun, is_trial: bool) -> Ended:
    """Have a worker run the program. Stopped by Ctrl-C, it may still write a checkpoint."""
    pids: list[int] = []
    words = [sys.executable, "-m", "codelength", *run.command]
    with Supervisor(threads=None, keep_errors=False) as supervisor:
        pending = supervisor.begin(partial(run_program, words, "" if is_trial else run.name))
        try:
            return pending.result(pids.append)
        except KeyboardInterrupt:
            pending.deadline = time.monotonic() + PATIENCE
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
            with suppress(CallFailed):
                pending.result()
            raise


def run_program(words: list[str], name: str) -> Ended:
    """Run a program in a worker, and tell the supervisor its process.

    Args:
        name: What each line that it prints is printed behind. Without one, nothing is printed, and
            the program is stopped when it has said what it will cost.
    """
    last = ""
    with program.started(words, stderr=subprocess.PIPE) as process:
        report_progress(process.pid)
        for line in _lines(process):
            last = line
            if name:
                print(f"{name}: {line}", file=sys.stderr, flush=True)
            elif match := COST.search(line):
                process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=PATIENCE)
                hours, minutes, seconds = (int(part or 0) for part in match.groups())
                return Ended(0, last, 3600.0 * hours + 60 * minutes + seconds)
        return Ended(process.wait(), last)


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Yield what a program prints until it ends, even if others hold its pipe."""
    assert process.stderr is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stderr, selectors.EVENT_READ)
        while True:
            has_ended = process.poll() is not None
            if selector.select(0 if has_ended else LOOK):
                piece = os.read(process.stderr.fileno(), 1 << 16)
                *lines, rest = (rest + piece).split(b"\n")
                yield from filter(None, (line.decode(errors="replace").strip() for line in lines))
                if piece:
                    continue
                break
            if has_ended:
                break
    if text := rest.decode(errors="replace").strip():
        yield text


def _check(run: TrainingRun, ended: Ended) -> Ended:
    if ended.code:
        why = ended.last.removeprefix("codelength: ") or f"exit code {ended.code}"
        raise TrainingError(f"{run.name} did not get trained: {why}")
    return ended


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

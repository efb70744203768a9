"""Runs training from its beginning, or from a checkpoint, to its end."""

import math
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from codelength import UsageError
from codelength.cli.progress import Meter, duration
from codelength_train.run import Run

SUFFIX = ".safetensors"

EVERY = 180.0
"""Seconds of the run between two checkpoints."""

GLANCE = 32
"""Held-out windows measured at a checkpoint."""


@dataclass(frozen=True)
class Outputs:
    """Where weights are written: to `out` at the end, or to a file for each of some steps."""

    out: Path
    save_at: Sequence[int] = ()

    @property
    def checkpoint(self) -> Path:
        """Return the path of the checkpoint."""
        return self.out.with_name(f"{self.out.name.removesuffix(SUFFIX)}.checkpoint")

    def at(self, step: int) -> Path:
        """Return the path of the weights of a step."""
        suffix = SUFFIX if self.out.suffix == SUFFIX else ""
        return self.out.with_name(f"{self.out.name.removesuffix(SUFFIX)}-step{step}{suffix}")


def train(run: Run, outputs: Outputs, card: Mapping[str, str], meter: Meter) -> None:
    """Train to the end, show progress, and write the weights.

    A checkpoint is written at intervals, and when the process is interrupted.

    Raises:
        UsageError: If a step to save at has passed.
        click.Abort: If the process was interrupted.
        Diverged: If the loss or a parameter is no number.
    """
    if outputs.checkpoint.exists():
        run.load(outputs.checkpoint)
        passed = [at for at in outputs.save_at if at <= run.step and not outputs.at(at).exists()]
        if passed:
            raise UsageError(
                f"{outputs.checkpoint} is past step {passed[0]:,} of --save-at, which was "
                "not kept; remove it to begin anew"
            )
        meter.say(f"going on from {outputs.checkpoint} at step {run.step:,}")
    pace = _Pace(run)
    saved = run.seconds
    with _signals() as asked_to_stop:
        while run.done < 1 and not asked_to_stop:
            bits = run.advance()
            if not math.isfinite(bits) or run.done == 1 or run.step in outputs.save_at:
                run.check(bits)
            pace.add(bits)
            if run.bound.steps and run.step == pace.first_step + 3 and run.done < 1:
                meter.say(f"{run.bound.steps - run.step:,} steps take about {pace.left}")
            meter.now(pace.line)
            if run.step in outputs.save_at:
                _write(run, outputs.at(run.step), card, meter)
            if run.seconds - saved > EVERY or run.done == 1:
                saved = run.seconds
                run.save(outputs.checkpoint)
                if run.done < 1:
                    meter.say(f"{pace.line}, held out about {run.held_out(GLANCE):.3f}")
        if run.done < 1:
            run.save(outputs.checkpoint)
            meter.say(f"stopped at step {run.step:,}; the same command goes on from there")
            raise click.Abort
    if not outputs.save_at:
        _write(run, outputs.out, card, meter)
    meter.say(f"{outputs.checkpoint} is needed no more")


def _write(run: Run, out: Path, card: Mapping[str, str], meter: Meter) -> None:
    meter.now("measures on what was held out")
    written = run.write(out, card)
    meter.say(f"{out}: {written['held_out_bpb'].partition(' ')[0]} bpb on what was held out")


class _Pace:
    """Measures the speed of a run, and estimates when it ends."""

    def __init__(self, run: Run) -> None:
        self._run, self._begun = run, time.monotonic()
        self.first_step, self._first_done = run.step, run.done
        self._bits: float | None = None

    def add(self, bits: float) -> None:
        """Add a step with its loss."""
        self._bits = bits if self._bits is None else 0.95 * self._bits + 0.05 * bits

    @property
    def left(self) -> str:
        """Return the estimated wall time to the end."""
        run = self._run
        elapsed = time.monotonic() - self._begun
        return duration(elapsed * (1 - run.done) / max(run.done - self._first_done, 1e-9))

    @property
    def line(self) -> str:
        """Return a line of progress."""
        run = self._run
        return (
            f"{100 * run.done:.1f} %, {self.left} left: step {run.step:,}, {run.seen / 1e6:.1f} MB "
            f"at {run.seen / run.seconds / 1e3:.1f} kB/s, {self._bits:.3f} bpb"
        )


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Return a list that gets an entry when the process is interrupted or terminated."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

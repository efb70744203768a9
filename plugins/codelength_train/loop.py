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
from codelength.report.progress import Meter, duration
from codelength_train.run import Run

LOOKED_AT = 3
"""Steps after which the command says what the others take; `scaling` reads that line."""
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
    saved, smooth = run.seconds, math.nan
    began, first = time.monotonic(), run.step
    with _signals() as asked_to_stop:
        while run.done < 1 and not asked_to_stop:
            bits = run.advance()
            if not math.isfinite(bits) or run.done == 1 or run.step in outputs.save_at:
                run.check(bits)
            smooth = bits if math.isnan(smooth) else 0.95 * smooth + 0.05 * bits
            if run.bound.steps and run.step == first + LOOKED_AT and run.done < 1:
                steps = run.bound.steps - run.step
                seconds = (time.monotonic() - began) / LOOKED_AT * steps
                meter.say(f"{steps:,} steps take about {duration(seconds)}")
            meter.now(f"{_line(run, smooth)};", run.done)
            if run.step in outputs.save_at:
                _write(run, outputs.at(run.step), card, meter)
            if run.seconds - saved > EVERY or run.done == 1:
                saved = run.seconds
                run.save(outputs.checkpoint)
                if run.done < 1:
                    meter.say(f"{_line(run, smooth)}, held out about {run.held_out(GLANCE):.3f}")
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


def _line(run: Run, bits: float) -> str:
    """Say how far a run is, and the mean loss of its last steps."""
    speed = run.seen / run.seconds / 1e3
    return f"step {run.step:,}, {run.seen / 1e6:.1f} MB at {speed:.1f} kB/s, {bits:.3f} bpb"


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

"""The advisory part of the gate: does a codec take longer than when the baseline was made?

A pass is one process, in which the codec and two references take turns. What is compared are logs
of ratios to a mixture of the two; between passes of the same codec they differ by a few percent,
because memory falls out differently in each process. So the pass is the unit that counts: a codec
is called slower only if the median over passes is past a threshold, and the passes now rank above
those of the baseline.
"""

import math
import os
import platform
import signal
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median

import msgspec

from codelength.codec import Codec
from codelength.gate import rank
from codelength.gate.baseline import Grid, Pace
from codelength.gate.grid import GridWatch, Measured
from codelength.gate.rounds import Order, Pass, Seconds, Untimed
from codelength.plugins import Offer
from codelength.result import Cut, Struct
from codelength.run.client import HEAP, LIBRARY_THREADS
from codelength.run.machine import machine

PASSES = 5
"""Of a codec for a baseline; and in a gate, of one that looks slower."""
THRESHOLD = math.log(1.15)
"""Below it nothing is said."""
SUSPICION = THRESHOLD / 2
"""From there on a codec is timed again."""
SIGNIFICANCE = 0.01
RIDGE = 0.05
"""Keeps the share of the second reference near zero where the rounds do not tell what it is: about
the sum of squares that those of a few passes have by noise alone."""
MOST = 2.0
"""The largest share: a codec that suffers from neighbours more than the second reference does."""
DIRECTIONS = ("encode", "decode")


class Tempo(StrEnum):
    """What became of a codec's time."""

    SLOWER = "slower"
    AS_BEFORE = "as before"
    NOT_COMPARED = "not compared"
    NOT_TIMED = "not timed"


class Timing(Struct, frozen=True):
    """One direction of one codec."""

    codec: str
    direction: str
    tempo: Tempo
    factor: float | None = None
    """Time now over time then, each as a multiple of what the references took."""
    p: float | None = None
    """Of the rank test, where it was made."""
    passes: int = 0
    detail: str = ""
    """Why it was not compared."""


@dataclass(frozen=True)
class Timer:
    """Times codecs on the cells of a grid that are ok, each pass in a process of its own."""

    grid: Grid
    measured: Measured
    timeout: float
    """Seconds for a pass."""

    def paces(self, watch: GridWatch) -> list[Pace]:
        """All codecs, for a baseline. Passes over one codec lie apart, so that they see the
        machine in more than one state. Raises Untimed."""
        passes: dict[str, list[Pass]] = {}
        for turn in range(PASSES):
            for offer in self.measured.plan.codecs:
                spec = offer.item.spec
                if self._cuts(spec):
                    watch.timing(f"timing {spec}, pass {turn + 1} of {PASSES}")
                    mine = passes.setdefault(spec, [])
                    try:
                        mine.append(self.timed(offer, mine[0].piece if mine else None))
                    except Untimed as error:
                        line = f"{spec} cannot be timed: {error}; --time off leaves times out"
                        raise Untimed(line) from error
        return [pace(spec, self.grid, mine) for spec, mine in passes.items()]

    def against(self, before: Pace) -> list[Timing]:
        """Both directions of a codec against its pace in the baseline; timed again, up to PASSES
        times, while one of them looks slower."""
        offer = self.measured.plan.plugins.codec(before.codec)
        passes: list[Pass] = []
        try:
            while not passes or (len(passes) < PASSES and suspicious(before, passes)):
                passes.append(self.timed(offer, before.piece))
        except Untimed as error:
            return without(before.codec, Tempo.NOT_TIMED, str(error))
        return [judged(before, passes, direction) for direction in DIRECTIONS]

    def timed(self, offer: Offer[Codec], piece: int | None) -> Pass:
        """One pass on so many bytes of each corpus, or on as many as suit the codec. Raises
        Untimed."""
        plan, spec = self.measured.plan, offer.item.spec
        order = Order(
            codec=spec,
            plugins=sorted({offer.origin.name, *(target.plugin for target in plan.targets)}),
            files=list(plan.plugins.files),
            data=str(plan.plugins.data) if plan.plugins.data else None,
            cuts=[(cut.corpus, cut.protocol) for cut in self._cuts(spec)],
            clock=self.grid.clock(spec),
            piece=piece or max(cut.bytes for cut in self._cuts(spec)),
            settle=piece is None,
        )
        return answer(order, self.timeout)

    def _cuts(self, codec: str) -> list[Cut]:
        return [cell.cut for cell in self.measured.cells if cell.codec == codec and cell.ok]


def without(codec: str, tempo: Tempo, reason: str) -> list[Timing]:
    """Both directions of a codec of which there is no time to tell."""
    return [Timing(codec=codec, direction=d, tempo=tempo, detail=reason) for d in DIRECTIONS]


def conditions() -> dict[str, str]:
    """What times are of: on another processor or interpreter they are not compared."""
    facts = machine()
    return {
        "processor": facts["processor"],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def pace(codec: str, grid: Grid, passes: Sequence[Pass]) -> Pace:
    """What a baseline keeps of the passes over a codec."""
    rounds = [seconds for made in passes for seconds in made.rounds]
    mix = tuple(share(rounds, direction) for direction in DIRECTIONS)
    levels = [
        [round(level(made, direction, part), 4) for made in passes]
        for direction, part in zip(DIRECTIONS, mix, strict=True)
    ]
    return Pace(
        codec=codec,
        clock=grid.clock(codec),
        piece=passes[0].piece,
        mix=(mix[0], mix[1]),
        encode=levels[0],
        decode=levels[1],
    )


def share(rounds: Sequence[Seconds], direction: str) -> float:
    """How much of the second reference is in the mixture that follows the codec best: the slope,
    over rounds, of log(codec / first) on log(second / first), drawn towards 0 by RIDGE."""
    x = [math.log(seconds.working / seconds.waiting) for seconds in rounds]
    y = [math.log(getattr(seconds, direction) / seconds.waiting) for seconds in rounds]
    x_mean, y_mean = fmean(x), fmean(y)
    slope = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True)) / (
        sum((a - x_mean) ** 2 for a in x) + RIDGE
    )
    return round(min(MOST, max(0.0, slope)), 3)


def level(made: Pass, direction: str, part: float) -> float:
    """The median over a pass's rounds of log(codec / (first^(1 − part) · second^part))."""
    return median(mixed(seconds, direction, part) for seconds in made.rounds)


def mixed(seconds: Seconds, direction: str, part: float) -> float:
    """The same of one round."""
    reference = (1 - part) * math.log(seconds.waiting) + part * math.log(seconds.working)
    return math.log(getattr(seconds, direction)) - reference


def suspicious(before: Pace, passes: Sequence[Pass]) -> bool:
    """Whether a direction looks so much slower that it is worth another pass."""
    return any(
        median(_levels(before, passes, d)) - median(getattr(before, d)) > SUSPICION
        for d in DIRECTIONS
    )


def judged(before: Pace, passes: Sequence[Pass], direction: str) -> Timing:
    """One direction, by all passes that there are."""
    then, now = getattr(before, direction), _levels(before, passes, direction)
    change = median(now) - median(then)
    p = rank.larger(now, then)
    slower = change > THRESHOLD and p <= SIGNIFICANCE
    return Timing(
        codec=before.codec,
        direction=direction,
        tempo=Tempo.SLOWER if slower else Tempo.AS_BEFORE,
        factor=math.exp(change),
        p=p,
        passes=len(passes),
    )


def _levels(before: Pace, passes: Iterable[Pass], direction: str) -> list[float]:
    part = before.mix[DIRECTIONS.index(direction)]
    return [level(made, direction, part) for made in passes]


def answer(order: Order, timeout: float) -> Pass:
    """What the process that times a codec says. Raises Untimed."""
    threads = {f"{library}_NUM_THREADS": "1" for library in LIBRARY_THREADS}
    fixed = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "codelength.gate.stopwatch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **threads, **HEAP, **fixed},
            start_new_session=True,  # what a codec starts is ended with it
        )
        try:
            said, _ = process.communicate(msgspec.json.encode(order), timeout)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Untimed(f"no result after {timeout:g} s; see --timeout") from None
            raise
        errors.seek(0)
        words = errors.read().decode(errors="replace").strip().splitlines()
    try:
        return msgspec.json.decode(said, type=Pass)
    except msgspec.MsgspecError:
        last = words[-1] if words else f"its process ended with {process.returncode}"
        raise Untimed(last[:300]) from None

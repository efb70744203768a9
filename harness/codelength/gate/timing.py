"""The advisory part of the gate: does a codec take longer than when the baseline was made?

A pass is one process, in which the codec and two references take turns, round after round. A round
counts only if the machine was as undisturbed as it gets, and was so for the baseline, too: that
shows in how the references stand to each other. What is compared are logarithms of the codec's time
over that of the references. Passes of the same codec differ by a few percent, because memory
falls out differently in each process, so the pass is the unit: a codec is called slower only if the
median over passes is past a threshold, and the passes now rank above those of the baseline.
"""

import math
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

import msgspec

from codelength.api.codec import Codec
from codelength.gate import rank
from codelength.gate.baseline import Grid, Pace
from codelength.gate.grid import GridWatch, Measured
from codelength.gate.rounds import Order, Pass, Untimed
from codelength.plugins import Registered
from codelength.results.cell import CorpusSlice, Struct
from codelength.results.machine import machine
from codelength.workers.supervisor import HEAP, LIBRARY_THREADS

PASSES = 5
"""That count, of a codec for a baseline; and in a gate, of one that looks slower."""
TRIES = 10
"""Passes that are made at most, to find those that count."""
FEWEST = 4
"""Rounds that have to count, for a pass to."""
ALTOGETHER = 60.0
"""Seconds for the times of all codecs of a gate."""
PATIENCE = 120.0
"""Seconds after which a baseline is made in the state that the machine was in most, if it was
undisturbed too rarely."""
APART = 5.0
"""Seconds from one turn of passes for a baseline to the next: disturbances last that long."""
THRESHOLD = math.log(1.15)
"""Below it nothing is said."""
SUSPICION = THRESHOLD / 2
"""From there on a codec is timed again."""
SIGNIFICANCE = 0.01
UNDISTURBED = 1 / 8
"""The share of rounds, by their state, below which the undisturbed state is looked for."""
DIRECTIONS = ("encode", "decode")
WITHOUT = "--time off leaves times out"
ELSEWHEN = (
    "the machine was never in the state that the baseline was made in; --update, or run again"
)
LATE = "the time for times was over; run again when the machine is less busy"
UNSURE = "looks slower, but the machine was too busy to be sure; run again"


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
        entries = [o for o in self.measured.plan.codecs if self._cuts(o.item.spec)]
        passes: dict[str, list[Pass]] = {entry.item.spec: [] for entry in entries}
        start, begun = -math.inf, time.monotonic()
        for turn in range(TRIES):
            now = quietest(passes.values())
            left = [o for o in entries if len(counted(passes[o.item.spec], now)) < PASSES]
            if not left or (turn >= PASSES and time.monotonic() - begun > PATIENCE):
                break
            self.rest(start + APART - time.monotonic())
            start = time.monotonic()
            for entry in left:
                spec = entry.item.spec
                watch.timing(f"timing {spec}, pass {turn + 1}")
                mine = passes[spec]
                try:
                    mine.append(self.timed(entry, mine[0].piece if mine else None, now))
                except Untimed as error:
                    raise Untimed(f"{spec} cannot be timed: {error}; {WITHOUT}") from error
        now = quietest(passes.values())
        if any(len(counted(mine, now)) < PASSES for mine in passes.values()):
            now = commonest(list(passes.values()))
        return [pace(spec, self.grid, mine, now or 0.0) for spec, mine in passes.items()]

    def against(
        self, paces: Sequence[Pace], watch: GridWatch, until: float
    ) -> dict[str, list[Timing]]:
        """Both directions of each codec against its pace in the baseline, by one pass that counts;
        by PASSES of them, if one of the two looks slower. Those that need another pass take turns,
        and none begins after the moment `until`, of time.monotonic()."""
        passes: dict[str, list[Pass]] = {before.codec: [] for before in paces}
        failed: dict[str, str] = {}
        for turn in range(TRIES):
            for before in paces:
                spec = before.codec
                mine = passes[spec]
                if time.monotonic() > until or spec in failed or decided(before, mine):
                    continue
                watch.timing(f"timing {spec}" + (f" again, {turn}" if turn else ""))
                entry = self.measured.plan.plugins.codec(spec)
                try:
                    mine.append(self.timed(entry, before.piece, before.state))
                except Untimed as error:
                    failed[spec] = str(error)
        return {
            before.codec: (
                without(before.codec, Tempo.NOT_TIMED, failed[before.codec])
                if before.codec in failed
                else compared(before, passes[before.codec])
            )
            for before in paces
        }

    def timed(self, entry: Registered[Codec], piece: int | None, undisturbed: float | None) -> Pass:
        """One pass on so many bytes of each corpus, or on as many as suit the codec; it waits for
        that state of the machine, if it is known. Raises Untimed."""
        plan, spec = self.measured.plan, entry.item.spec
        order = Order(
            codec=spec,
            plugins=sorted({entry.plugin.name, *(target.plugin for target in plan.targets)}),
            files=list(plan.plugins.files),
            data=str(plan.plugins.data) if plan.plugins.data else None,
            slices=[
                (corpus_slice.corpus, corpus_slice.protocol) for corpus_slice in self._cuts(spec)
            ],
            clock=self.grid.clock(spec),
            piece=piece or max(corpus_slice.bytes for corpus_slice in self._cuts(spec)),
            settle=piece is None,
            undisturbed=undisturbed,
        )
        return answer(order, self.timeout)

    def rest(self, seconds: float) -> None:
        """Waits, if `seconds` are left at all."""
        time.sleep(max(0.0, seconds))

    def _cuts(self, codec: str) -> list[CorpusSlice]:
        return [cell.slice for cell in self.measured.cells if cell.codec == codec and cell.ok]


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


def quietest(passes: Iterable[Sequence[Pass]]) -> float | None:
    """The state of the machine where it was least disturbed; None before the first pass."""
    states = sorted(s.state for mine in passes for made in mine for s in made.rounds)
    return states[int(UNDISTURBED * len(states))] if states else None


def commonest(passes: Sequence[Sequence[Pass]]) -> float | None:
    """The state in which most passes count, of the codec of which fewest do."""
    states = [s.state for mine in passes for made in mine for s in made.rounds]
    by_count = (min(len(counted(mine, state)) for mine in passes) for state in states)
    return max(zip(by_count, states, strict=True), default=(0, None))[1]


def counted(passes: Iterable[Pass], undisturbed: float | None) -> list[Pass]:
    """What counts of those passes of which enough does: the rounds in that state."""
    if undisturbed is None:
        return []
    calm = [Pass(made.piece, [s for s in made.rounds if s.calm(undisturbed)]) for made in passes]
    return [made for made in calm if len(made.rounds) >= FEWEST]


def pace(codec: str, grid: Grid, passes: Sequence[Pass], undisturbed: float) -> Pace:
    """What a baseline keeps of the passes over a codec. Raises Untimed."""
    mine = counted(passes, undisturbed)
    if len(mine) < PASSES:
        raise Untimed(
            f"{codec} cannot be timed: {len(mine)} of {len(passes)} passes were undisturbed; "
            f"update when the machine is less busy; {WITHOUT}"
        )
    encode, decode = ([round(level(made, d), 4) for made in mine] for d in DIRECTIONS)
    return Pace(
        codec=codec,
        clock=grid.clock(codec),
        piece=passes[0].piece,
        state=round(undisturbed, 4),
        encode=encode,
        decode=decode,
    )


def level(made: Pass, direction: str) -> float:
    """The median over rounds of the logarithm of the codec's time over that of the references,
    which is the geometric mean of the two."""
    return median(
        math.log(getattr(s, direction) / math.sqrt(s.waiting * s.working)) for s in made.rounds
    )


def decided(before: Pace, passes: Sequence[Pass]) -> bool:
    """Whether no more passes are needed."""
    mine = counted(passes, before.state)
    return len(mine) >= PASSES or (bool(mine) and not suspicious(before, mine))


def compared(before: Pace, passes: Sequence[Pass]) -> list[Timing]:
    """Both directions of a codec, if there are passes enough to tell."""
    mine = counted(passes, before.state)
    if not passes:
        return without(before.codec, Tempo.NOT_COMPARED, LATE)
    if not mine:
        return without(before.codec, Tempo.NOT_COMPARED, ELSEWHEN)
    if not decided(before, passes):
        return without(before.codec, Tempo.NOT_COMPARED, UNSURE)
    return [judged(before, mine, direction) for direction in DIRECTIONS]


def suspicious(before: Pace, passes: Sequence[Pass]) -> bool:
    """Whether a direction looks so much slower that it is worth another pass."""
    return any(change(before, passes, direction) > SUSPICION for direction in DIRECTIONS)


def change(before: Pace, passes: Sequence[Pass], direction: str) -> float:
    """By how much the median over passes is above that of the baseline."""
    then: list[float] = getattr(before, direction)
    return median(level(made, direction) for made in passes) - median(then)


def judged(before: Pace, passes: Sequence[Pass], direction: str) -> Timing:
    """One direction, by all passes that count."""
    effect = change(before, passes, direction)
    p = rank.larger([level(made, direction) for made in passes], getattr(before, direction))
    slower = effect > THRESHOLD and p <= SIGNIFICANCE
    return Timing(
        codec=before.codec,
        direction=direction,
        tempo=Tempo.SLOWER if slower else Tempo.AS_BEFORE,
        factor=math.exp(effect),
        p=p,
        passes=len(passes),
    )


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

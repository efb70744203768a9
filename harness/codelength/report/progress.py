"""How something long goes on: a live ranking in a terminal, lines anywhere else."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, RLock, Thread
from typing import TYPE_CHECKING, TextIO

from codelength.measure.codec_workers import Watch
from codelength.metrics.ranking import geometric_mean
from codelength.metrics.rates import ratio
from codelength.report import format
from codelength.report.table import to_line
from codelength.results.cell import Cell, CellKey, CorpusSlice, SliceKey, Status

if TYPE_CHECKING:
    from rich.console import RenderableType

EVERY = 30.0
"""Seconds without a line, where lines stay, after which there is one on what is being done."""

SHOWN = 8
"""Codecs of the live ranking."""

NEARLY = 0.95
"""The most of a cell that may be taken for done because of the time that it has had."""


class Meter:
    """What is being done, how much of it, and the time to go, on a line that goes on by itself.

    Use it as a context. In a terminal the line changes every second; elsewhere there is a new one
    after half a minute.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._live = stream, stream.isatty()
        self._told = self._since = self._at = time.monotonic()
        self._text: str | Callable[[], str] = ""
        self._share = self._first = 0.0
        self._lock, self._ended = RLock(), Event()

    def __enter__(self) -> "Meter":
        Thread(target=self._go_on, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self.clear()

    def say(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock:
            self.clear()
            print(to_line(text), file=self._stream, flush=True)
            self._told = time.monotonic()

    def now(self, text: str | Callable[[], str], share: float = 0.0) -> None:
        """Say what is being done, and which share of it, from 0 to 1."""
        with self._lock:
            now = time.monotonic()
            if not self._share or share < self._share:
                self._since, self._first = now, share
            self._text, self._share, self._at = text, share, now
            if now - self._told > (0.1 if self._live else EVERY):
                self._draw()

    def clear(self) -> None:
        """Take the line that changes off the screen, until something else is being done."""
        with self._lock:
            self._text = ""
            if self._live:
                print("\r\033[K", end="", file=self._stream, flush=True)

    def _go_on(self) -> None:
        while not self._ended.wait(1):
            with self._lock:
                if self._text and (self._live or time.monotonic() - self._told > EVERY):
                    self._draw()

    def _draw(self) -> None:
        text = self._text if isinstance(self._text, str) else self._text()
        text, self._told = to_line(text + self._clock()), time.monotonic()
        around = ("\r", "\033[K") if self._live else ("", "\n")
        print(text.join(around), end="", file=self._stream, flush=True)

    def _clock(self) -> str:
        """The share that is done, and the time to go."""
        done, now = self._share - self._first, time.monotonic()
        if done <= 0:
            return f" {100 * self._share:.0f} %" if self._share else ""
        left = (self._at - self._since) * (1 - self._share) / done - (now - self._at)
        return f" {100 * self._share:.0f} %, {duration(left)} to go"


@dataclass
class _Running:
    """A cell that is being measured."""

    of: CorpusSlice
    due: float
    """Seconds that are expected; 0 if nothing is known."""
    began: float
    halves: int = 0
    """1 as soon as it is decoded."""
    done: int = 0
    """Bytes of this direction."""

    @property
    def share(self) -> float:
        """What is done of it, 0 to 1: by its bytes, or within a batch by the time it has had."""
        by_bytes = (self.halves + (self.done / self.of.bytes if self.of.bytes else 0)) / 2
        elapsed = time.monotonic() - self.began
        return max(by_bytes, min(NEARLY, elapsed / self.due) if self.due else 0.0)


class TimeToGo:
    """How much of the work is done, by the seconds that each cell is expected to take.

    Cells of which nothing is known count as one second each. As cells are finished, what they took
    corrects what is said of the others.
    """

    def __init__(self) -> None:
        self.expected: Mapping[CellKey, float] = {}
        self.total = self._spent = self._due = 0.0
        self.running: dict[CellKey, _Running] = {}

    def begin(self, cells: int) -> None:
        self.total = sum(self.expected.values()) if self.expected else cells

    def due(self, key: CellKey) -> float:
        """The seconds that a cell counts for."""
        return self.expected.get(key, 0.0) if self.expected else 1.0

    def started(self, codec: str, of: CorpusSlice, decode: bool) -> None:
        key = CellKey(codec, *of.key)
        if decode and key in self.running:
            self.running[key].halves, self.running[key].done = 1, 0
        else:
            self.running[key] = _Running(of, self.expected.get(key, 0.0), time.monotonic())

    def finished(self, cell: Cell, reused: bool) -> None:
        due, one = self.due(cell.key), self.running.pop(cell.key, None)
        if reused:
            self.total -= due
        else:
            self._due += due
            self._spent += time.monotonic() - one.began if one else 0.0

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        running = [self.due(key) * one.share for key, one in list(self.running.items())]
        return min(1.0, (self._due + sum(running)) / self.total) if self.total else 1.0

    def left(self) -> float | None:
        """Seconds to go; None as long as nothing is known."""
        if not self._due or self._due >= self.total:
            return self.total if self.expected and not self._due else None
        running = sum(time.monotonic() - one.began for one in list(self.running.values()))
        trust = self.total / 4 if self.expected else 0.0  # in what was expected
        pace = (self._spent + trust) / (self._due + trust)
        return max(1.0, pace * (self.total - self._due) - running)


class Lines(Watch):
    """One line for each finished cell, and one on what is being done if that takes long."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._done = self._total = 0
        self._lock = Lock()
        self._doing = ""
        self.forecast = TimeToGo()

    def reading(self, corpus: str) -> None:
        self.timing(f"reading {corpus}")

    def timing(self, what: str) -> None:
        self._doing = what
        self.show()

    def begin(self, total: int) -> None:
        self._total = self._done + total  # a run may go on with more
        self.forecast.begin(self._total)

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        self._doing = ""
        self.forecast.started(codec, corpus_slice, decode)
        self.show()

    def advanced(self, codec: str, corpus_slice: CorpusSlice, done: int) -> None:
        self.forecast.running[CellKey(codec, *corpus_slice.key)].done = done

    def finished(self, cell: Cell, reused: bool) -> None:
        with self._lock:
            self._done += 1
            self.forecast.finished(cell, reused)
            self.note(cell, reused)

    def show(self) -> None:
        """Show what is being done."""
        self._meter.now(lambda: "; ".join(self.doing()))

    def doing(self) -> list[str]:
        """What is being done, a text for each codec."""
        running = [
            f"{key.codec} {'decodes' if one.halves else 'encodes'} {one.of.corpus}"
            + (f" {100 * one.share:.0f} %" if one.share >= 0.005 else "")
            for key, one in list(self.forecast.running.items())
        ]
        return running or [self._doing] * (self._doing != "")

    def note(self, cell: Cell, reused: bool) -> None:
        """Say that a cell is finished."""
        left = self.forecast.left()
        to_go = f", {duration(left)} to go" if left and self._done < self._total else ""
        self.line(f"[{self._done}/{self._total}{to_go}] {describe_cell(cell, reused)}")

    def left_out(self, key: CellKey) -> None:
        with self._lock:
            self._total -= 1
            self.forecast.total -= self.forecast.due(key)

    def line(self, text: str) -> None:
        """Writes a line that stays."""
        self._meter.say(text)


class Failures(Lines):
    """One line for each cell that failed."""

    def show(self) -> None:
        """Show nothing."""

    def note(self, cell: Cell, reused: bool) -> None:
        if not cell.ok and cell.status is not Status.UNSUPPORTED:
            super().note(cell, reused)


class Live(Lines):
    """A bar with the time to go, and the ranking so far; failures stay on the screen."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live as Screen

        super().__init__(Meter(stream))
        self._console = Console(file=stream)
        self._sizes: dict[str, dict[SliceKey, float]] = {}
        self.screen = Screen(
            get_renderable=self._draw, console=self._console, transient=True, refresh_per_second=4
        )

    def show(self) -> None:
        """Leave it to the screen, which shows it four times a second."""

    def note(self, cell: Cell, reused: bool) -> None:
        if cell.ok and cell.slice.bytes:
            rates = self._sizes.setdefault(cell.codec, {})
            rates[cell.slice.key] = cell.coded_bytes / cell.slice.bytes
        elif not cell.ok:
            self.line(describe_cell(cell, reused))

    def line(self, text: str) -> None:
        self._console.print(to_line(text), markup=False, highlight=False, soft_wrap=True)

    def _draw(self) -> "RenderableType":
        from rich.text import Text

        if not self._total:
            return Text("\n".join(map(to_line, self.doing())), overflow="ellipsis")
        lines = self._ranking()
        left = self.forecast.left()
        to_go = f" · {duration(left)} to go" if left else ""
        filled = round(24 * self.forecast.share)
        bar = f"{'━' * filled}{'─' * (24 - filled)} {100 * self.forecast.share:.0f} %"
        lines.append(f"{bar} · {self._done} of {self._total} cells{to_go}")
        return Text("\n".join(map(to_line, [*lines, *self.doing()])), overflow="ellipsis")

    def _ranking(self) -> list[str]:
        """The codecs by the mean of what most of them have, the smallest first."""
        known = list(self._sizes.items())
        slices = Counter(of for _, rates in known for of in list(rates))
        shared = {of for of, many in slices.items() if many > len(known) / 2}
        shared = {of for of in shared if isinstance(of.limit, str)} or shared  # fair to slow ones
        means = {
            codec: geometric_mean([rates[of] for of in shared])
            for codec, rates in known
            if shared and rates.keys() >= shared
        }
        ranked = sorted(means, key=means.__getitem__)[:SHOWN]
        if len(ranked) < 2:
            return []
        what = format.plural(len(shared), "corpus", "corpora")
        head = f"smallest so far, of {len(means)} codecs on {what} alike"
        return [head, *(f"{100 * means[codec]:7.2f} %  {codec}" for codec in ranked), ""]


def describe_cell(cell: Cell, reused: bool) -> str:
    """A cell's result in one line."""
    what = f"{cell.codec} on {cell.slice.corpus} ({format.protocol(cell.slice)})"
    if not cell.ok:
        return f"{what}: {cell.status}: {cell.reason}"
    size = f"{format.percent(ratio(cell))} %" if cell.slice.bytes else "empty"
    return f"{what}: {size}{' (measured before)' if reused else ''}"


@contextmanager
def watch(stream: TextIO, quiet: bool = False) -> Iterator[Lines]:
    """The watch that suits `stream`; with `quiet`, one that names what failed."""
    if stream.isatty() and not quiet:
        live = Live(stream)
        with live.screen:
            yield live
    else:
        with Meter(stream) as meter:
            yield Failures(meter) if quiet else Lines(meter)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"

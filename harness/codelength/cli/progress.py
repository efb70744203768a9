"""How something long goes on: a live ranking in a terminal, lines anywhere else."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from codelength.measure.codec_workers import Watch
from codelength.report.table import to_line
from codelength.results.cell import Cell, CellKey, CorpusSlice, Status

if TYPE_CHECKING:
    from rich.console import RenderableType

EVERY = 30.0
"""Seconds between two lines where lines stay."""

SHOWN = 8
"""Codecs of the live ranking."""


class Forecast:
    """How much of the work is done, by the seconds that each cell is expected to take.

    Cells of which nothing is known count as one second each. As cells are finished, what they took
    corrects what is said of the others.
    """

    def __init__(self) -> None:
        self.expected: Mapping[CellKey, float] = {}
        self.total = self._spent = self._due = 0.0
        self._begun: dict[str, tuple[float, float]] = {}
        """Codec → when its cell began, and the share of it that is done."""

    def begin(self, cells: int) -> None:
        self.total = sum(self.expected.values()) if self.expected else cells

    def started(self, codec: str) -> None:
        self._begun.setdefault(codec, (time.monotonic(), 0.0))

    def finished(self, cell: Cell, reused: bool) -> None:
        due = self.expected.get(cell.key, 0.0 if self.expected else 1.0)
        began, _ = self._begun.pop(cell.codec, (time.monotonic(), 0.0))
        if reused:
            self.total -= due
        else:
            self._due += due
            self._spent += time.monotonic() - began

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return min(1.0, self._due / self.total) if self.total else 1.0

    def left(self) -> float | None:
        """Seconds to go; None as long as nothing is known."""
        if not self._due or self._due >= self.total:
            return self.total if self.expected and not self._due else None
        running = sum(time.monotonic() - began for began, _ in self._begun.values())
        trust = self.total / 4 if self.expected else 0.0  # in what was expected
        pace = (self._spent + trust) / (self._due + trust)
        return max(1.0, pace * (self.total - self._due) - running)


class Lines(Watch):
    """One line for each finished cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._done = self._total = 0
        self._lock = Lock()
        self.forecast = Forecast()

    def begin(self, total: int) -> None:
        self._total = total
        self.forecast.begin(total)

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        self.forecast.started(codec)

    def finished(self, cell: Cell, reused: bool) -> None:
        with self._lock:
            self._done += 1
            self.forecast.finished(cell, reused)
            self.note(cell, reused)

    def note(self, cell: Cell, reused: bool) -> None:
        """Say that a cell is finished."""
        left = self.forecast.left()
        to_go = f", {duration(left)} to go" if left and self._done < self._total else ""
        self.line(f"[{self._done}/{self._total}{to_go}] {described(cell, reused)}")

    def left_out(self, key: CellKey) -> None:
        with self._lock:
            self._total -= 1
            self.forecast.total -= self.forecast.expected.get(key, 1.0)

    def line(self, text: str) -> None:
        """Writes a line that stays."""
        print(to_line(text), file=self._stream, flush=True)


class Failures(Lines):
    """One line for each cell that failed."""

    def note(self, cell: Cell, reused: bool) -> None:
        if not cell.ok and cell.status is not Status.UNSUPPORTED:
            super().note(cell, reused)


class Live(Lines):
    """A bar with the time to go, and the ranking so far; failures stay on the screen."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live as Screen

        super().__init__(stream)
        self._console = Console(file=stream)
        self._now: dict[str, tuple[str, int, int]] = {}
        self._doing = ""
        self._sizes: dict[str, list[tuple[int, int]]] = {}
        self.screen = Screen(
            get_renderable=self._draw, console=self._console, transient=True, refresh_per_second=4
        )

    def reading(self, corpus: str) -> None:
        self._doing = f"reading {corpus}"

    def timing(self, what: str) -> None:
        self._doing = what

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        super().started(codec, corpus_slice, decode)
        self._doing = ""
        verb = "decodes" if decode else "encodes"
        self._now[codec] = (f"{codec} {verb} {corpus_slice.corpus}", 0, corpus_slice.bytes)

    def advanced(self, codec: str, done: int) -> None:
        what, _, size = self._now[codec]
        self._now[codec] = (what, done, size)

    def note(self, cell: Cell, reused: bool) -> None:
        self._now.pop(cell.codec, None)
        if cell.ok:
            pair = (cell.coded_bytes, cell.slice.bytes)
            self._sizes.setdefault(cell.codec, []).append(pair)
        else:
            self.line(described(cell, reused))

    def line(self, text: str) -> None:
        self._console.print(to_line(text), markup=False, highlight=False, soft_wrap=True)

    def _draw(self) -> "RenderableType":
        from rich.text import Text

        lines = [f"{100 * coded / raw:7.2f} %  {codec}" for codec, coded, raw in self._ranking()]
        if lines:
            lines = ["smallest so far, all bytes together", *lines, ""]
        left = self.forecast.left()
        to_go = f" · {duration(left)} to go" if left else ""
        filled = round(24 * self.forecast.share)
        lines.append(f"{'━' * filled}{'─' * (24 - filled)} {self._done}/{self._total}{to_go}")
        now = [
            what + (f" {100 * done // size} %" if size and done else "")
            for what, done, size in list(self._now.values())
        ]
        doing = [self._doing] if self._doing and not now else now
        return Text("\n".join(map(to_line, [*lines, *doing])), overflow="ellipsis")

    def _ranking(self) -> list[tuple[str, int, int]]:
        """The codecs that have most cells, the smallest first."""
        most = max(map(len, self._sizes.values()), default=0)
        full = [
            (codec, sum(coded for coded, _ in pairs), sum(raw for _, raw in pairs))
            for codec, pairs in list(self._sizes.items())
            if len(pairs) == most
        ]
        ranked = sorted((one for one in full if one[2]), key=lambda one: one[1] / one[2])
        return ranked[:SHOWN] if len(ranked) > 1 else []


def described(cell: Cell, reused: bool) -> str:
    """A cell's result in one line."""
    what = f"{cell.codec} on {cell.slice.corpus} ({cell.slice.protocol})"
    if not cell.ok:
        return f"{what}: {cell.status}: {cell.reason}"
    ratio = f"{100 * cell.coded_bytes / cell.slice.bytes:.2f} %" if cell.slice.bytes else "empty"
    return f"{what}: {ratio}{' (measured before)' if reused else ''}"


@contextmanager
def watch(stream: TextIO, quiet: bool = False) -> Iterator[Lines]:
    """The watch that suits `stream`; with `quiet`, one that names what failed."""
    if stream.isatty() and not quiet:
        live = Live(stream)
        with live.screen:
            yield live
    else:
        yield Failures(stream) if quiet else Lines(stream)


class Meter:
    """Writes to `stream`. Use it as a context, so that no half line is left behind."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._live = stream, stream.isatty()
        self._told = time.monotonic()

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, *raised: object) -> None:
        self.clear()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        print(text, file=self._stream, flush=True)

    def now(self, text: str) -> None:
        """What is being done; worth a line of its own only every so often."""
        elapsed = time.monotonic() - self._told
        if self._live and elapsed > 0.1:
            print(f"\r{text}\033[K", end="", file=self._stream, flush=True)
        elif not self._live and elapsed > EVERY:
            print(text, file=self._stream, flush=True)
        else:
            return
        self._told = time.monotonic()

    def clear(self) -> None:
        """Takes the line that changes off the screen."""
        if self._live:
            print("\r\033[K", end="", file=self._stream, flush=True)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"

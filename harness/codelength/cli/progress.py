"""How something long goes on: a bar or a changing line in a terminal, lines anywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TextIO

from codelength.measure.codec_workers import Watch
from codelength.report.table import to_line
from codelength.results.cell import Cell, CorpusSlice

EVERY = 30.0
"""Seconds between two lines where lines stay."""


class Lines(Watch):
    """One line for each finished cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._done = self._total = 0
        self._lock = Lock()

    def begin(self, total: int) -> None:
        self._total = total

    def finished(self, cell: Cell, reused: bool) -> None:
        with self._lock:
            self._done += 1
            self.line(f"[{self._done}/{self._total}] {described(cell, reused)}")

    def line(self, text: str) -> None:
        """Writes a line that stays."""
        print(to_line(text), file=self._stream, flush=True)


class Live(Lines):
    """A bar over all cells, with what is being done now; failures stay on the screen."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        super().__init__(stream)
        self._console = Console(file=stream)
        columns = (
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Elapsed(),
            TextColumn("{task.description}", markup=False),
        )
        self.bar = Progress(*columns, console=self._console, transient=True)
        self._task = self.bar.add_task("", total=None)
        self._now: dict[str, tuple[str, int]] = {}

    def reading(self, corpus: str) -> None:
        self.bar.update(self._task, description=to_line(f"reading {corpus}"))

    def begin(self, total: int) -> None:
        self.bar.update(self._task, total=total)

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        verb = "decodes" if decode else "encodes"
        what = to_line(f"{codec} {verb} {corpus_slice.corpus}")
        self._now[codec] = (what, corpus_slice.bytes)
        self.advanced(codec, 0)

    def advanced(self, codec: str, done: int) -> None:
        what, size = self._now[codec]
        share = f" {100 * done // size} %" if size and done else ""
        self.bar.update(self._task, description=what + share)

    def finished(self, cell: Cell, reused: bool) -> None:
        self.bar.advance(self._task)
        if not cell.ok:
            self.line(described(cell, reused))

    def line(self, text: str) -> None:
        self._console.print(to_line(text), markup=False, highlight=False, soft_wrap=True)


def described(cell: Cell, reused: bool) -> str:
    """A cell's result in one line."""
    what = f"{cell.codec} on {cell.slice.corpus} ({cell.slice.protocol})"
    if not cell.ok:
        return f"{what}: {cell.status}: {cell.reason}"
    ratio = f"{100 * cell.coded_bytes / cell.slice.bytes:.2f} %" if cell.slice.bytes else "empty"
    return f"{what}: {ratio}{' (measured before)' if reused else ''}"


@contextmanager
def watch(stream: TextIO) -> Iterator[Lines]:
    """The watch that suits `stream`."""
    if stream.isatty():
        live = Live(stream)
        with live.bar:
            yield live
    else:
        yield Lines(stream)


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

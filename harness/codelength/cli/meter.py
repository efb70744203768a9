"""How something long goes on: one changing line in a terminal, a line now and then elsewhere."""

import time
from typing import TextIO

EVERY = 30.0
"""Seconds between two lines where lines stay."""


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

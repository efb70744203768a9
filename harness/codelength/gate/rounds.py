"""What a process that times one codec is asked, and what it answers."""

from typing import Literal

import msgspec

from codelength.errors import CodelengthError

Clock = Literal["cpu", "wall"]


class Order(msgspec.Struct, frozen=True):
    """One codec, where to find it, and what to time it on."""

    codec: str
    plugins: list[str]
    """Entry points to load; the others stay out of the process."""
    files: list[str]
    data: str | None
    cuts: list[tuple[str, str]]
    """Corpora and protocols."""
    clock: Clock
    piece: int
    """At most so many bytes of each corpus."""
    settle: bool
    """Take a smaller piece, of which a call is short enough."""


class Seconds(msgspec.Struct, frozen=True, array_like=True):
    """One round: how long one call of each took, the mean over slices that took turns."""

    waiting: float
    """Of the reference that mostly waits: for memory, and for branches to be resolved."""
    encode: float
    working: float
    """Of the one that hardly does."""
    decode: float


class Pass(msgspec.Struct, frozen=True):
    """Rounds in one process."""

    piece: int
    rounds: list[Seconds]


class Untimed(CodelengthError):
    """A codec that could not be timed; the message says why."""

    exit_code = 3

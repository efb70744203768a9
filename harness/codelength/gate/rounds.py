"""What a process that times one codec is asked, and what it answers."""

import math
from typing import Literal

import msgspec

from codelength.api.errors import CodelengthError

Clock = Literal["cpu", "wall"]

BAND = 0.1
"""How far the state of a round may be from that of an undisturbed machine; noise alone makes a
third of it."""


class Order(msgspec.Struct, frozen=True):
    """One codec, where to find it, and what to time it on."""

    codec: str
    plugins: list[str]
    """Entry points to load; the others stay out of the process."""
    files: list[str]
    data: str | None
    slices: list[tuple[str, str]]
    """Corpora and protocols."""
    clock: Clock
    piece: int
    """At most so many bytes of each corpus."""
    settle: bool
    """Take a smaller piece, of which a call is short enough."""
    undisturbed: float | None
    """The state that rounds are wanted in, if it is known."""


class Seconds(msgspec.Struct, frozen=True, array_like=True):
    """One round: how long one call of each took, the mean over slices that took turns."""

    waiting: float
    """Of the reference that mostly waits: for memory, and for branches to be resolved."""
    encode: float
    working: float
    """Of the one that hardly does."""
    decode: float

    @property
    def state(self) -> float:
        """How much longer the second reference took than the first, as a logarithm: a property of
        the processor, and the larger the busier a neighbour on the core is."""
        return math.log(self.working / self.waiting)

    def calm(self, undisturbed: float) -> bool:
        """Whether the machine was in that state."""
        return abs(self.state - undisturbed) <= BAND


class Pass(msgspec.Struct, frozen=True):
    """Rounds in one process."""

    piece: int
    rounds: list[Seconds]


class Untimed(CodelengthError):
    """A codec that could not be timed; the message says why."""

    exit_code = 3

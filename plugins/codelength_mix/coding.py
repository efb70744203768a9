"""The bytes of one sample, coded bit by bit into one stream, by a memory that starts empty.

A stream ends in as few bytes as its last interval allows, with zeros understood behind them. The
decoder follows the encoder's interval, so at the end it knows how the stream has to end.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength_mix.bits import AT, END, HI, LO, POINT, code
from codelength_mix.memory import BYTES, RECENT, START, lanes, memory

BLOCK = 1 << 16
"""Steps that are coded at a time, so that room for a block's stream is enough."""

DEAREST = 16
"""The most bytes of stream that a byte takes: no bit has a probability below 2^-16."""

RUN = 4096
"""Bytes of a run, which goes to one lane; the next run goes to the next lane. Runs are short enough
that what one lane learns helps the others, and long enough to give a model a context."""

SHORTEST = 4 * RUN
"""The least bytes of a lane if there are several. Fewer do not pay: each run begins out of
context."""

CHEAPEST = 5678
"""The most bytes that a bit of stream can hold: ln 2 · 2^16 / 8."""

NO_FREQUENCIES = np.empty((0, 0, 256), np.int32)
NO_ROOM = np.empty(0, np.uint8)
NO_LENGTHS = np.empty(0, np.float64)


class Plan(NamedTuple):
    """How a sample is coded."""

    mebibytes: int
    """What the hash table may take."""
    modelled: bool = False
    """Whether a model gives frequencies."""
    lanes: int = 1
    """Sequences into which the sample is dealt out, in runs of RUN bytes."""


def plan_of(size: int, mebibytes: int, modelled: bool, lanes: int) -> Plan:
    """Return the plan for a sample of `size` bytes, with `lanes` lanes at most."""
    return Plan(mebibytes, modelled, max(1, min(lanes, size // SHORTEST)))


class Coding:
    """A sample of `size` bytes while it is coded. Its lanes go in step."""

    def __init__(self, size: int, plan: Plan) -> None:
        self._size, self._plan = size, plan
        self._lanes = lanes(size, plan.lanes if size else 0, self._run)
        self._memory = memory(size, plan.mebibytes, plan.modelled)
        self._coder = np.zeros(4, np.int64)
        self._coder[HI] = END
        self.lengths = NO_LENGTHS
        """(bytes,): the bits that each byte takes; (0,) if they are not asked for."""
        self.step = 0

    @property
    def steps(self) -> int:
        """Return the bytes of the longest lane, which is the first one."""
        return int(self._lanes[0, BYTES]) if self._size else 0

    @property
    def lane_lengths(self) -> list[int]:
        """Return the bytes of each lane, longest first."""
        return [int(length) for length in self._lanes[:, BYTES]]

    @property
    def _run(self) -> int:
        return RUN if self._plan.lanes > 1 else max(1, self._size)

    def places(self, lane: int) -> NDArray[np.int64]:
        """Return where in the data the bytes of a lane are."""
        steps = np.arange(self._lanes[lane, BYTES], dtype=np.int64)
        run = self._run
        places: NDArray[np.int64] = (
            self._lanes[lane, START] + steps // run * run * len(self._lanes) + steps % run
        )
        return places

    def _code(
        self,
        stop: int,
        given: NDArray[np.int32],
        source: NDArray[np.uint8],
        room: NDArray[np.uint8],
    ) -> bool:
        """Encode up to step `stop`, or decode if `room` is NO_ROOM.

        Returns:
            False if a stream ends too early.
        """
        self._remember(stop)
        start, self.step = self.step, stop
        decoding, coder = room is NO_ROOM, self._coder
        memory, lanes, run = self._memory, self._lanes, self._run
        fine = code(
            memory, lanes, run, start, stop, given, source, room, coder, decoding, self.lengths
        )
        return bool(fine)

    def _remember(self, stop: int) -> None:
        """Make room for the history up to step `stop`.

        It grows step by step, since a blob may claim any size. Behind the known bytes is at least
        a run of zeros, because a match may lead a lane beyond the end of a shorter lane.
        """
        known = self._memory.history
        needed = min(self._size, -(-stop // RUN) * RUN * len(self._lanes))
        if len(known) < needed + RUN:
            history = np.zeros(min(self._size, max(needed, 2 * len(known))) + RUN, np.uint8)
            history[: len(known)] = known
            self._memory = self._memory._replace(history=history)


def stream_ending(coder: NDArray[np.int64]) -> bytes:
    """Return the fewest bytes that end a stream, by the registers (4,) of its coder."""
    low, high = int(coder[LO]), int(coder[HI])
    for size in range(7):
        rest = 56 - 8 * size
        value = -(-low >> rest)
        if value << rest <= high:
            return value.to_bytes(size, "big")
    return low.to_bytes(7, "big")


class Encoding(Coding):
    """Encodes `data`."""

    def __init__(self, data: bytes, plan: Plan, measure: bool = False) -> None:
        super().__init__(len(data), plan)
        if measure:
            self.lengths = np.empty(len(data))
        self._data = np.frombuffer(data, np.uint8)
        self._done: list[bytes] = []

    def lane_bytes(self, lane: int) -> NDArray[np.uint8]:
        """Return the data of a lane."""
        return self._data[self.places(lane)]

    def advance(self, stop: int, given: NDArray[np.int32] = NO_FREQUENCIES) -> None:
        """Encode up to step `stop`; `given` (steps, lanes, 256) are a model's frequencies."""
        room = np.empty(DEAREST * (stop - self.step) * len(self._lanes) + 8, np.uint8)
        self._coder[AT] = 0
        self._code(stop, given, self._data, room)
        self._done.append(room[: self._coder[AT]].tobytes())

    def finish(self) -> bytes:
        """Return the stream."""
        return b"".join(self._done) + stream_ending(self._coder)


class Decoding(Coding):
    """Decodes what an Encoding wrote under the same frequencies."""

    def __init__(self, stream: bytes, size: int, plan: Plan) -> None:
        """Raises CorruptBlob if no stream of so many bytes holds as many as `size`."""
        if size > CHEAPEST * (8 * len(stream) + 64) or (stream and not size):
            raise CorruptBlob(f"{size} bytes in a coded stream of {len(stream)}")
        super().__init__(size, plan)
        self._stream = stream
        self._bytes = np.frombuffer(stream, np.uint8)
        self._coder[POINT] = int.from_bytes(stream[:7].ljust(7, b"\0"), "big")

    def advance(self, stop: int, given: NDArray[np.int32] = NO_FREQUENCIES) -> None:
        """Decode all lanes up to step `stop`. Raises CorruptBlob."""
        if not self._code(stop, given, self._bytes, NO_ROOM):
            raise CorruptBlob(f"a coded stream ends after {len(self._stream)} bytes, too early")

    def decode_step(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        """Decode a byte of each lane that goes on, under a model's frequencies (lanes, 256)."""
        self.advance(self.step + 1, rows[None])
        return self._lanes[: len(rows), RECENT] & 0xFF

    def finish(self) -> bytes:
        """Return the data. Raises CorruptBlob if the stream is not what an Encoding makes of it."""
        if self._stream[: self._coder[AT]] + stream_ending(self._coder) != self._stream:
            raise CorruptBlob(
                f"{len(self._stream)} bytes that are no coded stream under this model"
            )
        return self._memory.history[: self._size].tobytes()

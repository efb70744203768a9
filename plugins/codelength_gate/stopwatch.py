"""What the process does that times one codec: the rounds of a pass.

On a shared machine the same work takes more CPU time at one moment than at another, mostly because
two hardware threads share a core. A busy neighbour makes deflate, which often waits for memory, a
quarter slower; it makes a loop of byte code, which hardly waits, half as slow again; other codecs
lie between or beyond. So the ratio to one reference does not cancel the neighbour. But the ratio of
two references shows whether there is one, whatever the clock rate: that is the *contention* of a
round.

The codec's two directions and the two references take turns of about a millisecond, because
disturbances come and go that fast. A *round* is a number of turns, long enough that each of the
four has the same share of a disturbance. A *pass* is the rounds of one process.
"""

import gc
import math
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from codelength.api.codec import Codec
from codelength.api.media import Sample
from codelength.api.protocol import head
from codelength.measure.job import Recipe
from codelength.plugins import Plugins
from codelength_gate.baseline import Clock

Call = Callable[[], object]

BAND = 0.1
"""How far the contention of a quiet round may be from that of the baseline. Noise alone makes a
third of it."""
TURN = 0.001
"""Seconds for which one call is repeated until it is the turn of another."""
ROUND = 0.025
"""Seconds of a round, unless a single turn of all four takes longer."""
ROUNDS, FEWEST = 15, 5
"""Rounds of a pass: fewer, but not fewer than FEWEST, if the pass would take longer than PASS."""
PASS = 1.0
"""Seconds."""
DISTURBED, PAUSE = 16, 0.25
"""So many rounds of a pass may be disturbed; it waits so many seconds after each."""
LONG = 0.002
"""Seconds that a call of the codec should not exceed, so that turns are short."""
SHORTEST = 256
"""The least number of bytes of each corpus that is timed."""

TEXT = b"".join(b"%d bottles on the wall, %d to go\n" % (i, i * i % 997) for i in range(240))
LOOPED = 2000
"""Bytes of TEXT that the byte-code reference goes through."""


@dataclass(frozen=True)
class Request:
    """One codec, where to find it, and what to time it on."""

    recipe: Recipe
    slices: list[tuple[str, str]]
    """Corpora and protocols."""
    clock: Clock
    prefix_bytes: int
    """At most so many bytes of each corpus."""
    shorten: bool
    """Take fewer bytes if a call would be too long."""
    contention: float | None
    """The contention that rounds should have, if it is known."""


class Round(NamedTuple):
    """Seconds that one call of each took on average: the two references and the codec."""

    deflate: float
    encode: float
    bytecode: float
    decode: float

    @property
    def contention(self) -> float:
        """The logarithm of the byte-code reference's time over that of deflate.

        It is a property of the processor, and grows with the load that a neighbour puts on the
        core.
        """
        return math.log(self.bytecode / self.deflate)

    def is_quiet(self, contention: float) -> bool:
        """Whether the contention was as given, so that the round counts."""
        return abs(self.contention - contention) <= BAND

    def log_time(self, direction: str) -> float:
        """The logarithm of the codec's time over the geometric mean of the references' times."""
        seconds: float = getattr(self, direction)
        return math.log(seconds / math.sqrt(self.deflate * self.bytecode))


class Pass(NamedTuple):
    """The rounds of one process."""

    prefix_bytes: int
    rounds: list[Round]


def deflate_text() -> bytes:
    """The first reference: chains of a hash table, and a branch for every byte."""
    return zlib.compress(TEXT, 6)


def hash_text() -> bytes:
    """The second reference: byte code that mixes each byte with a hash of all before it."""
    state, out = 0, bytearray()
    for byte in TEXT[:LOOPED]:
        state = (state * 31 + byte) & 0xFFFF
        out.append(byte ^ (state & 0xFF))
    return bytes(out)


def time_codec(request: Request) -> Pass:
    """Make the pass that is requested."""
    plugins = request.recipe.load()
    codec = plugins.codec(request.recipe.codec).item
    clock = time.process_time if request.clock == "cpu" else time.perf_counter
    watch = Stopwatch(clock, time.sleep)
    size = request.prefix_bytes
    if request.shorten:
        size = _short_prefix(plugins, request, codec, watch)
    encode, decode = _calls(codec, _samples(plugins, request, size))
    wanted = request.contention
    rounds = watch.rounds(
        [deflate_text, encode, hash_text, decode],
        lambda seconds: wanted is None or Round(*seconds).is_quiet(wanted),
    )
    return Pass(size, [Round(*seconds) for seconds in rounds])


class Stopwatch:
    """Times calls that take turns."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._clock, self._sleep = clock, sleep

    def fastest(self, call: Call) -> float:
        """Return the seconds of the fastest of three calls."""
        return min(self._seconds(call, 1) for _ in range(3))

    def rounds(
        self, calls: Sequence[Call], is_quiet: Callable[[list[float]], bool]
    ) -> list[list[float]]:
        """Time `calls` until enough rounds are quiet, or too many are not.

        After a disturbed round it waits for what disturbs to go away.

        Returns:
            For each round, quiet or not, the seconds of one call of each.
        """
        once = [max(self.fastest(call), 1e-9) for call in calls]
        repeats = [max(1, round(TURN / seconds)) for seconds in once]
        turn = sum(n * seconds for n, seconds in zip(repeats, once, strict=True))
        turns = max(1, round(ROUND / turn))
        wanted = max(FEWEST, min(ROUNDS, round(PASS / turn)))
        rounds: list[list[float]] = []
        disturbed = 0
        gc.collect()
        gc.disable()
        try:
            while len(rounds) - disturbed < wanted and disturbed < DISTURBED:
                rounds.append(self._round(calls, repeats, turns))
                if not is_quiet(rounds[-1]):
                    disturbed += 1
                    self._sleep(PAUSE)
        finally:
            gc.enable()
        return rounds

    def _round(self, calls: Sequence[Call], repeats: list[int], turns: int) -> list[float]:
        spent = [0.0] * len(calls)
        for _ in range(turns):
            for i, call in enumerate(calls):
                spent[i] += self._seconds(call, repeats[i])
        return [seconds / (n * turns) for seconds, n in zip(spent, repeats, strict=True)]

    def _seconds(self, call: Call, repeats: int) -> float:
        start = self._clock()
        for _ in range(repeats):
            call()
        return self._clock() - start


def _short_prefix(plugins: Plugins, request: Request, codec: Codec, watch: Stopwatch) -> int:
    """Double the number of bytes until a call would be LONG."""
    size = SHORTEST
    while size < request.prefix_bytes:
        samples = _samples(plugins, request, size)
        if samples and max(map(watch.fastest, _calls(codec, samples))) > LONG / 2:
            return size
        size *= 2
    return request.prefix_bytes


def _calls(codec: Codec, samples: Sequence[Sample]) -> tuple[Call, Call]:
    """Return a call that encodes the samples and one that decodes them."""
    blobs = codec.encode_many(samples)
    return partial(codec.encode_many, samples), partial(codec.decode_many, blobs)


def _samples(plugins: Plugins, request: Request, size: int) -> list[Sample]:
    """Split the first `size` bytes of every corpus; empty if one of them gives no sample."""
    heads = [
        list(protocol.split(head(plugins.corpus(corpus).item.samples(), size)))
        for corpus, spec in request.slices
        for protocol in [plugins.protocol(spec).item]
    ]
    return [sample for samples in heads for sample in samples] if all(heads) else []

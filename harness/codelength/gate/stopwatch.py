"""The process that times one codec against the references: an order on standard input, rounds of
seconds on standard output.

The codec's two directions and the references take turns in slices of about a millisecond, because
what slows a shared machine down comes and goes that fast; a round is long enough that each has had
the same share of it.
"""

import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from codelength.api.codec import Codec
from codelength.api.media import Sample
from codelength.api.protocol import head, protocol
from codelength.gate import references
from codelength.gate.rounds import Order, Pass, Seconds
from codelength.plugins import Plugins
from codelength.workers.limits import die_with_parent

Call = Callable[[], object]

SLICE = 0.001
"""Seconds that calls are repeated for, until another one's turn."""
ROUND = 0.025
"""Seconds in a round, if a single turn of all is not longer."""
ROUNDS, FEWEST = 15, 5
"""In a pass; the fewer, if otherwise it would be longer than PASS."""
PASS = 1.0
"""Seconds."""
LOST, PAUSE = 16, 0.25
"""So many rounds may be disturbed; so many seconds are waited after each."""
LONG = 0.002
"""What a call of the codec should not take, so that turns are short."""
LEAST = 256
"""Bytes of each corpus that are timed at least."""


def main() -> None:
    """Answers one order."""
    die_with_parent()
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a codec prints is not an answer
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    channel.write(msgspec.json.encode(timed(order)))
    channel.flush()


def timed(order: Order) -> Pass:
    """The rounds that the order asks for."""
    plugins = Plugins(order.files, Path(order.data) if order.data else None, order.plugins)
    codec = plugins.codec(order.codec).item
    clock = time.process_time if order.clock == "cpu" else time.perf_counter
    watch = Stopwatch(clock, time.sleep)
    piece = _settled(plugins, order, codec, watch) if order.settle else order.piece
    encode, decode = _calls(codec, _samples(plugins, order, piece))
    calls = [references.waiting, encode, references.working, decode]
    wanted = order.undisturbed
    rounds = watch.rounds(calls, lambda s: wanted is None or Seconds(*s).calm(wanted))
    return Pass(piece, [Seconds(*seconds) for seconds in rounds])


class Stopwatch:
    """Times calls that take turns."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._clock, self._sleep = clock, sleep

    def least(self, call: Call) -> float:
        """Seconds of one call, at best."""
        return min(self._seconds(call, 1) for _ in range(3))

    def rounds(
        self, calls: Sequence[Call], good: Callable[[list[float]], bool]
    ) -> list[list[float]]:
        """For each round, seconds for one call of each; as many as are enough of those that are
        `good`. After another one it waits, for what disturbs to go away, and gives up at last."""
        once = [max(self.least(call), 1e-9) for call in calls]
        repeats = [max(1, round(SLICE / seconds)) for seconds in once]
        turn = sum(n * seconds for n, seconds in zip(repeats, once, strict=True))
        turns = max(1, round(ROUND / turn))
        many = max(FEWEST, min(ROUNDS, round(PASS / turn)))
        found: list[list[float]] = []
        lost = 0
        gc.collect()
        gc.disable()
        try:
            while len(found) - lost < many and lost < LOST:
                found.append(self._round(calls, repeats, turns))
                if not good(found[-1]):
                    lost += 1
                    self._sleep(PAUSE)
        finally:
            gc.enable()
        return found

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


def _settled(plugins: Plugins, order: Order, codec: Codec, watch: Stopwatch) -> int:
    """The piece, doubled until a call would be LONG."""
    piece = LEAST
    while piece < order.piece:
        samples = _samples(plugins, order, piece)
        if samples and max(map(watch.least, _calls(codec, samples))) > LONG / 2:
            return piece
        piece *= 2
    return order.piece


def _calls(codec: Codec, samples: Sequence[Sample]) -> tuple[Call, Call]:
    """What encodes the samples, and what decodes them."""
    blobs = codec.encode_many(samples)
    return partial(codec.encode_many, samples), partial(codec.decode_many, blobs)


def _samples(plugins: Plugins, order: Order, piece: int) -> list[Sample]:
    """The head of every corpus, as cut; nothing if it is too short to give one of them a sample."""
    heads = [
        list(protocol(corpus_slice).split(head(plugins.corpus(corpus).item.samples(), piece)))
        for corpus, corpus_slice in order.slices
    ]
    return [sample for samples in heads for sample in samples] if all(heads) else []


if __name__ == "__main__":
    main()

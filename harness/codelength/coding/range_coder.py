"""Range coding of symbols whose probabilities are given as integer frequencies.

The arithmetic is constriction's range coder (32-bit words, 64-bit state) with its law
`Categorical(perfect=False)` at 24 bits: symbol i of n has the interval that begins at
trunc(c · s) + i, in float32, where c sums the frequencies before it and s = (2^24 − n) / Σ.
Frequencies are integers that sum to less than 2^24, which float32 holds exactly, so both sides
work on the very same numbers. Three things are our own.

- The encoder narrows a law to three symbols (those before, the one to code, those after) before
  constriction sees it. The interval is the same, and a large alphabet costs an integer sum.
- A stream ends in as few bytes as its last interval allows, with zeros understood behind them,
  instead of in whole words: it saves three bytes a stream.
- The decoder is compiled, and takes one call for the next symbol of many sequences. A stream may
  hold several sequences that were coded in turn.
"""

from collections.abc import Sequence
from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.coding.compiled import compiled

IntArray = NDArray[np.integer[Any]]
Narrowed = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Symbols (n,) and their laws (n, 3 at most)."""

PRECISION = 24
"""Frequencies of one symbol's row must sum to less than 2^PRECISION."""

WHOLE = 1 << PRECISION
FAMILY = constriction.stream.model.Categorical(perfect=False)
WORD, STATE = 32, 64

BLOCK = 64
"""Frequencies that the decoder sums up before it looks among them."""


class Encoder:
    """Codes symbols into one stream."""

    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()

    def encode(self, symbols: IntArray, frequencies: IntArray) -> None:
        """Appends `symbols` (n,) under `frequencies` (n, alphabet), each row with its own law."""
        self.encode_narrowed(*narrowed(symbols, frequencies))

    def encode_narrowed(self, symbols: NDArray[np.int32], laws: NDArray[np.float32]) -> None:
        """The same for what `narrowed` made of them."""
        if len(symbols):
            self._coder.encode(symbols, FAMILY, laws)

    def finish(self) -> bytes:
        """The stream, its last eight bytes cut to as few as the last interval allows."""
        words = self._coder.get_compressed().astype(">u4")
        position, (low, width) = self._coder.pos()
        size = position * WORD + STATE
        sealed = int.from_bytes(words.tobytes(), "big") << (size - WORD * len(words))
        low = sealed - ((sealed - low) % (1 << STATE))
        zeros, beyond = ending(low, width)
        return int(low + beyond).to_bytes(size // 8, "big")[: (size - zeros) // 8]


def ending(low: int, width: int) -> tuple[int, int]:
    """How a stream ends whose last interval is `width` from `low` on: in how many zero bits that
    need not be written, and how far beyond `low`."""
    for zeros in range(STATE, -1, -8):
        beyond = -low % (1 << zeros)
        if beyond < width:
            return zeros, beyond
    raise AssertionError("an interval of the coder is never empty")


def narrowed(symbols: IntArray, frequencies: IntArray) -> Narrowed:
    """What has the intervals of `symbols` (n,) under `frequencies` (n, alphabet)."""
    places = symbols.astype(np.int32)
    if frequencies.shape[1] <= 3:
        return places, np.ascontiguousarray(frequencies, np.float32)
    laws = np.empty((len(places), 3), np.float32)
    _narrow(places, np.ascontiguousarray(frequencies, np.int32), laws)
    return places, laws


class Decoders:
    """Reads back what Encoders wrote, given the same frequencies in the same order.

    Sequence i of those that go on in step is part of stream `coders[i]`; sequences of one stream
    take turns in their order, one symbol each.

    A range decoder alone cannot tell the end of a stream, nor a stream from noise: it gives symbols
    for ever. But a stream is one point in the last interval, the one that the encoder chooses, and
    so what is no stream of an encoder is known in the end, without encoding again.
    """

    def __init__(self, streams: Sequence[bytes], coders: IntArray | None = None) -> None:
        self._coders = np.arange(len(streams)) if coders is None else coders.astype(np.int64)
        sizes = np.array([len(stream) for stream in streams], np.int64)
        self._sizes, self._starts = sizes, np.cumsum(sizes // 4 + 2) - (sizes // 4 + 2)
        words = [stream + bytes(8 - len(stream) % 4) for stream in streams]  # zeros lie behind
        self._words = np.frombuffer(b"".join(words), ">u4").astype(np.uint32)
        # of each stream: low, width and point of an interval, the next word, the last one
        self._state = np.empty((len(streams), 5), np.uint64)
        first, second = self._words[self._starts], self._words[self._starts + 1]
        self._state[:, 0], self._state[:, 1] = 0, ~np.uint64(0)
        self._state[:, 2] = first.astype(np.uint64) << np.uint64(WORD) | second
        self._state[:, 3], self._state[:, 4] = self._starts + 2, self._starts + sizes // 4 + 1

    def decode(self, frequencies: IntArray) -> NDArray[np.int64]:
        """The next symbol of each of the first sequences, as many as `frequencies` (sequences,
        alphabet) has rows. Raises CorruptBlob."""
        rows = np.ascontiguousarray(frequencies, np.int32)
        symbols = np.empty(len(rows), np.int64)
        self.check(_next_symbols(rows, *self.arrays, symbols))
        return symbols

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64]]:
        """What `next_symbol` works on, for loops that are compiled as a whole: the stream of each
        sequence, the words of all streams, the state of each stream."""
        return self._coders, self._words, self._state

    def check(self, symbol: int) -> None:
        """Raises CorruptBlob for what `next_symbol` gives if a stream is none."""
        if symbol < 0:
            raise _no_stream(self._sizes[-1 - symbol])

    def finish(self) -> None:
        """Raises CorruptBlob if the decoded symbols are not all that the streams hold."""
        for state, start, size in zip(self._state, self._starts, self._sizes, strict=True):
            low, width, point, following, _ = (int(value) for value in state)
            zeros, beyond = ending(low, width)
            written = (following - int(start)) * WORD - zeros
            if size * 8 != written or (point - low) % (1 << STATE) != beyond:
                raise _no_stream(size)


def _no_stream(size: int) -> CorruptBlob:
    return CorruptBlob(f"{size} bytes that are no coded stream under this model")


@compiled
def _narrow(symbols: Any, frequencies: Any, laws: Any) -> None:
    """Symbols become what they are in the narrow laws."""
    alphabet = frequencies.shape[1]
    free = np.float32(WHOLE - alphabet)
    for n in range(len(symbols)):
        row, symbol = frequencies[n], symbols[n]
        before, total = np.int32(0), np.int32(0)
        for i in range(symbol):
            before = np.int32(before + row[i])
        for i in range(symbol, alphabet):
            total = np.int32(total + row[i])
        scale = free / np.float32(np.int32(before + total))
        left = np.int64(np.float32(before) * scale) + symbol
        right = np.int64(np.float32(np.int32(before + row[symbol])) * scale) + symbol + 1
        if symbol == 0:
            symbols[n] = 0
            laws[n, 0], laws[n, 1], laws[n, 2] = right - 1, 0, WHOLE - right - 2
        elif symbol == alphabet - 1:
            symbols[n] = 2
            laws[n, 0], laws[n, 1], laws[n, 2] = 0, left - 2, WHOLE - left - 1
        else:
            symbols[n] = 1
            laws[n, 0], laws[n, 1], laws[n, 2] = left - 1, right - left - 1, WHOLE - right - 1


@compiled
def _next_symbols(rows: Any, coders: Any, words: Any, state: Any, symbols: Any) -> Any:
    for sequence in range(len(rows)):
        symbol = next_symbol(rows[sequence], coders[sequence], words, state)
        if symbol < 0:
            return symbol
        symbols[sequence] = symbol
    return 0


@compiled
def next_symbol(row: Any, coder: Any, words: Any, state: Any) -> Any:
    """The next symbol of stream `coder` of some Decoders, under the frequencies `row` (alphabet,)
    of int32. −1 − coder if no encoder has written that stream. To be called by compiled code."""
    alphabet = len(row)
    total = np.int32(0)
    for symbol in range(alphabet):
        total = np.int32(total + row[symbol])
    scale = np.float32(WHOLE - alphabet) / np.float32(total)
    low, width, point, following, last = state[coder]
    unit = width >> np.uint64(PRECISION)
    place = np.int64((point - low) // unit)
    if place >= WHOLE:
        return -1 - coder
    # the last block, and in it the last symbol, that begins at or before `place`
    first, before, left = 0, np.int32(0), np.int64(0)
    for block in range(BLOCK, alphabet, BLOCK):
        after = before
        for symbol in range(block - BLOCK, block):
            after = np.int32(after + row[symbol])
        begins = np.int64(np.float32(after) * scale) + block
        if place < begins:
            break
        first, before, left = block, after, begins
    found, right = alphabet - 1, np.int64(WHOLE)
    for symbol in range(first, alphabet - 1):
        before = np.int32(before + row[symbol])
        begins = np.int64(np.float32(before) * scale) + symbol + 1
        if place < begins:
            found, right = symbol, begins
            break
        left = begins
    low = low + unit * np.uint64(left)
    width = unit * np.uint64(right - left)
    if width < np.uint64(1 << (STATE - WORD)):
        low, width = low << np.uint64(WORD), width << np.uint64(WORD)
        if following > last:
            return -1 - coder
        point = point << np.uint64(WORD) | np.uint64(words[following])
        state[coder, 3] += np.uint64(1)
    state[coder, 0], state[coder, 1], state[coder, 2] = low, width, point
    return found

"""Range coding of symbols whose probabilities are given as integer frequencies.

The arithmetic is constriction's range coder (32-bit words, 64-bit state) with its distribution
`Categorical(perfect=False)` at 24 bits: symbol i of n has the interval that begins at
trunc(c · s) + i, in float32, where c sums the frequencies before it and s = (2^24 − n) / Σ.
Frequencies are integers that sum to less than 2^24, which float32 holds exactly, so both sides
work on the very same numbers. Three things are our own.

- The encoder merges the symbols before the one to code into one, and those after it into another.
  constriction sees these three. The interval is the same, and a large alphabet costs an integer
  sum.
- A stream ends in as few bytes as its last interval allows, with zeros understood behind them,
  instead of in whole words: it saves three bytes a stream.
- The decoder is compiled, and takes one call for the next symbol of many sequences. A stream may
  hold several sequences that were coded in turn.

A large alphabet wants finer probabilities: each of 50,000 tokens takes a part of 2^24 whatever its
probability is, which costs 0.3% of what a good model needs. So a predictor may give frequencies
that sum to less than 2^31. Their intervals begin at the sums of the frequencies before, without any
rounding, the last one ends at 2^31, and the encoder is compiled here, too. Streams end alike.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob, Unavailable
from codelength.coding.compiled import compiled, inlined

try:
    import constriction
except ModuleNotFoundError as error:
    raise Unavailable(
        "learned codecs need constriction: python -m pip install 'codelength[learned]'"
    ) from error

IntArray = NDArray[np.integer[Any]]
Merged = tuple[NDArray[np.int32], NDArray[np.float32] | NDArray[np.int64]]
"""Symbols (n,) and their frequencies (n, 3 at most), the other symbols merged; of fine frequencies
where the intervals begin and end (n, 2)."""

PRECISION, FINE = 24, 31
"""Frequencies of one symbol's row must sum to less than 2^PRECISION, or than 2^FINE where a
predictor says so."""

WHOLE = 1 << PRECISION
FAMILY = constriction.stream.model.Categorical(perfect=False)
WORD, STATE = 32, 64

BLOCK = 64
"""Frequencies that the decoder sums up before it looks among them."""


class Encoder:
    """Codes symbols into one stream, whose frequencies sum to less than 2^`precision`."""

    def __init__(self, precision: int = PRECISION) -> None:
        self._precision = precision
        self._coder = constriction.stream.queue.RangeEncoder()
        self._state = np.array([0, ~np.uint64(0)], np.uint64)  # fine: low and width
        self._words = np.empty(0, np.uint32)

    def encode(self, symbols: IntArray, frequencies: IntArray) -> None:
        """Appends symbols, each under its own distribution.

        Args:
            symbols: `(n,)`.
            frequencies: `(n, alphabet)`, positive, each row summing to less than 2^24, or 2^31.
        """
        self.encode_merged(*merge_others(symbols, frequencies, self._precision))

    def encode_merged(
        self, symbols: NDArray[np.int32], frequencies: NDArray[np.float32] | NDArray[np.int64]
    ) -> None:
        """Appends symbols as `merge_others` gives them."""
        if not len(symbols):
            return
        if self._precision == PRECISION:
            self._coder.encode(symbols, FAMILY, frequencies)
            return
        words = np.concatenate([self._words, np.empty(len(symbols), np.uint32)])
        intervals = frequencies.astype(np.int64, copy=False)
        self._words = words[: _encode_fine(intervals, self._state, words, len(self._words))]

    def finish(self) -> bytes:
        """Returns the stream, its last eight bytes cut to as few as the last interval allows."""
        if self._precision == FINE:
            low, width = (int(value) for value in self._state)
            number = int.from_bytes(self._words.astype(">u4").tobytes(), "big") << STATE | low
            size = len(self._words) * WORD + STATE
            zeros, beyond = shortest_ending(low, width)
            return (number + beyond).to_bytes(size // 8, "big")[: (size - zeros) // 8]
        words = self._coder.get_compressed().astype(">u4")
        position, (low, width) = self._coder.pos()
        size = position * WORD + STATE
        sealed = int.from_bytes(words.tobytes(), "big") << (size - WORD * len(words))
        low = sealed - ((sealed - low) % (1 << STATE))
        zeros, beyond = shortest_ending(low, width)
        return int(low + beyond).to_bytes(size // 8, "big")[: (size - zeros) // 8]


def shortest_ending(low: int, width: int) -> tuple[int, int]:
    """Finds the number that ends a stream with the fewest bytes.

    Args:
        low, width: The last interval of the coder.

    Returns:
        How many zero bits it ends with, which need not be written, and how far it is beyond `low`.
    """
    for zeros in range(STATE, -1, -8):
        beyond = -low % (1 << zeros)
        if beyond < width:
            return zeros, beyond
    raise AssertionError("an interval of the coder is never empty")


def merge_others(symbols: IntArray, frequencies: IntArray, precision: int = PRECISION) -> Merged:
    """Merges the symbols before each of `symbols` (n,), and those after it, into one each.

    What comes out of `frequencies` (n, alphabet) has the same interval for each symbol.
    """
    places = symbols.astype(np.int32)
    if precision == FINE:
        return places, _intervals(places, frequencies, precision)
    if frequencies.shape[1] <= 3:
        return places, np.ascontiguousarray(frequencies, np.float32)
    merged = np.empty((len(places), 3), np.float32)
    _merge(places, np.ascontiguousarray(frequencies, np.int32), merged)
    return places, merged


def interval_widths(
    symbols: IntArray, frequencies: IntArray, precision: int = PRECISION
) -> NDArray[np.float64]:
    """Computes the part of 2^precision that each of `symbols` (n,) has under `frequencies`."""
    intervals = _intervals(symbols, frequencies, precision)
    widths: NDArray[np.float64] = (intervals[:, 1] - intervals[:, 0]).astype(np.float64)
    return widths


def interval_edges(row: IntArray, precision: int = PRECISION) -> NDArray[np.int64]:
    """Return where the interval of each symbol of a row begins, and the end of all."""
    before = np.concatenate([[0], np.cumsum(row, dtype=np.int64)])
    if precision == PRECISION:
        scale = np.float32(WHOLE - len(row)) / np.float32(before[-1])
        parts = before.astype(np.float32) * scale
        before = parts.astype(np.int64) + np.arange(len(before))
    before[-1] = 1 << precision
    return before


def _intervals(symbols: IntArray, frequencies: IntArray, precision: int) -> NDArray[np.int64]:
    """Return where the interval of each of `symbols` (n,) begins and ends (n, 2)."""
    intervals = np.empty((len(symbols), 2), np.int64)
    rows = np.ascontiguousarray(frequencies, np.int32)
    _measure(np.ascontiguousarray(symbols, np.int32), rows, precision == FINE, intervals)
    return intervals


class Decoders:
    """Reads back what Encoders wrote, given the same frequencies in the same order.

    Sequence i of those that go on in step is part of stream `coders[i]`; sequences of one stream
    take turns in their order, one symbol each.

    A range decoder alone gives symbols for ever: it sees neither the end of a stream nor whether it
    is one. But the encoder ends a stream with one particular number of the last interval. `finish`
    compares the stream with that number, so bytes that no encoder wrote are refused.
    """

    def __init__(
        self,
        streams: Sequence[bytes],
        coders: IntArray | None = None,
        precision: int = PRECISION,
    ) -> None:
        self._next_symbols = _next_fine_symbols if precision == FINE else _next_symbols
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
        """Return the next symbol of each of the first sequences.

        There are as many as `frequencies` `(sequences, alphabet)` has rows.

        Raises:
            CorruptBlob: If a stream ends too early.
        """
        rows = np.ascontiguousarray(frequencies, np.int32)
        symbols = np.empty(len(rows), np.int64)
        self.check(self._next_symbols(rows, *self.arrays, symbols))
        return symbols

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64]]:
        """What `next_symbol` takes, for loops that are compiled.

        The stream of each sequence `(sequences,)`, the words of all streams, and the state of each
        stream `(streams, 5)`.
        """
        return self._coders, self._words, self._state

    def check(self, symbol: int) -> None:
        """Raises CorruptBlob if `symbol`, from `next_symbol`, says that a stream is damaged."""
        if symbol < 0:
            raise _no_stream(self._sizes[-1 - symbol])

    def finish(self) -> None:
        """Raises CorruptBlob if the decoded symbols are not all that the streams hold."""
        for state, start, size in zip(self._state, self._starts, self._sizes, strict=True):
            low, width, point, following, _ = (int(value) for value in state)
            zeros, beyond = shortest_ending(low, width)
            written = (following - int(start)) * WORD - zeros
            if size * 8 != written or (point - low) % (1 << STATE) != beyond:
                raise _no_stream(size)


def _no_stream(size: int) -> CorruptBlob:
    return CorruptBlob(f"{size} bytes that are no coded stream under this model")


@inlined
def _part(width: np.uint64, end: np.int64) -> np.uint64:
    """Return floor(width · end / 2^FINE), for end ≤ 2^FINE."""
    high, low, by = width >> np.uint64(WORD), width & np.uint64(0xFFFFFFFF), np.uint64(end)
    return (high * by << np.uint64(WORD - FINE)) + (low * by >> np.uint64(FINE))


@compiled
def _encode_fine(
    intervals: NDArray[np.int64], state: NDArray[np.uint64], words: NDArray[np.uint32], count: int
) -> int:
    """Code symbols by their intervals (n, 2), and return how many words there are then.

    Args:
        intervals: Where they begin and end, in parts of 2^FINE.
        state: Low and width of the coder's interval.
        words: The `count` words written so far, with room for one more for each symbol.
        count: How many there are.
    """
    low, width = state
    for n in range(len(intervals)):
        left, right = _part(width, intervals[n, 0]), _part(width, intervals[n, 1])
        before, width = low, right - left
        low = low + left
        if low < before:
            at = count - 1
            while words[at] == np.uint32(0xFFFFFFFF):
                words[at] = 0
                at -= 1
            words[at] += np.uint32(1)
        if width < np.uint64(1 << (STATE - WORD)):
            words[count] = low >> np.uint64(WORD)
            count += 1
            low, width = low << np.uint64(WORD), width << np.uint64(WORD)
    state[0], state[1] = low, width
    return count


@compiled
def _interval(row: NDArray[np.int32], symbol: int) -> tuple[np.int64, np.int64]:
    """Where the interval of `symbol` begins and ends, in parts of 2^24."""
    before, total = np.int32(0), np.int32(0)
    for i in range(symbol):
        before = np.int32(before + row[i])
    for i in range(symbol, len(row)):
        total = np.int32(total + row[i])
    scale = np.float32(WHOLE - len(row)) / np.float32(np.int32(before + total))
    left = np.int64(np.float32(before) * scale) + symbol
    if symbol == len(row) - 1:
        return left, np.int64(WHOLE)
    return left, np.int64(np.float32(np.int32(before + row[symbol])) * scale) + symbol + 1


@compiled
def _merge(
    symbols: NDArray[np.int32], frequencies: NDArray[np.int32], merged: NDArray[np.float32]
) -> None:
    """Fills `merged` (n, 3); `symbols` become what they are among the three."""
    last = frequencies.shape[1] - 1
    for n in range(len(symbols)):
        left, right = _interval(frequencies[n], symbols[n])
        if symbols[n] == 0:
            symbols[n] = 0
            merged[n, 0], merged[n, 1], merged[n, 2] = right - 1, 0, WHOLE - right - 2
        elif symbols[n] == last:
            symbols[n] = 2
            merged[n, 0], merged[n, 1], merged[n, 2] = 0, left - 2, WHOLE - left - 1
        else:
            symbols[n] = 1
            merged[n, 0], merged[n, 1] = left - 1, right - left - 1
            merged[n, 2] = WHOLE - right - 1


@compiled
def _measure(
    symbols: NDArray[np.int32],
    frequencies: NDArray[np.int32],
    is_fine: bool,
    intervals: NDArray[np.int64],
) -> None:
    for n in range(len(symbols)):
        if is_fine:
            intervals[n] = _fine_interval(frequencies[n], symbols[n])
        else:
            intervals[n] = _interval(frequencies[n], symbols[n])


@compiled
def _fine_interval(row: NDArray[np.int32], symbol: int) -> tuple[np.int64, np.int64]:
    """Where the interval of `symbol` begins and ends, in parts of 2^FINE."""
    before = np.int32(0)
    for i in range(symbol):
        before = np.int32(before + row[i])
    left = np.int64(before)
    if symbol == len(row) - 1:
        return left, np.int64(1 << FINE)
    return left, left + row[symbol]


@compiled
def _next_symbols(
    rows: NDArray[np.int32],
    coders: NDArray[np.int64],
    words: NDArray[np.uint32],
    state: NDArray[np.uint64],
    symbols: NDArray[np.int64],
) -> int:
    for sequence in range(len(rows)):
        symbol = next_symbol(rows[sequence], coders[sequence], words, state)
        if symbol < 0:
            return symbol
        symbols[sequence] = symbol
    return 0


@compiled
def next_symbol(
    row: NDArray[np.int32], coder: int, words: NDArray[np.uint32], state: NDArray[np.uint64]
) -> int:
    """Decodes the next symbol of a stream, within compiled code.

    Args:
        row: Its frequencies, `(alphabet,)`.
        coder: The number of the stream.
        words, state: Those of `Decoders.arrays`.

    Returns:
        The symbol; −1 − coder if no encoder has written that stream.
    """
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


@compiled
def _next_fine_symbols(
    rows: NDArray[np.int32],
    coders: NDArray[np.int64],
    words: NDArray[np.uint32],
    state: NDArray[np.uint64],
    symbols: NDArray[np.int64],
) -> int:
    for sequence in range(len(rows)):
        row, coder = rows[sequence], int(coders[sequence])
        alphabet = len(row)
        low, width, point, following, last = state[coder]
        place = point - low
        if place >= width:
            return -1 - coder
        # the last block, and in it the last symbol, that begins at or before `place`
        first, before, left = 0, np.int32(0), np.uint64(0)
        for block in range(BLOCK, alphabet, BLOCK):
            after = before
            for symbol in range(block - BLOCK, block):
                after = np.int32(after + row[symbol])
            begins = _part(width, np.int64(after))
            if place < begins:
                break
            first, before, left = block, after, begins
        found, right = alphabet - 1, width
        for symbol in range(first, alphabet - 1):
            before = np.int32(before + row[symbol])
            begins = _part(width, np.int64(before))
            if place < begins:
                found, right = symbol, begins
                break
            left = begins
        low, width = low + left, right - left
        if width < np.uint64(1 << (STATE - WORD)):
            low, width = low << np.uint64(WORD), width << np.uint64(WORD)
            if following > last:
                return -1 - coder
            point = point << np.uint64(WORD) | np.uint64(words[following])
            state[coder, 3] += np.uint64(1)
        state[coder, 0], state[coder, 1], state[coder, 2] = low, width, point
        symbols[sequence] = found
    return 0

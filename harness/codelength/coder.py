"""Range coding of symbols whose probabilities are given as integer frequencies.

The arithmetic is constriction's (24-bit probabilities, 64-bit state), with two things of our own.
Frequencies are integers below 2^24, which float32 holds exactly, so both sides hand constriction
the very same numbers. And a stream ends in as few bytes as its last interval allows, with zeros
understood behind them, instead of in whole 32-bit words: about one byte a stream instead of four.
"""

from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer[Any]]

PRECISION = 24
"""Frequencies of one symbol's row must sum to less than 2^PRECISION."""

FAMILY = constriction.stream.model.Categorical(perfect=False)
WORD, STATE = 32, 64


class Encoder:
    """Codes symbols into one stream."""

    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()

    def encode(self, symbols: IntArray, frequencies: IntArray) -> None:
        """Appends `symbols` (n,) under `frequencies` (n, alphabet), each row with its own law."""
        if len(symbols):
            rows = np.ascontiguousarray(frequencies, np.float32)
            self._coder.encode(np.ascontiguousarray(symbols, np.int32), FAMILY, rows)

    def finish(self) -> bytes:
        """The stream, ended as shortly as its last interval allows. No byte of it can be left
        out: what is shorter, with zeros behind, lies outside that interval."""
        words = self._coder.get_compressed().astype(">u4")
        position, (low, width) = self._coder.pos()
        size = position * WORD + STATE
        sealed = int.from_bytes(words.tobytes(), "big") << (size - WORD * len(words))
        low = sealed - ((sealed - low) % (1 << STATE))
        for zeros in range(STATE, -1, -8):
            value = -(-low >> zeros) << zeros
            if value < low + width:
                return value.to_bytes(size // 8, "big").rstrip(b"\0")
        raise AssertionError("an interval of the coder is never empty")


class Decoder:
    """Reads back what an Encoder wrote, given the same frequencies in the same order."""

    def __init__(self, stream: bytes) -> None:
        padded = stream + bytes(-len(stream) % 4 + STATE // 8)
        self._coder = constriction.stream.queue.RangeDecoder(
            np.frombuffer(padded, ">u4").astype(np.uint32)
        )

    def decode(self, frequencies: IntArray) -> IntArray:
        """The next n symbols (int32), under `frequencies` (n, alphabet)."""
        rows = np.ascontiguousarray(frequencies, np.float32)
        symbols: NDArray[np.int32] = self._coder.decode(FAMILY, rows)
        return symbols

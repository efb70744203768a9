"""Range coding of symbols whose probabilities are given as integer frequencies.

The arithmetic is constriction's (24-bit probabilities, 64-bit state), with two things of our own.
Frequencies are integers below 2^24, which float32 holds exactly, so both sides hand constriction
the very same numbers. And a stream ends in as few bytes as its last interval allows, with zeros
understood behind them, instead of in whole 32-bit words: it saves three bytes a stream.
"""

from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from codelength.errors import CorruptBlob

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
        """The stream, its last eight bytes cut to as few as the last interval allows."""
        words = self._coder.get_compressed().astype(">u4")
        position, (low, width) = self._coder.pos()
        size = position * WORD + STATE
        sealed = int.from_bytes(words.tobytes(), "big") << (size - WORD * len(words))
        low = sealed - ((sealed - low) % (1 << STATE))
        for zeros in range(STATE, -1, -8):
            value = -(-low >> zeros) << zeros
            if value < low + width:
                return int(value).to_bytes(size // 8, "big")[: (size - zeros) // 8]
        raise AssertionError("an interval of the coder is never empty")

    @property
    def least_bytes(self) -> int:
        """No more than what the stream will have in the end."""
        return int(self._coder.pos()[0]) * WORD // 8


class Decoder:
    """Reads back what an Encoder wrote, given the same frequencies in the same order.

    A range decoder alone cannot tell the end of a stream, nor a stream from noise: it gives symbols
    for ever. So what was decoded is encoded again, which costs little, and has to give the stream.
    """

    def __init__(self, stream: bytes) -> None:
        padded = stream + bytes(-len(stream) % 4 + STATE // 8)
        self._coder = constriction.stream.queue.RangeDecoder(
            np.frombuffer(padded, ">u4").astype(np.uint32)
        )
        self._stream = stream
        self._again = Encoder()

    def decode_one(self, frequencies: IntArray) -> int:
        """The next symbol, under `frequencies` (1, alphabet). Raises CorruptBlob."""
        try:
            return int(self._coder.decode(FAMILY, frequencies.astype(np.float32))[0])
        except AssertionError as error:  # constriction's word for bytes no encoder has written
            raise CorruptBlob(str(error)) from error

    def confirm(self, symbols: IntArray, frequencies: IntArray) -> None:
        """Takes note of symbols (n,) that decode_one gave under `frequencies` (n, alphabet), all of
        them and in order. Raises CorruptBlob as soon as the stream is too short for them."""
        self._again.encode(symbols, frequencies)
        if self._again.least_bytes > len(self._stream):
            raise CorruptBlob(f"a coded stream ends after {len(self._stream)} bytes, too early")

    def finish(self) -> None:
        """Raises CorruptBlob if the confirmed symbols are not all that the stream holds."""
        if self._again.finish() != self._stream:
            raise CorruptBlob(
                f"{len(self._stream)} bytes that are no coded stream under this model"
            )

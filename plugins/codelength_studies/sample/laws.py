"""What comes next, by a predictor or by any codec: the equivalence read from right to left."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Sample
from codelength.coding.predictor import Predictor
from codelength.coding.predictor_codec import PredictorCodec

Bits = NDArray[np.float64]


class Law(ABC):
    """The code length of whatever may come next, after a text that grows."""

    method: str
    """How the code lengths come about, in a few words."""

    @abstractmethod
    def bits(self) -> Bits:
        """−log2 of the probability of each symbol: (alphabet,)."""

    @abstractmethod
    def append(self, symbol: int) -> None:
        """The text goes on with this symbol."""

    @abstractmethod
    def written(self, symbols: list[int]) -> bytes:
        """The bytes that symbols stand for."""


class PredictorLaw(Law):
    """The frequencies of a predictor, as a coder would use them."""

    method = "frequencies of the predictor"

    def __init__(self, predictor: Predictor, prompt: bytes) -> None:
        self._predictor, self._stepper = predictor, predictor.stepper(1)
        for symbol in predictor.tokenize(prompt).tolist():
            self.append(symbol)

    def bits(self) -> Bits:
        row = self._stepper.frequencies()[0].astype(np.float64)
        bits: Bits = np.log2(row.sum()) - np.log2(row)
        return bits

    def append(self, symbol: int) -> None:
        self._stepper.advance(np.array([symbol], np.int32))

    def written(self, symbols: list[int]) -> bytes:
        return self._predictor.detokenize(np.array(symbols, np.int32))


class CodecLaw(Law):
    """p(b) ∝ 2^−len(context + b) over all 256 bytes b, the construction of Delétang et al.,
    "Language Modeling Is Compression" (ICLR 2024), section 2 and appendix.

    A codec's lengths are whole bytes, which is too coarse: nearly all candidates would be equal.
    So the length is the mean over `starts` contexts, which begin at places one byte apart. Each of
    them ends at another fraction of a byte, so that rounding up to bytes becomes, on average, the
    same for all candidates, and the mean shows the fraction: to about a bit for eight starts.
    """

    def __init__(self, codec: Codec, prompt: bytes, context: int, starts: int) -> None:
        self._codec, self._context, self._starts = codec, context, starts
        self._text = bytearray(prompt)
        self.method = f"code-length differences over {starts} contexts of {context} bytes"

    def bits(self) -> Bits:
        tail = bytes(self._text[-self._context :])
        starts = range(min(self._starts, len(tail) + 1))
        lengths = np.array([self._lengths(tail[start:]) for start in starts], np.float64)
        bits = 8 * lengths.mean(axis=0)
        normal: Bits = bits + np.log2(np.exp2(bits.min() - bits).sum()) - bits.min()
        return normal

    def _lengths(self, context: bytes) -> list[int]:
        samples = [Sample("", context + bytes([byte])) for byte in range(256)]
        return [len(blob) for blob in self._codec.encode_many(samples)]

    def append(self, symbol: int) -> None:
        self._text.append(symbol)

    def written(self, symbols: list[int]) -> bytes:
        return bytes(symbols)


def law_of(codec: Codec, prompt: bytes, context: int, starts: int) -> Law:
    """The law of a codec's predictor, or of its code lengths if it has none."""
    if isinstance(codec, PredictorCodec):
        return PredictorLaw(codec.predictor, prompt)
    if context < 1 or starts < 1:
        raise UsageError("a context has at least one byte, and there is at least one")
    return CodecLaw(codec, prompt, context, starts)

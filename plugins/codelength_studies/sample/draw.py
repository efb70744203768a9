"""Draws what comes next, by a predictor or by any codec, and prices what others have drawn."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Sample
from codelength.coding.code_length import Bits, bits_of_every_symbol
from codelength.coding.predictor import Predictor


class Distribution(ABC):
    """The code lengths of all symbols that may come next, after a text that grows."""

    method: str
    """How the code lengths come about, in a few words."""

    @abstractmethod
    def bits(self) -> Bits:
        """Return −log2 of the probability of each symbol: (alphabet,)."""

    @abstractmethod
    def append(self, symbol: int) -> None:
        """Put this symbol at the end of the text."""

    @abstractmethod
    def to_bytes(self, symbols: list[int]) -> bytes:
        """Return the bytes that symbols stand for."""


class PredictorDistribution(Distribution):
    """The frequencies of a predictor, as a coder uses them."""

    method = "frequencies of the predictor"

    def __init__(self, predictor: Predictor, prompt: bytes, length: int = 1) -> None:
        """Read the prompt, behind which `length` symbols are to follow."""
        symbols = predictor.tokenize(prompt).tolist()
        self._predictor, self._stepper = predictor, predictor.stepper([len(symbols) + length])
        for symbol in symbols:
            self.append(symbol)

    def bits(self) -> Bits:
        return bits_of_every_symbol(self._stepper.frequencies()[0], self._predictor.precision)

    def append(self, symbol: int) -> None:
        self._stepper.advance(np.array([symbol], np.int32))

    def to_bytes(self, symbols: list[int]) -> bytes:
        return self._predictor.detokenize(np.array(symbols, np.int32))


class CodecDistribution(Distribution):
    """p(b) ∝ 2^−len(context + b) over all 256 bytes b.

    The construction of Delétang et al., "Language Modeling Is Compression" (ICLR 2024), section 2
    and appendix.

    A codec's lengths are whole bytes, which is too coarse: nearly all candidates would be equal.
    So the length is the mean over `starts` contexts, which begin at places one byte apart. Each of
    them ends at another fraction of a byte, so that rounding up to bytes becomes, on average, the
    same for all candidates, and the mean shows the fraction: to about a bit for eight starts.
    """

    def __init__(self, codec: Codec, prompt: bytes, context: int, starts: int) -> None:
        """Take the prompt as the text so far. Raises UsageError."""
        if context < 1 or starts < 1:
            raise UsageError("a context has at least one byte, and there is at least one")
        self._codec, self._context, self._starts = codec, context, starts
        self._text = bytearray(prompt)
        self.method = f"code-length differences over {starts} contexts of {context} bytes"

    def bits(self) -> Bits:
        tail = bytes(self._text[-self._context :])
        starts = range(min(self._starts, len(tail) + 1))
        lengths = np.array([self._lengths(tail[start:]) for start in starts], np.float64)
        bits = 8 * lengths.mean(axis=0)
        normalized: Bits = bits + np.log2(np.exp2(bits.min() - bits).sum()) - bits.min()
        return normalized

    def _lengths(self, context: bytes) -> list[int]:
        samples = [Sample("", context + bytes([byte])) for byte in range(256)]
        return [len(blob) for blob in self._codec.encode_many(samples)]

    def append(self, symbol: int) -> None:
        self._text.append(symbol)

    def to_bytes(self, symbols: list[int]) -> bytes:
        return bytes(symbols)


def distribution_of(
    codec: Codec, prompt: bytes, context: int, starts: int, length: int
) -> Distribution:
    """Return the distribution of a codec's predictor, for `length` symbols behind the prompt.

    Or of its code lengths if it has none.
    """
    predictor = codec.predictor
    if predictor is not None:
        return PredictorDistribution(predictor, prompt, length)
    return CodecDistribution(codec, prompt, context, starts)


@dataclass(frozen=True)
class Drawn:
    """What was drawn so far."""

    symbols: list[int]
    text: bytes
    bits: float
    """What the symbols cost under the distribution that they were drawn from, at temperature 1."""


def draw(
    distribution: Distribution,
    size: int,
    seed: int,
    temperature: float,
    earlier: Drawn | None = None,
) -> Iterator[Drawn]:
    """Draw a symbol more each time, until there are `size` bytes.

    A symbol of probability p is drawn with a probability proportional to p^(1/temperature); at
    temperature 0 it is the likeliest, the first of equals. Each symbol takes one random number.

    Args:
        earlier: What was drawn before with the same seed; the result goes on from there.
    """
    random = np.random.default_rng(seed)
    symbols, cost = ([], 0.0) if earlier is None else (list(earlier.symbols), earlier.bits)
    random.random(len(symbols))
    for symbol in symbols:
        distribution.append(symbol)
    text = distribution.to_bytes(symbols)
    while len(text) < size:
        bits = distribution.bits()
        symbol = choose(bits, temperature, random.random())
        symbols.append(symbol)
        cost += float(bits[symbol])
        distribution.append(symbol)
        text = distribution.to_bytes(symbols)
        yield Drawn(list(symbols), text[:size], cost)


def choose(bits: Bits, temperature: float, uniform: float) -> int:
    """Return the symbol at the place `uniform` in [0, 1) of the distribution at a temperature."""
    if temperature == 0:
        return int(bits.argmin())
    sums = np.cumsum(np.exp2((bits.min() - bits) / temperature))
    return int(min(np.searchsorted(sums, uniform * sums[-1], side="right"), len(bits) - 1))


@dataclass(frozen=True)
class CrossCosts:
    """Bits a byte.

    A row for each text, which one of `codecs` wrote, and a column for each codec that codes it.
    """

    codecs: Sequence[str]
    bits: Sequence[Sequence[float]]


def cross_costs(codecs: Sequence[Codec], prompt: bytes, texts: Sequence[bytes]) -> CrossCosts:
    """Return what each byte of a text costs behind a prompt, in bits.

    A blob of the prompt and the text is so much longer than one of the prompt.

    Args:
        texts: One by each codec, in the same order; none is empty.
    """
    columns = []
    for codec in codecs:
        alone = len(codec.encode(prompt))
        columns.append([8 * (len(codec.encode(prompt + t)) - alone) / len(t) for t in texts])
    return CrossCosts([codec.spec for codec in codecs], list(zip(*columns, strict=True)))

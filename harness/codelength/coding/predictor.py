"""The contract of a predictor: a model that gives integer frequencies for the next symbol.

Compression is prediction: a symbol of probability p costs −log2 p bits. So a language model becomes
a codec as soon as encoder and decoder compute the same p. A `Predictor` is such a model, a
`Stepper` is its state along some texts, and a `PredictorCodec` codes with them:

    stepper = predictor.stepper([5])            # one text of five symbols
    for symbol in predictor.tokenize(b"hello"):
        row = stepper.frequencies()[0]          # (alphabet,) integers
        cost = -np.log2(row[symbol] / row.sum())
        stepper.advance(np.array([symbol]))     # the text goes on with it

Probabilities are integers, because encoder and decoder have to agree to the last bit: one frequency
that differs by one destroys all that is decoded after it. Floats differ between machines, batches
and threads; `codelength.testing.check_predictor` finds that. `docs/examples/bigram.py` is a whole
plugin with weights of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from codelength.coding.range_coder import PRECISION, Decoders, IntArray

BLOCK = 256
"""Positions that the default parallel view hands out at a time."""


class Stepper(ABC):
    """The state of a model along several texts, which grow by one symbol each at a time.

    The decoder asks for `frequencies`, decodes one symbol of each text, and gives them to
    `advance`. When short texts end, `keep` drops them.
    """

    @abstractmethod
    def frequencies(self) -> IntArray:
        """Return the frequencies of the next symbol of each text.

        Returns:
            `(streams, alphabet)`, positive, each row summing to less than 2^`precision` of the
            predictor. To ask twice gives the same. The array may be overwritten by the next call.
        """

    @abstractmethod
    def advance(self, symbols: IntArray) -> None:
        """Append one symbol to each text: `(streams,)`."""

    @abstractmethod
    def keep(self, streams: int) -> None:
        """Go on with the first `streams` texts only; the others have ended."""

    def decode(self, decoders: Decoders, symbols: NDArray[np.int32]) -> None:
        """Decode the next symbols of all texts.

        Override it where all of this can be compiled: `codelength.coding.range_coder.next_symbol`.

        Args:
            decoders: Reads the streams that hold the texts.
            symbols: `(steps, streams)`, which is filled.

        Raises:
            CorruptBlob: If a stream is damaged.
        """
        for row in symbols:
            row[:] = decoders.decode(self.frequencies())
            self.advance(row)


@dataclass(frozen=True)
class Predictor(ABC):
    """A model of sequences of symbols. The default symbols are bytes.

    Subclasses are frozen dataclasses: the fields are the settings, and building one does no work.
    Only `name` and `stepper` are needed. A model that sees all positions at once, as a transformer
    does, also gives `frequencies`, which encoding uses. A model of tokens gives `alphabet`,
    `tokenize` and `detokenize`.
    """

    name: ClassVar[str]
    needs: ClassVar[Mapping[str, str]] = {}
    """Modules that it imports → the pip requirement behind each."""
    alphabet: ClassVar[int] = 256
    """Number of symbols."""
    batch: ClassVar[int] = 64
    """Sequences that it computes together best. It changes speed and memory, never the bytes."""

    precision: ClassVar[int] = PRECISION
    """Its frequencies sum to less than 2^precision: 24 or, for large alphabets, 31."""

    def batch_of(self, longest: int) -> int:
        """Return how many sequences of at most `longest` symbols it computes together best."""
        return self.batch

    @abstractmethod
    def stepper(self, lengths: Sequence[int]) -> Stepper:
        """Begin sequences of so many symbols, the longest first.

        A decoder is told the lengths before it decodes, so the frequencies may depend on them. Most
        models take no more than `len(lengths)`, the number of streams.
        """

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        """Yield the frequencies at every position of known sequences.

        They have to be those of the stepper, to the last integer. The default steps.

        Args:
            batch: Sequences of symbols, `(positions,)` each.

        Yields:
            An index into `batch` and a block `(positions, alphabet)`, the blocks of one sequence in
            order.
        """
        order = sorted(range(len(batch)), key=lambda i: -len(batch[i]))
        lengths = [len(batch[i]) for i in order]
        stepper, alive = self.stepper(lengths), len(batch)
        for start in range(0, max(lengths, default=0), BLOCK):
            rows: list[list[IntArray]] = [[] for _ in range(alive)]
            for at in range(start, min(start + BLOCK, lengths[0])):
                while lengths[alive - 1] <= at:
                    alive -= 1
                stepper.keep(alive)
                now = stepper.frequencies().copy()
                for stream in range(alive):
                    rows[stream].append(now[stream])
                stepper.advance(np.array([batch[i][at] for i in order[:alive]]))
            for stream, block in enumerate(rows):
                if block:
                    yield order[stream], np.stack(block)

    def tokenize(self, data: bytes) -> IntArray:
        """Return symbols for any bytes, `(symbols,)`."""
        return np.frombuffer(data, np.uint8)

    def detokenize(self, symbols: IntArray) -> bytes:
        """Return the bytes that `tokenize` was given."""
        return symbols.astype(np.uint8).tobytes()

    @property
    def model_bytes(self) -> Mapping[str, int]:
        """Bytes that the receiver must hold, by what they are: weights, tokenizer."""
        return {}

    def initialised(self, seed: int) -> "Predictor | None":
        """Return the same model as it was before training, as a control for studies.

        What it predicts comes from architecture and arithmetic. None if there are no weights.
        """
        return None

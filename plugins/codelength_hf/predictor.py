"""A transformer as a predictor of tokens."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength.coding import device
from codelength.coding.predictor import Predictor, Stepper
from codelength.coding.range_coder import FINE, PRECISION, IntArray
from codelength_exact.backend import Rows
from codelength_exact.constants import frequency_total
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.learning import HeadLearning
from codelength_hf.loading import (
    EIGHT_BITS,
    AnyQuantized,
    Arithmetic,
    load_quantized,
    read_quantized,
)
from codelength_hf.quantized_model import QuantizedModel
from codelength_hf.recurrent.model import ENDLESS
from codelength_hf.recurrent.shape import read_shape
from codelength_hf.tokens import Tokens, tokens_of

TIME = 256
"""Positions of a sequence that the parallel view computes at once."""

TOGETHER = 1024
"""Positions that it computes at once over all sequences, where these are short."""

MOST_STREAMS, MEMORY = 256, 1 << 29
"""Streams that go in step at most, and bytes for what a model remembers of all of them."""

LARGE = 1 << 12
"""Tokens from which on 24 bits of frequencies would cost more than 0.02%."""

HANDED_OUT = 1 << 21
"""Frequencies that it hands out at once, at most."""


class Streams(Protocol):
    """What a model remembers of some streams, `at` positions of each."""

    at: int

    def keep(self, streams: int) -> None:
        """Forget all but the first `streams`."""


class Model(Protocol):
    """What there is to run: `transformer.QuantizedTransformer`, or a model in floating point."""

    window: int
    outputs: int
    begin_token: int
    size: int
    """Bytes of the weights."""

    def remembers(self, longest: int) -> int:
        """Return the bytes of memory of a stream of `longest` positions, or nearly."""

    def begin(self, streams: int, longest: int | None = None) -> Any:
        """Return streams at their beginning, with room for `longest` positions."""

    def run(self, state: Any, tokens: NDArray[Any]) -> Any:
        """Take in tokens (streams, time), and return rows for `frequencies`."""

    def frequencies(
        self,
        rows: Any,
        escape: NDArray[np.int32],
        escapes: int = 0,
        precision: int = PRECISION,
    ) -> NDArray[np.int32]:
        """Return (rows, outputs + escapes). Each escape has one more than `escape` (rows,)."""


@dataclass(frozen=True)
class TransformerPredictor(Predictor):
    """Predicts by the model in a checkpoint.

    A sequence is cut into segments of `window` tokens (by default all that the model sees), each of
    which starts anew. With a `stride`, each but the first has `stride` new tokens, after the last
    ones of the segment before, which the model reads again. With `fold` all escapes are one symbol,
    for a coder that codes their bytes beside it.
    """

    name: ClassVar[str] = "hf"
    checkpoint: Checkpoint
    window: int | None = None
    fold: bool = False
    stride: int | None = None
    learn: bool = False
    """What the head reads is corrected by what it learns in a sequence."""

    @property
    @abstractmethod
    def model(self) -> Model:
        """Return the model."""

    @abstractmethod
    def stored(self) -> bytes:
        """Return the weights, as `model_bytes` counts them."""

    def learning(self, streams: int) -> HeadLearning:
        """Return what the head learns in some streams, at their beginning."""
        model = self.model
        assert isinstance(model, QuantizedModel)
        return HeadLearning(model, streams)

    @property
    def context(self) -> int:
        """Return how many tokens each segment but the first reads again."""
        window = self.model.window
        if self.stride is not None and self.stride > window:
            raise UsageError(
                f"hf:stride={self.stride} cannot be: the window is {window} tokens, and a stride "
                "is no longer"
            )
        if self.stride is not None and window == ENDLESS:
            raise UsageError(
                f"hf:stride={self.stride} cannot be: this model has no window to move. It "
                "remembers the whole text; leave stride out, or set a window"
            )
        return 0 if self.stride is None else window - self.stride

    def fingerprint(self) -> bytes:
        """Return bytes that name where the frequencies are the same; none if that is everywhere."""
        return b""

    def check_fingerprint(self, given: bytes) -> None:
        """Raise CorruptBlob if a blob with this fingerprint does not decode here."""

    @property
    def tokens(self) -> Tokens:
        """Return what the symbols stand for."""
        return tokens_of(self.checkpoint)

    @property
    def escapes(self) -> int:
        """Symbols besides the tokens, equally frequent.

        There is one for each byte. Together they have the frequency of the single one that is coded
        with `fold`, before the byte as it is.
        """
        if not self.tokens.escapes:
            return 0
        return 1 if self.fold else 256

    @property
    def alphabet(self) -> int:  # type: ignore[override]
        """Return the number of tokens and escapes."""
        return self.model.outputs + self.escapes

    @property
    def batch(self) -> int:  # type: ignore[override]
        """Return how many streams' caches fit in memory."""
        return self.batch_of(self.model.window)

    def batch_of(self, longest: int) -> int:
        learned = self.learning(0).remembers if self.learn else 0
        each = self.model.remembers(longest + 1) + learned
        return max(1, min(MOST_STREAMS, MEMORY // max(1, each)))

    @property
    def model_bytes(self) -> Mapping[str, int]:
        shipped = self.checkpoint.shipped
        weights = self.model.size if shipped is None else shipped.stat().st_size
        return {"weights": weights, "tokenizer": len(self.checkpoint.tokenizer_content)}

    def tokenize(self, data: bytes) -> IntArray:
        return self.tokens.encode(data)

    def detokenize(self, symbols: IntArray) -> bytes:
        return self.tokens.decode(symbols)

    def stepper(self, lengths: Sequence[int]) -> Stepper:
        return TransformerStepper(self, lengths)

    def escape(self, symbols: IntArray) -> NDArray[np.int64]:
        """Return how many escapes come before each symbol of a sequence."""
        escaped = (symbols >= self.model.outputs).astype(np.int64)
        before: NDArray[np.int64] = np.cumsum(escaped) - escaped
        return before

    def escape_frequencies(self, before: IntArray, at: IntArray) -> NDArray[np.int32]:
        """Return the frequency of each escape, less one, after `before` escapes in `at` symbols."""
        if not self.escapes:
            return np.zeros(len(before), np.int32)
        whole = frequency_total(self.alphabet, self.precision)
        mass = whole * (32 * before.astype(np.int64) + 1) // (32 * at.astype(np.int64) + 32)
        each = np.clip(mass, self.escapes, whole // 8 * 7) // self.escapes
        frequency: NDArray[np.int32] = each.astype(np.int32)
        return frequency

    def inputs(self, symbols: IntArray) -> NDArray[np.int64]:
        """Return the model's inputs for symbols. An escape becomes the token of the beginning."""
        begin = self.model.begin_token
        return np.where(symbols < self.model.outputs, symbols, begin).astype(np.int64)

    def frequencies(self, batch: Sequence[IntArray]) -> Iterator[tuple[int, IntArray]]:
        learning: dict[int, HeadLearning] = {}
        for group in self._groups(batch):
            if self.learn:
                for i, _, _ in group:
                    learning[i] = learning.get(i) or self.learning(1)
            yield from self._together(batch, group, learning)
            for i, _, stop in group:
                if stop == len(batch[i]):
                    learning.pop(i, None)

    def _groups(self, batch: Sequence[IntArray]) -> Iterator[list[tuple[int, int, int]]]:
        """Yield groups of segments (sequence, start, stop) to compute at once.

        A group has several short sequences or one segment of a long one. The segments of a sequence
        come in order.
        """
        short: list[tuple[int, int, int]] = []
        for i in sorted(range(len(batch)), key=lambda i: len(batch[i])):
            size = len(batch[i])
            if 0 < size <= min(TIME, self.model.window):
                if short and (len(short) + 1) * size > TOGETHER:
                    yield short
                    short = []
                short.append((i, 0, size))
            else:
                step = self.model.window - self.context
                starts = [0, *range(self.model.window, size, step), size]
                yield from ([(i, start, stop)] for start, stop in pairwise(starts))
        if short:
            yield short

    def _together(
        self,
        batch: Sequence[IntArray],
        group: list[tuple[int, int, int]],
        learning: dict[int, HeadLearning],
    ) -> Iterator[tuple[int, IntArray]]:
        """Yield the frequencies of a group. `learning` is what each sequence has taught."""
        given = min(self.context, group[0][1])  # symbols that are read again: none at the beginning
        longest = given + max(stop - start for _, start, stop in group)
        tokens = np.full((len(group), longest), self.model.begin_token, np.int64)
        for row, (i, start, stop) in zip(tokens, group, strict=True):
            row[1 : given + stop - start] = self.inputs(batch[i][start - given : stop - 1])
        counts = [self.escape(batch[i][start - given : stop]) for i, start, stop in group]
        state = self.model.begin(len(group), longest)
        for at in range(0, longest, TIME):
            rows = self.model.run(state, tokens[:, at : at + TIME])
            time = min(TIME, longest - at)
            for stream, (i, start, stop) in enumerate(group):
                first, last = max(at, given), min(at + time, given + stop - start)
                for part, own in self._parts(rows, stream * time + first - at, last - first):
                    positions = np.arange(first + part.start, first + part.stop)
                    escape = self.escape_frequencies(counts[stream][positions], positions)
                    extra = escape, self.escapes, self.precision
                    if self.learn:
                        known = batch[i][start - given + positions]
                        yield i, learning[i].frequencies(own, *extra, known)
                    else:
                        yield i, self.model.frequencies(own, *extra)

    def _parts(
        self, rows: Rows[Any, Any], first: int, count: int
    ) -> Iterator[tuple[slice, Rows[Any, Any]]]:
        """Yield `count` rows from `first` on, as many at a time as have room for frequencies."""
        integers, scales = rows
        step = max(1, HANDED_OUT // self.alphabet)
        for start in range(0, count, step):
            stop = min(start + step, count)
            part = slice(first + start, first + stop)
            yield slice(start, stop), (integers[part], scales[part])


@dataclass(frozen=True)
class ExactPredictor(TransformerPredictor):
    """The model in integer arithmetic: the same frequencies on every machine."""

    initial: int | None = None
    """The seed of weights as training begins with: a control, no codec."""
    arithmetic: Arithmetic = EIGHT_BITS

    @property
    def model(self) -> AnyQuantized:
        where = device.PROCESSOR if self.learn else device.chosen()
        return load_quantized(self.checkpoint, self.window, where, self.initial, self.arithmetic)

    @property
    def precision(self) -> int:  # type: ignore[override]
        fine = self.arithmetic.is_wide and self.tokens.count > LARGE
        return FINE if fine else PRECISION

    def initialised(self, seed: int) -> Predictor:
        return replace(self, initial=seed)

    def stored(self) -> bytes:
        checkpoint = self.checkpoint
        if checkpoint.shipped is not None:
            return checkpoint.shipped.read_bytes()
        shape = read_shape(checkpoint.config)
        read = read_quantized(checkpoint, shape, checkpoint.tensor, self.arithmetic)
        return b"".join(np.ascontiguousarray(array).tobytes() for array in read.arrays())


class TransformerStepper(Stepper):
    """Steps the streams of a model, all at the same position."""

    def __init__(self, predictor: TransformerPredictor, lengths: Sequence[int]) -> None:
        self._predictor, self._model = predictor, predictor.model
        streams, longest = len(lengths), max(lengths, default=0) + 1
        self._state: Streams = self._model.begin(streams, min(longest, self._model.window))
        self._last = np.full(streams, self._model.begin_token, np.int64)
        self._escapes = np.zeros(streams, np.int64)
        self._at = 0
        self._context = predictor.context
        self._recent = np.zeros((streams, self._context), np.int64)
        self._frequencies: NDArray[np.int32] | None = None
        self._learning = predictor.learning(streams) if predictor.learn else None

    def frequencies(self) -> IntArray:
        if self._frequencies is None:
            rows = self._model.run(self._state, self._last[:, None])
            if self._learning is not None:
                rows = self._learning.correct(rows)
            at = np.full(len(self._last), self._at)
            escape = self._predictor.escape_frequencies(self._escapes, at)
            escapes, precision = self._predictor.escapes, self._predictor.precision
            self._frequencies = self._model.frequencies(rows, escape, escapes, precision)
        return self._frequencies

    def advance(self, symbols: IntArray) -> None:
        frequencies = self.frequencies()  # takes in the symbols before
        if self._learning is not None:
            self._learning.learn(frequencies, symbols[:, None], self._predictor.precision)
        self._frequencies = None
        self._escapes = self._escapes + (symbols >= self._model.outputs)
        self._last = self._predictor.inputs(symbols)
        self._at += 1
        if self._context:
            place = (self._at - 1) % self._context
            self._recent[:, place] = symbols
        if self._state.at == self._model.window:
            self._begin_again()

    def _begin_again(self) -> None:
        """Begin a segment, with the last symbols of the one before."""
        recent = np.roll(self._recent, -(self._at % max(1, self._context)), 1)
        begin = np.full((len(recent), 1), self._model.begin_token, np.int64)
        tokens = np.hstack([begin, self._predictor.inputs(recent)])
        self._state.at = 0
        for at in range(0, self._context, TIME):
            self._model.run(self._state, tokens[:, at : min(at + TIME, self._context)])
        self._last, self._at = tokens[:, -1], self._context
        self._escapes = (recent >= self._model.outputs).sum(1)
        self._recent = recent
        # the next symbol goes to the place `_at` modulo the context, which is the first

    def keep(self, streams: int) -> None:
        self._state.keep(streams)
        if self._learning is not None:
            self._learning.keep(streams)
        self._last, self._escapes = self._last[:streams], self._escapes[:streams]
        self._recent = self._recent[:streams]
        if self._frequencies is not None:
            self._frequencies = self._frequencies[:streams]

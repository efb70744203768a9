"""Blobs of `mix:over=…` where the model's symbols are not bytes.

A long sample is cut into lanes, each a sequence of its own for the model. One memory learns all of
them: a symbol of the first, one of the second, and so on.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import CorruptBlob
from codelength.coding.code_length import Bits, bits_by_byte
from codelength.coding.coder import Coder, stream_ledger
from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import IntArray
from codelength.coding.varint import read_varint, to_varint
from codelength_mix.bits import AT, END, HI, POINT
from codelength_mix.coder import decode_in_step
from codelength_mix.coding import CHEAPEST, NO_LENGTHS, stream_ending
from codelength_mix.symbol_bits import code_symbols, observe
from codelength_mix.symbol_memory import SYMBOLS, symbol_memory
from codelength_mix.symbol_tree import DEEPEST, tree_of

SHORTEST = 1 << 14
"""The least symbols of a lane, if there are several: each begins out of context."""

BLOCK = 256
"""Steps that are encoded at a time."""

DEAREST = 2 * DEEPEST
"""The most bytes of stream that a symbol takes: no bit has a probability below 2^-16."""

T = TypeVar("T", bound=np.generic)

NOTHING = np.empty(0, np.uint8)


class SymbolMixCoder(Coder):
    """Codes each sample by a memory of its own that starts empty, and by a model.

    A blob is twice the number of symbols plus 1, and the stream; without the 1 in the first layout,
    which knew nothing of lines and is still decoded. A sample without bytes is 0.
    """

    def __init__(self, mebibytes: int, model: Predictor, lanes: int, lined: bool = True) -> None:
        self._mebibytes, self._model, self._lanes = mebibytes, model, lanes
        self._lined = lined

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        return [
            to_varint(2 * coding.count + (self._lined and coding.count > 0)) + coding.finish()
            for coding in self._encode(datas, False)
        ]

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[Bits]:
        for data, coding in zip(datas, self._encode(datas, True), strict=True):
            yield bits_by_byte(self._model, coding.symbols, coding.lengths(), len(data))

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        heads = [read_varint(blob) for blob in blobs]
        counts, datas = [head // 2 for head, _ in heads], [b""] * len(blobs)
        for batch in self._batches(counts):
            codings = [
                SymbolDecoding(
                    blobs[i][heads[i][1] :], self._plan(counts[i], bool(heads[i][0] & 1))
                )
                for i in batch
            ]
            decode_in_step(self._model, codings)
            for i, coding in zip(batch, codings, strict=True):
                datas[i] = self._model.detokenize(coding.finish())
        return datas

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return stream_ledger(len(blob), [blob[read_varint(blob)[1] :]])

    def lanes_of(self, count: int) -> int:
        """Return into how many lanes a sample of `count` symbols is cut."""
        return max(1, min(self._lanes, count // SHORTEST)) if count else 0

    def _plan(self, count: int, lined: bool) -> "Plan":
        return Plan(count, self.lanes_of(count), self._model, self._mebibytes, lined)

    def _batches(self, counts: Sequence[int]) -> Iterator[list[int]]:
        """Yield indices of samples to code in step, as many lanes as the model takes at a time."""
        batch: list[int] = []
        lanes = 0
        for i in sorted(range(len(counts)), key=lambda i: -counts[i]):
            more = self.lanes_of(counts[i])
            if batch and lanes + more > self._model.batch:
                yield batch
                batch, lanes = [], 0
            batch.append(i)
            lanes += more
        if batch:
            yield batch

    def _encode(self, datas: Sequence[bytes], measure: bool) -> list["SymbolEncoding"]:
        symbols = [self._model.tokenize(data) for data in datas]
        codings = [
            SymbolEncoding(own, measure, self._plan(len(own), self._lined)) for own in symbols
        ]
        for batch in self._batches([len(own) for own in symbols]):
            places = [(i, lane) for i in batch for lane in range(len(codings[i].sequences))]
            sequences = [codings[i].sequences[lane] for i, lane in places]
            for at, rows in self._model.frequencies(sequences):
                i, lane = places[at]
                codings[i].add(lane, rows)
        return codings


class Plan(NamedTuple):
    """How a sample is coded."""

    symbols: int
    """How many it has."""
    lanes: int
    model: Predictor
    mebibytes: int
    lined: bool
    """False in the first layout."""


class SymbolCoding:
    """Symbols while they are coded, in lanes that go in step."""

    def __init__(self, plan: Plan) -> None:
        count, lanes, model, mebibytes, lined = plan
        self.count, self._tree = count, tree_of(model, lined)
        self._memory = symbol_memory(count, lanes, model.alphabet, mebibytes, lined)
        self._coder = np.zeros(4, np.int64)
        self._coder[HI] = END
        self._lengths = NO_LENGTHS
        self.step = 0

    @property
    def lane_lengths(self) -> list[int]:
        """Return the symbols of each lane, longest first."""
        return [int(length) for length in self._memory.lanes[:, SYMBOLS]]

    @property
    def steps(self) -> int:
        """Return the symbols of the longest lane, which is the first one."""
        return max(self.lane_lengths, default=0)

    def _code(
        self,
        rows: NDArray[np.int32],
        seen: "Seen",
        symbols: NDArray[np.int32],
        source: NDArray[np.uint8],
        room: NDArray[np.uint8],
    ) -> bool:
        """Code the next `symbols` (steps, lanes). See `code_symbols`."""
        start, self.step = self.step, self.step + len(symbols)
        self._remember()
        memory, tree, coder, lengths = self._memory, self._tree, self._coder, self._lengths
        fine = code_symbols(
            memory, tree, start, self.step, rows, *seen, symbols, source, room, coder, lengths
        )
        return bool(fine)

    def _remember(self) -> None:
        """Make room for the history up to `step`, and what a match may look at beyond.

        It grows step by step, since a blob may claim any number of symbols.
        """
        known = self._memory.history
        needed = (self.step + 2) * len(self._memory.lanes)
        if len(known) < needed:
            history = np.full(max(needed, 2 * len(known)), -1, np.int32)
            history[: len(known)] = known
            self._memory = self._memory._replace(history=history)

    def in_order(self, values: NDArray[T]) -> NDArray[T]:
        """Return values of each lane at each step, (steps · lanes,), in the sample's order."""
        lengths = self.lane_lengths
        parts = [values[own :: len(lengths)][:length] for own, length in enumerate(lengths)]
        return np.concatenate([values[:0], *parts])


class Seen(NamedTuple):
    """What `observe` wrote of a model's frequencies."""

    shares: NDArray[np.uint16]
    """(steps, lanes, DEEPEST)"""
    best: NDArray[np.int64]
    """(steps, lanes, 3)"""


UNSEEN = Seen(np.empty((0, 0, DEEPEST), np.uint16), np.empty((0, 0, 3), np.int64))


class SymbolEncoding(SymbolCoding):
    """Encodes symbols (count,)."""

    def __init__(self, symbols: IntArray, measure: bool, plan: Plan) -> None:
        super().__init__(plan)
        lanes, model = plan.lanes, plan.model
        self.symbols = symbols
        ends = np.cumsum(self.lane_lengths)[:-1]
        self.sequences: list[IntArray] = np.split(symbols, ends) if lanes else []
        self._known = [0] * lanes
        self._seen = Seen(
            np.zeros((self.steps, lanes, DEEPEST), np.uint16),
            np.zeros((self.steps, lanes, 3), np.int64),
        )
        self._alphabet = model.alphabet
        if measure:
            self._lengths = np.zeros(self.steps * lanes)

    def add(self, lane: int, rows: IntArray) -> None:
        """Take the frequencies at the next positions of a lane, (positions, alphabet)."""
        sums = self._memory.sums
        for row in np.ascontiguousarray(rows, np.int32):
            at = self._known[lane]
            symbol = int(self.sequences[lane][at])
            shares, best = self._seen.shares[at, lane], self._seen.best[at, lane]
            observe(row, symbol, self._tree, sums, shares, best)
            self._known[lane] += 1

    def finish(self) -> bytes:
        """Return the stream, when the frequencies of all positions are known."""
        done: list[bytes] = []
        lanes = len(self._known)
        symbols = np.zeros((self.steps, lanes), np.int32)
        for lane, own in enumerate(self.sequences):
            symbols[: len(own), lane] = own
        room = np.empty(DEAREST * BLOCK * lanes + 8, np.uint8)
        rows = np.empty((0, self._alphabet), np.int32)
        for start in range(0, self.steps, BLOCK):
            part = slice(start, start + BLOCK)
            self._coder[AT] = 0
            seen = Seen(self._seen.shares[part], self._seen.best[part])
            self._code(rows, seen, symbols[part], NOTHING, room)
            done.append(room[: self._coder[AT]].tobytes())
        return b"".join(done) + stream_ending(self._coder)

    def lengths(self) -> Bits:
        """Return the bits of each symbol, (count,), if they were asked for."""
        self.finish()
        return self.in_order(self._lengths)


class SymbolDecoding(SymbolCoding):
    """Decodes what a SymbolEncoding wrote under the same frequencies."""

    def __init__(self, stream: bytes, plan: Plan) -> None:
        """Raises CorruptBlob if no stream of so many bytes holds so many symbols."""
        count = plan.symbols
        if count > CHEAPEST * (8 * len(stream) + 64) or (stream and not count):
            raise CorruptBlob(f"{count} symbols in a coded stream of {len(stream)} bytes")
        super().__init__(plan)
        self._stream, self._bytes = stream, np.frombuffer(stream, np.uint8)
        self._coder[POINT] = int.from_bytes(stream[:7].ljust(7, b"\0"), "big")
        self._decoded: list[NDArray[np.int32]] = []

    def decode_step(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Decode a step; `rows` (lanes, alphabet) are the frequencies. Raises CorruptBlob."""
        symbols = np.zeros((1, len(self._memory.lanes)), np.int32)
        if not self._code(np.ascontiguousarray(rows), UNSEEN, symbols, self._bytes, NOTHING):
            raise CorruptBlob(f"a coded stream ends after {len(self._stream)} bytes, too early")
        self._decoded.append(symbols[0])
        return symbols[0, : len(rows)]

    def finish(self) -> NDArray[np.int32]:
        """Return the symbols. Raises CorruptBlob if no SymbolEncoding makes the stream of them."""
        if self._stream[: self._coder[AT]] + stream_ending(self._coder) != self._stream:
            raise CorruptBlob(
                f"{len(self._stream)} bytes that are no coded stream under this model"
            )
        return self.in_order(np.concatenate([np.empty(0, np.int32), *self._decoded]))

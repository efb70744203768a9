"""Blobs of `mix:over=…` where the model's symbols are not bytes.

A long sample is cut into lanes, each a sequence of its own for the model. One memory learns all of
them: a symbol of the first, one of the second, and so on. A sample that `mixer` codes in fewer
bytes is coded so.
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
from codelength_mix.coder import MixCoder, decode_in_step
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

    A blob is twice the number of symbols, and the stream; or an odd number, and a blob of `mixer`.
    """

    def __init__(self, mebibytes: int, model: Predictor, lanes: int) -> None:
        self._mebibytes, self._model, self._lanes = mebibytes, model, lanes
        self._mixer = MixCoder(mebibytes)

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        blobs = []
        for data, alone, coding in zip(
            datas, self._mixer.encode(datas), self._encode(datas, False), strict=True
        ):
            mixed = to_varint(2 * coding.count) + coding.finish()
            blobs.append(min(mixed, b"\1" + alone, key=len) if data else to_varint(0))
        return blobs

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[Bits]:
        alone = self._mixer.code_lengths(datas)
        for data, bits, coding in zip(datas, alone, self._encode(datas, True), strict=True):
            mixed = bits_by_byte(self._model, coding.symbols, coding.lengths(), len(data))
            yield min(mixed, bits, key=lambda each: float(each.sum()))

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        heads = [read_varint(blob) for blob in blobs]
        alone = [i for i, (head, _) in enumerate(heads) if head == 1]
        datas = [b""] * len(blobs)
        decoded = self._mixer.decode([blobs[i][heads[i][1] :] for i in alone])
        for i, data in zip(alone, decoded, strict=True):
            datas[i] = data
        mixed = [i for i, (head, _) in enumerate(heads) if head != 1]
        if odd := [heads[i][0] for i in mixed if heads[i][0] & 1]:
            raise CorruptBlob(f"a blob begins with {odd[0]}, which is neither 1 nor even")
        counts = [heads[i][0] // 2 for i in mixed]
        for batch in self._batches(counts):
            streams = [blobs[mixed[k]][heads[mixed[k]][1] :] for k in batch]
            codings = [
                SymbolDecoding(stream, *self._plan(counts[k]))
                for stream, k in zip(streams, batch, strict=True)
            ]
            decode_in_step(self._model, codings)
            for k, coding in zip(batch, codings, strict=True):
                datas[mixed[k]] = self._model.detokenize(coding.finish())
        return datas

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        head, start = read_varint(blob)
        if head == 1:
            inner = dict(self._mixer.ledger(blob[start:]))
            return {**inner, "length": inner["length"] + start}
        return stream_ledger(len(blob), [blob[start:]])

    def lanes_of(self, count: int) -> int:
        """Return into how many lanes a sample of `count` symbols is cut."""
        return max(1, min(self._lanes, count // SHORTEST)) if count else 0

    def _plan(self, count: int) -> tuple[int, int, Predictor, int]:
        return count, self.lanes_of(count), self._model, self._mebibytes

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
        codings = [SymbolEncoding(own, measure, *self._plan(len(own))) for own in symbols]
        for batch in self._batches([len(own) for own in symbols]):
            places = [(i, lane) for i in batch for lane in range(len(codings[i].sequences))]
            sequences = [codings[i].sequences[lane] for i, lane in places]
            for at, rows in self._model.frequencies(sequences):
                i, lane = places[at]
                codings[i].add(lane, rows)
        return codings


class SymbolCoding:
    """`count` symbols while they are coded, in lanes that go in step."""

    def __init__(self, count: int, lanes: int, model: Predictor, mebibytes: int) -> None:
        self.count, self._tree = count, tree_of(model)
        self._memory = symbol_memory(count, lanes, model.alphabet, mebibytes)
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

    def __init__(
        self,
        symbols: IntArray,
        measure: bool,
        count: int,
        lanes: int,
        model: Predictor,
        mebibytes: int,
    ) -> None:
        super().__init__(count, lanes, model, mebibytes)
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

    def __init__(
        self, stream: bytes, count: int, lanes: int, model: Predictor, mebibytes: int
    ) -> None:
        """Raises CorruptBlob if no stream of so many bytes holds as many as `count` symbols."""
        if count > CHEAPEST * (8 * len(stream) + 64) or (stream and not count):
            raise CorruptBlob(f"{count} symbols in a coded stream of {len(stream)} bytes")
        super().__init__(count, lanes, model, mebibytes)
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

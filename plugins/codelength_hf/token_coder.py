"""How tokens become a blob: escaped bytes beside the symbols, segments of the model's window."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from codelength.coding.code_length import Bits, bits_by_byte
from codelength.coding.coder import Coder, stream_ledger
from codelength.coding.segments import Segmenter
from codelength.coding.varint import read_varint, split_parts, to_varint
from codelength_hf.predictor import TransformerPredictor
from codelength_hf.tokens import Tokens


class Parts(NamedTuple):
    """What a blob consists of."""

    fingerprint: bytes
    symbol_count: int
    escaped: bytes
    body: bytes


class TokenCoder(Coder):
    """Codes the tokens of a predictor.

    A blob is the fingerprint, if the predictor has one; how many symbols there are; the escaped
    bytes behind their number, if the vocabulary lacks any; the stream of each segment.
    """

    def __init__(self, predictor: TransformerPredictor) -> None:
        self._predictor: TransformerPredictor = replace(predictor, fold=True)

    @property
    def _tokens(self) -> Tokens:
        return self._predictor.tokens

    @cached_property
    def _segmenter(self) -> Segmenter:
        # with a stride, and if it learns, a segment needs those before: a sample is one stream
        overlaps = self._predictor.context > 0 or self._predictor.learn
        return Segmenter(None if overlaps else self._predictor.model.window, group=1)

    @cached_property
    def _fingerprint(self) -> bytes:
        return self._predictor.fingerprint()

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        pairs = [self._tokens.split_escapes(self._tokens.encode(data)) for data in datas]
        bodies = self._segmenter.encode(self._predictor, [symbols for symbols, _ in pairs])
        return [
            self._front(len(symbols), escaped) + body
            for (symbols, escaped), body in zip(pairs, bodies, strict=True)
        ]

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        parts = [self._parts(blob) for blob in blobs]
        for part in parts:
            self._predictor.check_fingerprint(part.fingerprint)
        bodies, counts = [part.body for part in parts], [part.symbol_count for part in parts]
        decoded = self._segmenter.decode(self._predictor, bodies, counts)
        return [
            self._tokens.decode(self._tokens.restore_escapes(symbols, part.escaped))
            for symbols, part in zip(decoded, parts, strict=True)
        ]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        part = self._parts(blob)
        return stream_ledger(
            len(blob),
            self._segmenter.streams(part.body, part.symbol_count),
            fingerprint=len(part.fingerprint),
            escapes=len(part.escaped),
        )

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[Bits]:
        sequences = [self._tokens.encode(data) for data in datas]
        folded = [self._tokens.split_escapes(symbols)[0] for symbols in sequences]
        lengths = self._segmenter.code_lengths(self._predictor, folded)
        for data, symbols, bits in zip(datas, sequences, lengths, strict=True):
            bits[symbols >= self._tokens.count] += 8  # the byte itself
            yield bits_by_byte(self._predictor, symbols, bits, len(data))

    def _front(self, count: int, escaped: bytes) -> bytes:
        front = self._fingerprint + to_varint(count)
        return front + to_varint(len(escaped)) + escaped if self._tokens.escapes else front

    def _parts(self, blob: bytes) -> Parts:
        """Parse a blob. Raises CorruptBlob."""
        start = len(self._fingerprint)
        count, at = read_varint(blob, start)
        escaped, body = split_parts(blob[at:], 2) if self._tokens.escapes else (b"", blob[at:])
        return Parts(blob[:start], count, escaped, body)

"""Segments: how the symbols of a sample are cut and dealt out to coded streams, and framed.

A sample is cut into segments, each coded from an empty state, so that one file fills a batch. A
group of segments shares a stream: they take turns in it, a symbol each. So a group costs one size
and one ending, and what another segment costs is what the model has forgotten.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from codelength.api.errors import CorruptBlob
from codelength.coding.code_length import Bits, bits_by_byte, code_lengths
from codelength.coding.coder import Coder, stream_ledger
from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import IntArray
from codelength.coding.streams import decode, encode
from codelength.coding.varint import join_parts, read_varint, split_parts, to_varint

GROUP = 64
"""Segments that share a stream. Part of the format: a group is decoded in step as a whole."""


@dataclass(frozen=True)
class Segmenter:
    """Codes sequences of symbols in segments.

    The body of a sequence is the streams of its groups, each but the last behind its size. How many
    symbols there are has to be known to read it.
    """

    size: int | None = None
    """Symbols of each segment but the last; None takes a sequence as one segment."""
    group: int = GROUP
    """Segments that share a stream."""

    def segments(self, symbols: IntArray) -> list[IntArray]:
        """Cuts a sequence."""
        size = self.size or max(1, len(symbols))
        return [symbols[start : start + size] for start in range(0, len(symbols), size)]

    def encode(self, predictor: Predictor, sequences: Sequence[IntArray]) -> list[bytes]:
        """Codes each of `sequences` into a body."""
        groups: list[list[IntArray]] = []
        counts = []
        for symbols in sequences:
            segments = self.segments(symbols)
            own = [segments[at : at + self.group] for at in range(0, len(segments), self.group)]
            groups += own
            counts.append(len(own))
        streams = iter(encode(predictor, groups))
        bodies = [[next(streams) for _ in range(count)] for count in counts]
        return [join_parts(body) if body else b"" for body in bodies]

    def decode(
        self, predictor: Predictor, bodies: Sequence[bytes], counts: Sequence[int]
    ) -> list[IntArray]:
        """Returns the symbols, as many as `counts` says, in each body. Raises CorruptBlob."""
        streams: list[bytes] = []
        lengths: list[list[int]] = []
        ends = [0]
        for body, count in zip(bodies, counts, strict=True):
            streams += self.streams(body, count)
            lengths += self._lengths(count)
            ends.append(len(streams))
        decoded = decode(predictor, streams, lengths)
        nothing = np.empty(0, np.int32)
        return [
            np.concatenate(
                [nothing, *(segment for group in decoded[start:end] for segment in group)]
            )
            for start, end in pairwise(ends)
        ]

    def streams(self, body: bytes, count: int) -> list[bytes]:
        """Returns the streams in the body of `count` symbols. Raises CorruptBlob."""
        if not count:
            if body:
                raise CorruptBlob(f"{len(body)} bytes for no data")
            return []
        groups = -(-count // ((self.size or count) * self.group))
        if groups > len(body) + 1:
            raise CorruptBlob(f"{count} symbols in a blob with {len(body)} bytes for them")
        return split_parts(body, groups)

    def code_lengths(self, predictor: Predictor, sequences: Sequence[IntArray]) -> list[Bits]:
        """Computes the bits of each symbol of each sequence."""
        cut = [self.segments(symbols) for symbols in sequences]
        bits = iter(code_lengths(predictor, [segment for own in cut for segment in own]))
        return [np.concatenate([np.empty(0), *(next(bits) for _ in own)]) for own in cut]

    def _lengths(self, count: int) -> list[list[int]]:
        """The symbols of each segment in each group."""
        size = self.size or max(1, count)
        whole, last = divmod(count, size)
        lengths = [size] * whole + [last] * bool(last)
        return [lengths[at : at + self.group] for at in range(0, len(lengths), self.group)]


@dataclass(frozen=True)
class PredictorCoder(Coder):
    """Codes under a predictor. A blob is the number of symbols, and the body behind it."""

    predictor: Predictor
    segmenter: Segmenter

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        sequences = [self.predictor.tokenize(data) for data in datas]
        bodies = self.segmenter.encode(self.predictor, sequences)
        return [to_varint(len(s)) + body for s, body in zip(sequences, bodies, strict=True)]

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        heads = [read_varint(blob) for blob in blobs]
        bodies = [blob[start:] for blob, (_, start) in zip(blobs, heads, strict=True)]
        decoded = self.segmenter.decode(self.predictor, bodies, [count for count, _ in heads])
        return [self.predictor.detokenize(symbols) for symbols in decoded]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        count, start = read_varint(blob)
        streams = self.segmenter.streams(blob[start:], count)
        sizes = len(blob) - start - sum(map(len, streams))
        return stream_ledger(len(blob), streams, **{"stream sizes": sizes})

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[Bits]:
        sequences = [self.predictor.tokenize(data) for data in datas]
        lengths = self.segmenter.code_lengths(self.predictor, sequences)
        for data, symbols, bits in zip(datas, sequences, lengths, strict=True):
            yield bits_by_byte(self.predictor, symbols, bits, len(data))

    def pieces(self, data: bytes) -> list[bytes]:
        symbols = self.predictor.tokenize(data)
        if len(symbols) != len(data):  # a piece alone may become other symbols
            return [data]
        return [self.predictor.detokenize(piece) for piece in self.segmenter.segments(symbols)]

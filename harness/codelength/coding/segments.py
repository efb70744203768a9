"""Long samples as many short sequences, so that one file fills a batch.

A sample is cut into segments, each coded from an empty state. The segments take turns in coded
streams, GROUP of them in each: a group costs one size and one ending, not one a segment, and what a
segment costs is what the model has forgotten. A sample of one segment is a stream of its own.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codelength.api.errors import CorruptBlob
from codelength.api.media import Sample
from codelength.coding.predictor_codec import PredictorCodec, of_streams
from codelength.coding.varint import join_parts, read_varint, split_parts, varint

GROUP = 64
"""Segments that share a stream. Part of the format: a group is decoded in step as a whole."""


@dataclass(frozen=True)
class SegmentedCodec(PredictorCodec):
    """A codec out of a predictor of bytes. A blob is the number of bytes and then the streams, each
    but the last behind its size."""

    @property
    @abstractmethod
    def segment_size(self) -> int:
        """Bytes of each segment but the last."""

    def pieces(self, data: bytes) -> list[bytes]:
        return self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        size = self.segment_size
        return [data[at : at + size] for at in range(0, len(data), size)]

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        from codelength.coding.streams import encode_groups

        predictor, size = self.predictor, self.segment_size
        datas = [bytes(sample.data) for sample in samples]
        groups = [
            [predictor.tokenize(segment) for segment in segments[first : first + GROUP]]
            for segments in map(self._cut, datas)
            for first in range(0, len(segments), GROUP)
        ]
        streams = iter(encode_groups(predictor, groups))
        blobs = []
        for data in datas:
            own = [next(streams) for _ in range(0, len(data), size * GROUP)]
            blobs.append(varint(len(data)) + (join_parts(own) if own else b""))
        return blobs

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        from codelength.coding.streams import decode_groups

        predictor = self.predictor
        taken = [self._streams(blob) for blob in blobs]
        streams = [stream for own, _ in taken for stream in own]
        lengths = [group for _, groups in taken for group in groups]
        decoded = iter(decode_groups(predictor, streams, lengths))
        return [
            b"".join(predictor.detokenize(segment) for _ in own for segment in next(decoded))
            for own, _ in taken
        ]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        streams, _ = self._streams(blob)
        length = read_varint(blob)[1]
        sizes = len(blob) - length - sum(map(len, streams))
        entries = {"length": length, **of_streams(streams)}
        return {**entries, "stream sizes": sizes} if sizes else entries

    def _streams(self, blob: bytes) -> tuple[list[bytes], list[list[int]]]:
        """The streams in a blob, and the bytes of each segment in each. Raises CorruptBlob."""
        length, start = read_varint(blob)
        size, rest = self.segment_size, blob[start:]
        count = -(-length // (size * GROUP))
        if count > len(rest) + 1:
            raise CorruptBlob(f"{length} bytes in a blob of {len(blob)}")
        if not length:
            if rest:
                raise CorruptBlob(f"{len(rest)} bytes for no data")
            return [], []
        whole, last = divmod(length - (count - 1) * size * GROUP, size)
        ending = [size] * whole + [last] * bool(last)
        return split_parts(rest, count), [[size] * GROUP] * (count - 1) + [ending]

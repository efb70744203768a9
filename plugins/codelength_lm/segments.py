"""Long samples as many short streams, so that one file fills a batch.

A sample is cut into segments, each coded from an empty state as a stream of its own. A segment
costs three or four bytes and what the model has forgotten.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codelength.coding import PredictorCodec
from codelength.errors import CorruptBlob
from codelength.framing import join_parts, read_varint, split_parts, varint
from codelength.media import Sample


@dataclass(frozen=True)
class SegmentedCodec(PredictorCodec):
    """A codec out of a predictor of bytes. A blob is the number of bytes and then the streams of
    the segments, each but the last behind its size."""

    @property
    @abstractmethod
    def segment_size(self) -> int:
        """Bytes of each segment but the last."""

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        from codelength.streams import encode

        predictor = self.predictor
        cut = [self._cut(bytes(sample.data)) for sample in samples]
        flat = [predictor.tokenize(segment) for segments in cut for segment in segments]
        streams = iter(encode(predictor, flat))
        return [
            varint(len(sample.data)) + (join_parts(next(streams) for _ in cuts) if cuts else b"")
            for sample, cuts in zip(samples, cut, strict=True)
        ]

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        from codelength_lm.lockstep import decode

        predictor = self.predictor
        taken = [self._streams(blob) for blob in blobs]
        streams = [stream for own, _ in taken for stream in own]
        decoded = iter(decode(predictor, streams, [n for _, lengths in taken for n in lengths]))
        return [b"".join(predictor.detokenize(next(decoded)) for _ in own) for own, _ in taken]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        streams, _ = self._streams(blob)
        length = read_varint(blob)[1]
        payload = sum(map(len, streams))
        return {
            "length": length,
            "segment sizes": len(blob) - length - payload,
            "payload": payload,
        }

    def _cut(self, data: bytes) -> list[bytes]:
        size = self.segment_size
        return [data[at : at + size] for at in range(0, len(data), size)]

    def _streams(self, blob: bytes) -> tuple[list[bytes], list[int]]:
        """The streams in a blob, and the bytes behind each. Raises CorruptBlob."""
        length, start = read_varint(blob)
        whole, rest = divmod(length, self.segment_size)
        if not length:
            if blob[start:]:
                raise CorruptBlob(f"{len(blob) - start} bytes for no data")
            return [], []
        streams = split_parts(blob[start:], whole + bool(rest))
        return streams, [self.segment_size] * whole + [rest] * bool(rest)

"""Any predictor as a codec: its frequencies, a range coder, and the number of symbols in front."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codelength.codec import Codec
from codelength.coder import Decoder, Encoder, IntArray
from codelength.framing import read_varint, varint
from codelength.media import RAW, Media, Sample
from codelength.predictor import Predictor

STREAMS = 64
"""Samples that are coded in step with each other; it changes the speed, never the bytes."""

REMEMBER = 1 << 20
"""Frequencies kept while decoding until the symbols are confirmed."""


@dataclass(frozen=True)
class PredictorCodec(Codec):
    """A codec out of a predictor. Each blob decodes by itself.

    Subclasses give a name, their settings as fields, and the `predictor` that these make.
    """

    @property
    @abstractmethod
    def predictor(self) -> Predictor:
        """The law to code under."""

    @property
    def prior(self) -> Mapping[str, int]:
        return self.predictor.prior

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return self.encode_many([Sample("", data, media)])[0]

    def decode(self, blob: bytes) -> bytes:
        return self.decode_many([blob])[0]

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        symbols = [self.predictor.tokenize(bytes(sample.data)) for sample in samples]
        blobs = [b""] * len(samples)
        for group in _groups([len(sequence) for sequence in symbols]):
            batch = [symbols[i] for i in group]
            coders = [Encoder() for _ in batch]
            done = [0] * len(batch)
            for stream, rows in self.predictor.frequencies(batch):
                start, done[stream] = done[stream], done[stream] + len(rows)
                coders[stream].encode(batch[stream][start : done[stream]], rows)
            for i, coder in zip(group, coders, strict=True):
                blobs[i] = varint(len(symbols[i])) + coder.finish()
        return blobs

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        lengths, streams = [], []
        for blob in blobs:
            length, start = read_varint(blob)
            lengths.append(length)
            streams.append(blob[start:])
        data = [b""] * len(blobs)
        for group in _groups(lengths):
            decoded = self._decoded([streams[i] for i in group], [lengths[i] for i in group])
            for i, symbols in zip(group, decoded, strict=True):
                data[i] = self.predictor.detokenize(symbols)
        return data

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        _, start = read_varint(blob)
        return {"length": start, "payload": len(blob) - start}

    def _decoded(self, streams: Sequence[bytes], lengths: Sequence[int]) -> Iterator[IntArray]:
        """The symbols of each stream; `lengths` do not increase. Raises CorruptBlob."""
        coders = [Decoder(stream) for stream in streams]
        symbols: list[list[int]] = [[] for _ in streams]
        stepper, alive = self.predictor.stepper(len(streams)), len(streams)
        block = max(1, REMEMBER // (len(streams) * self.predictor.alphabet))
        seen = np.empty((block, len(streams), self.predictor.alphabet), np.int32)
        now = np.empty((block, len(streams)), np.int32)
        step = 0
        for at in range(lengths[0]):
            while lengths[alive - 1] <= at:
                alive -= 1
                coders[alive].confirm(now[:step, alive], seen[:step, alive])
                stepper.keep(alive)
            seen[step, :alive] = stepper.frequencies()
            for stream in range(alive):
                symbol = coders[stream].decode_one(seen[step, stream : stream + 1])
                now[step, stream] = symbol
                symbols[stream].append(symbol)
            stepper.advance(now[step, :alive])
            step += 1
            if step == block:
                for stream in range(alive):
                    coders[stream].confirm(now[:, stream], seen[:, stream])
                step = 0
        for stream in range(alive):
            coders[stream].confirm(now[:step, stream], seen[:step, stream])
        for coder in coders:
            coder.finish()
        return (np.array(sequence, np.int64) for sequence in symbols)


def _groups(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of sequences to code in step, longest first, those of like length together."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    return (order[start : start + STREAMS] for start in range(0, len(order), STREAMS))

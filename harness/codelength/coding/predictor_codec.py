"""Any predictor as a codec: its frequencies, a range coder, and the number of symbols in front.

Importing this loads neither numpy nor a model, so that a plugin's codecs can be listed at once.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.api.codec import Codec
from codelength.api.media import RAW, Media, Sample
from codelength.coding.varint import read_varint, varint

if TYPE_CHECKING:
    from codelength.coding.predictor import Predictor


@dataclass(frozen=True)
class PredictorCodec(Codec):
    """A codec out of a predictor. Each blob decodes by itself.

    Subclasses give a name, their settings as fields, and the `predictor` that these make.
    """

    @property
    @abstractmethod
    def predictor(self) -> "Predictor":
        """The law to code under."""

    def pieces(self, data: bytes) -> list[bytes]:
        """`data` as it is cut, each piece coded from an empty state: by default, in one."""
        return [data]

    @property
    def portable(self) -> bool:
        """False unless a subclass says that its predictor gives the same frequencies anywhere."""
        return False

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return self.predictor.model_bytes

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return self.encode_many([Sample("", data, media)])[0]

    def decode(self, blob: bytes) -> bytes:
        return self.decode_many([blob])[0]

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        from codelength.coding.streams import encode

        predictor = self.predictor
        symbols = [predictor.tokenize(bytes(sample.data)) for sample in samples]
        streams = encode(predictor, symbols)
        return [
            varint(len(sequence)) + stream
            for sequence, stream in zip(symbols, streams, strict=True)
        ]

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        from codelength.coding.streams import decode

        predictor = self.predictor
        heads = [read_varint(blob) for blob in blobs]
        streams = [blob[start:] for blob, (_, start) in zip(blobs, heads, strict=True)]
        decoded = decode(predictor, streams, [length for length, _ in heads])
        return [predictor.detokenize(symbols) for symbols in decoded]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        _, start = read_varint(blob)
        return {"length": start, **of_streams([blob[start:]])}


def of_streams(streams: Sequence[bytes]) -> Mapping[str, int]:
    """The ledger of coded streams. The last byte of each is there to end it: symbols fill it but in
    part, and all the others."""
    flush = sum(map(bool, streams))
    return {"payload": sum(map(len, streams)) - flush, "flush": flush}

"""A model that sees seven bits of each byte, as in published experiments; but nothing is lost."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from codelength.api.errors import Unsupported, UsageError
from codelength.api.media import Sample
from codelength.coding.predictor_codec import PredictorCodec
from codelength.coding.varint import join_parts, split_parts


@dataclass(frozen=True)
class SevenBits(PredictorCodec):
    """Gives a codec the setting `bits`, which that one declares as its last field. With bits=7 a
    blob is the coded eighth bits behind their size, which is zero where no byte has one, and then
    the blob of the lower seven. To be named first among the bases."""

    @property
    @abstractmethod
    def bits(self) -> int | None:
        """7, if the model is to see no more than that of each byte."""

    def __post_init__(self) -> None:
        if self.bits not in (None, 7, 8):
            raise UsageError(f"{self.name}:bits={self.bits} cannot be: it is 7 or 8")

    def pieces(self, data: bytes) -> list[bytes]:
        if self.bits == 7:
            raise Unsupported(
                f"{self.spec}: the model's code length leaves out the eighth bits; only true "
                "coding has them"
            )
        return super().pieces(data)

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        if self.bits != 7:
            return super().encode_many(samples)
        from codelength.coding.eighth import apart

        pairs = [apart(bytes(sample.data)) for sample in samples]
        seen = [replace(s, data=low) for s, (low, _) in zip(samples, pairs, strict=True)]
        blobs = super().encode_many(seen)
        return [join_parts((high, blob)) for blob, (_, high) in zip(blobs, pairs, strict=True)]

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        if self.bits != 7:
            return super().decode_many(blobs)
        from codelength.coding.eighth import together

        pairs = [split_parts(blob, 2) for blob in blobs]
        lows = super().decode_many([blob for _, blob in pairs])
        return [together(low, high) for low, (high, _) in zip(lows, pairs, strict=True)]

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        if self.bits != 7:
            return super().ledger(blob)
        rest = split_parts(blob, 2)[1]
        return {"eighth bit": len(blob) - len(rest), **super().ledger(rest)}

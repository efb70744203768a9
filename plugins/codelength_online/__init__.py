"""`online`: a recurrent model of bytes that knows nothing at first and learns what it has coded.

Encoder and decoder start from the same random weights and take the same updates, in floats whose
every sum has one order; so nothing has to be sent beforehand, and a blob decodes anywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from codelength import RAW, Codec, Media, ModelCard, hookimpl
from codelength.coding.predictor_codec import of_streams
from codelength.coding.varint import read_varint, varint


@dataclass(frozen=True)
class OnlineCodec(Codec):
    """A gated linear recurrent model that learns after every block of some hundred bytes.
    Decoding takes as long as encoding."""

    name: ClassVar[str] = "online"
    needs: ClassVar[Mapping[str, str]] = {"constriction": "constriction", "numba": "numba"}
    library: ClassVar[tuple[str, ...]] = ("codelength_exact", "codelength_online")

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        from codelength_online.coding import encode

        return varint(len(data)) + encode(data)

    def decode(self, blob: bytes) -> bytes:
        from codelength_online.coding import decode

        size, start = read_varint(blob)
        return decode(blob[start:], size)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        _, start = read_varint(blob)
        return {"length": start, **of_streams([blob[start:]])}

    @property
    def card(self) -> ModelCard:
        """Of the model for large data, for which alone the tables have all their rows."""
        from codelength_online.coding import LARGEST
        from codelength_online.model import begin

        parameters = sum(values.size for values in begin(LARGEST).values())
        return ModelCard(parameters, "nothing: it learns what it has coded")


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    yield OnlineCodec()

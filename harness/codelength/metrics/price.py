"""The price of a model and of a decoder: the bytes that are charged besides the blobs.

A model costs its bytes as stored; or two bytes a parameter, as "Language Modeling Is Compression"
charges; or what the best lossless codec makes of its bytes. On request the decoder's own code is
charged too, as the Large Text Compression Benchmark does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec.structs import replace

from codelength.metrics.rates import DECODER
from codelength.results.cell import WEIGHTS, Cell


class Price(StrEnum):
    """How the bytes of a model are counted."""

    STORED = "stored"
    TWO_BYTES = "2bytes"
    COMPRESSED = "compressed"


@dataclass(frozen=True)
class CompressedModel:
    """The smallest coding of a model's bytes."""

    bytes: int
    by: str
    """The codec whose blobs were the smallest."""
    of: int
    """Codecs that coded it and were decoded to the same bytes."""


@dataclass(frozen=True)
class Pricing:
    """A price, and what was measured for it."""

    price: Price = Price.STORED
    compressed: Mapping[str, CompressedModel] = field(default_factory=dict)
    """Digest of weights → their smallest coding."""
    decoders: Mapping[str, int] | None = None
    """`decoder_key` → bytes; None where decoders are not charged."""

    @property
    def description(self) -> str:
        """What is charged, as a sentence for the notes of a table."""
        models = {
            Price.STORED: "models as stored",
            Price.TWO_BYTES: "weights at 2 bytes a parameter",
            Price.COMPRESSED: "models under the lossless codec that codes them smallest",
        }[self.price]
        return f"Charged: {models}{'' if self.decoders is None else ', and decoders, zipped'}."


STORED = Pricing()
"""What is charged unless somebody asks for something else."""


def apply_price(cell: Cell, pricing: Pricing) -> Cell:
    """A copy of the cell whose model bytes are those that `pricing` charges.

    None for a part without a known price.
    """
    model_bytes = dict(cell.model_bytes)
    if model_bytes and pricing.price is Price.TWO_BYTES and WEIGHTS in model_bytes:
        parameters = None if cell.card is None else cell.card.parameters
        model_bytes[WEIGHTS] = None if parameters is None else 2 * parameters
    if model_bytes and pricing.price is Price.COMPRESSED:
        smallest = pricing.compressed.get(cell.digests.get(WEIGHTS, ""))
        model_bytes = (
            {f"{', '.join(model_bytes)} by {smallest.by}": smallest.bytes}
            if smallest
            else {WEIGHTS: None}
        )
    if pricing.decoders is not None:
        model_bytes[DECODER] = pricing.decoders.get(decoder_key(cell))
    return cell if model_bytes == cell.model_bytes else replace(cell, model_bytes=model_bytes)


def decoder_key(cell: Cell) -> str:
    """The key of a decoder's code: the family of the codec, and the versions."""
    versions = sorted(f"{name} {value}" for name, value in cell.depends_on.items())
    return f"{cell.codec.partition(':')[0]}: {', '.join(versions)}"


def find_smallest_codings(cells: Iterable[Cell]) -> dict[str, CompressedModel]:
    """Find the smallest coding of each model that was coded as a corpus.

    The keys are digests of models, which are the labels of these corpora.
    """
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.ok and cell.slice.label:
            found.setdefault(cell.slice.label, []).append(cell)
    return {
        digest: CompressedModel(best.coded_bytes, best.codec, len(good))
        for digest, good in found.items()
        for best in [min(good, key=lambda cell: (cell.coded_bytes, cell.codec))]
    }

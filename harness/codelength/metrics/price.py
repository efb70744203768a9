"""The price of a model and of a decoder: the bytes that are charged besides the blobs.

A model costs its bytes as stored, or so many bits a parameter ("Language Modeling Is Compression"
charges 16), or what the best lossless codec makes of its bytes. On request the decoder's own code
is charged too, as the Large Text Compression Benchmark does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from msgspec.structs import replace

from codelength.api.errors import UsageError
from codelength.metrics.budget import NO_BUDGET, Budget
from codelength.metrics.rates import DECODER
from codelength.results.cell import WEIGHTS, Cell

Price = float | str
"""Bits a parameter, or AS_STORED, or COMPRESSED."""
AS_STORED, COMPRESSED = "stored", "compressed"


def parse_price(text: str) -> Price:
    """Read a price: `3.6bits`, `2bytes`, `stored` or `compressed`. Raises UsageError."""
    if text in (AS_STORED, COMPRESSED):
        return text
    match = re.fullmatch(r"(\d+\.?\d*)(bits?|bytes?)", text, re.ASCII)
    if match is None:
        raise UsageError(
            f"--price {text} is no price; it is stored, compressed, or what a parameter costs: "
            "3.6bits, 2bytes"
        )
    return float(match[1]) * (8 if match[2].startswith("byte") else 1)


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
    """A price, what was measured for it, and what a row may take."""

    price: Price = AS_STORED
    compressed: Mapping[str, CompressedModel] = field(default_factory=dict)
    """Digest of weights → their smallest coding."""
    decoders: Mapping[str, int] | None = None
    """`decoder_key` → bytes; None where decoders are not charged."""
    budget: Budget = NO_BUDGET

    @property
    def description(self) -> str:
        """What is charged, as a sentence for the notes of a table."""
        price = self.price
        if isinstance(price, float):
            models = f"weights at {price:g} bits a parameter"
        elif price == COMPRESSED:
            models = "models under the lossless codec that codes them smallest"
        else:
            models = "models as stored"
        return f"Charged: {models}{'' if self.decoders is None else ', and decoders, zipped'}."


STORED = Pricing()
"""What is charged unless somebody asks for something else."""


def apply_price(cell: Cell, pricing: Pricing) -> Cell:
    """A copy of the cell whose model bytes are those that `pricing` charges.

    None for a part without a known price.
    """
    model_bytes = dict(cell.model_bytes)
    if isinstance(pricing.price, float) and WEIGHTS in model_bytes:
        parameters = None if cell.card is None else cell.card.parameters
        bits = None if parameters is None else pricing.price * parameters
        model_bytes[WEIGHTS] = None if bits is None else ceil(bits / 8)
    if model_bytes and pricing.price == COMPRESSED:
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

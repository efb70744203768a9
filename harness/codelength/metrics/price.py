"""What is charged besides the blobs: the price of a prior, and of a decoder.

As stored on disk; two bytes a parameter, as "Language Modeling Is Compression" charges; or what the
best lossless codec makes of the very bytes. A decoder's own code is charged as the Large Text
Compression Benchmark does, where that is asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec.structs import replace

from codelength.metrics.rates import DECODER
from codelength.results.cell import WEIGHTS, Cell


class Price(StrEnum):
    """How the bytes of a prior are counted."""

    STORED = "stored"
    TWO_BYTES = "2bytes"
    COMPRESSED = "compressed"


@dataclass(frozen=True)
class Shrunk:
    """What a prior was coded to, and by what."""

    bytes: int
    by: str
    """The codec whose blobs were the smallest."""
    of: int
    """Codecs that coded it and were decoded to the same bytes."""


@dataclass(frozen=True)
class Pricing:
    """A price, and what was measured for it."""

    price: Price = Price.STORED
    shrunk: Mapping[str, Shrunk] = field(default_factory=dict)
    """Digest of weights → what they were coded to."""
    decoders: Mapping[str, int] | None = None
    """`decoder_key` → bytes; None where decoders are not charged."""

    @property
    def told(self) -> str:
        """What is charged, for the caption of a table."""
        model_bytes = {
            Price.STORED: "priors as stored",
            Price.TWO_BYTES: "weights at 2 bytes a parameter",
            Price.COMPRESSED: "priors under the lossless codec that codes them smallest",
        }[self.price]
        return f"Charged: {model_bytes}{'' if self.decoders is None else ', and decoders, zipped'}."


STORED = Pricing()
"""What is charged unless somebody asks for something else."""


def apply_price(cell: Cell, pricing: Pricing) -> Cell:
    """The cell with a prior of what `tariff` charges; a part whose price is not known is None."""
    model_bytes = dict(cell.model_bytes)
    if model_bytes and pricing.price is Price.TWO_BYTES and WEIGHTS in model_bytes:
        parameters = None if cell.card is None else cell.card.parameters
        model_bytes[WEIGHTS] = None if parameters is None else 2 * parameters
    if model_bytes and pricing.price is Price.COMPRESSED:
        shrunk = pricing.shrunk.get(cell.digests.get(WEIGHTS, ""))
        model_bytes = (
            {f"{', '.join(model_bytes)} by {shrunk.by}": shrunk.bytes}
            if shrunk
            else {WEIGHTS: None}
        )
    if pricing.decoders is not None:
        model_bytes[DECODER] = pricing.decoders.get(decoder_key(cell))
    return cell if model_bytes == cell.model_bytes else replace(cell, model_bytes=model_bytes)


def decoder_key(cell: Cell) -> str:
    """What the code of a cell's decoder depends on: the family of its codec, and the versions."""
    versions = sorted(f"{name} {value}" for name, value in cell.depends_on.items())
    return f"{cell.codec.partition(':')[0]}: {', '.join(versions)}"


def smallest(cells: Iterable[Cell]) -> dict[str, Shrunk]:
    """For each prior that was coded as a corpus (its digest is the corpus's label), the best."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.ok and cell.slice.label:
            found.setdefault(cell.slice.label, []).append(cell)
    return {
        digest: Shrunk(best.coded_bytes, best.codec, len(good))
        for digest, good in found.items()
        for best in [min(good, key=lambda cell: (cell.coded_bytes, cell.codec))]
    }

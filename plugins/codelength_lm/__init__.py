"""Language models as codecs, exact by construction: `recurrent:size=0.9m`.

Importing this module lists the models in the box and loads none.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from codelength import Codec, UsageError, hookimpl
from codelength_lm.segments import SegmentedCodec

if TYPE_CHECKING:
    from codelength.predictor import Predictor

MODELS = Path(__file__).parent / "models"
"""One file of weights for each model in the box, called recurrent-0.9m.safetensors and so on."""


SEGMENT = 1 << 14
"""Bytes of a segment unless a codec's setting says otherwise: 64 streams a megabyte.

Against one state throughout, the half-trained 0.9m model codes the last 500 kB of enwik6 in 0.07%
more bytes; with segments of 4096 in 0.28% more, of 2048 in 0.6% more, of 65536 in 0.02% more."""


@dataclass(frozen=True)
class RecurrentCodec(SegmentedCodec):
    """A gated linear recurrent model of bytes with a range coder."""

    name: ClassVar[str] = "recurrent"
    needs: ClassVar[dict[str, str]] = {
        "constriction": "constriction",
        "numba": "codelength[lm]",
        "safetensors": "codelength[lm]",
    }
    size: str = "0.9m"
    segment: int | None = None

    def __post_init__(self) -> None:
        if self.segment is not None and self.segment < 1:
            raise UsageError(f"{self.name}:segment={self.segment} cannot be: it is 1 or more")
        if not self.path.is_file():
            sizes = ", ".join(sizes_in_the_box()) or "none"
            raise UsageError(f"{self.name}:size={self.size} is not in the box, which has {sizes}")

    @property
    def segment_size(self) -> int:
        return self.segment or SEGMENT

    @property
    def path(self) -> Path:
        """The file of weights."""
        return MODELS / f"{self.name}-{self.size}.safetensors"

    @property
    def predictor(self) -> "Predictor":
        from codelength_lm.predictor import RecurrentPredictor

        return RecurrentPredictor(self.path)

    @property
    def prior(self) -> Mapping[str, int]:
        return {"weights": self.path.stat().st_size}

    @property
    def versions(self) -> Mapping[str, str]:
        return {**super().versions, **self.requires}

    @property
    def requires(self) -> Mapping[str, str]:
        return {"weights": f"sha256:{_digest(self.path)[:16]}"}


def sizes_in_the_box() -> list[str]:
    """Sizes of the recurrent models that come with the package, smallest first."""
    return sorted(path.stem.removeprefix("recurrent-") for path in MODELS.glob("recurrent-*"))


@lru_cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    for size in sizes_in_the_box():
        yield RecurrentCodec(size)

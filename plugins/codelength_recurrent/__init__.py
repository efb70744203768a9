"""Language models as codecs, exact by construction: `recurrent:size=0.9m`.

Importing this module lists the bundled models and loads none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from codelength import Codec, ModelCard, UsageError, hookimpl
from codelength_exact.file_codec import FileCodec

if TYPE_CHECKING:
    from codelength.coding.predictor import Predictor

MODELS = Path(__file__).parent / "models"
"""One file of weights for each bundled model, called recurrent-0.9m.safetensors and so on."""

DEFAULT = "0.9m"
"""The size of a codec whose settings name none."""

SEGMENT = 1 << 14
"""Bytes of a segment unless a codec's setting says otherwise: 64 streams a megabyte.

Against one state throughout, the half-trained 0.9m model codes the last 500 kB of enwik6 in 0.07%
more bytes; with segments of 4096 in 0.28% more, of 2048 in 0.6% more, of 65536 in 0.02% more."""


@dataclass(frozen=True)
class RecurrentCodec(FileCodec):
    """A gated linear recurrent model of bytes with a range coder."""

    name: ClassVar[str] = "recurrent"
    needs: ClassVar[dict[str, str]] = {
        "constriction": "codelength[learned]",
        "numba": "codelength[learned]",
        "safetensors": "codelength[lm]",
    }
    library: ClassVar[tuple[str, ...]] = ("codelength_exact", "codelength_recurrent")
    size: str | None = None
    """A bundled size; None if weights are given. Unless set, DEFAULT."""
    segment: int | None = None
    weights: str | None = None
    """A file that `codelength train recurrent` wrote."""
    bits: int | None = None
    """7, if the model is to see no more than that of each byte."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weights is not None:
            if self.size is not None:
                raise UsageError(f"{self.name} takes a size or weights, not both")
            if not self.path.is_file():
                raise UsageError(f"{self.name}:weights={self.weights}: there is no such file")
            return
        if self.size is None:
            object.__setattr__(self, "size", DEFAULT)
        if not self.path.is_file():
            sizes = ", ".join(bundled_sizes()) or "none"
            raise UsageError(f"{self.name}:size={self.size} is not bundled; bundled are {sizes}")

    def check_available(self) -> None:
        super().check_available()
        from codelength_exact.safetensors_card import is_recurrent

        if not is_recurrent(self.path):
            raise UsageError(f"{self.path} has no weights of a recurrent model")

    @property
    def by_default(self) -> bool:  # type: ignore[override]
        """Whether it is not the largest bundled model, which takes as long as all others."""
        return self.size != "3.5m"

    @property
    def segment_size(self) -> int:
        return self.segment or SEGMENT

    @property
    def path(self) -> Path:
        """Return the file of weights."""
        if self.weights is not None:
            return Path(self.weights).expanduser()
        return MODELS / f"{self.name}-{self.size}.safetensors"

    @property
    def model_predictor(self) -> "Predictor":
        from codelength_recurrent.predictor import RecurrentPredictor

        return RecurrentPredictor(self.path)

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    @property
    def card(self) -> ModelCard:
        from codelength_exact.safetensors_card import read_card

        return read_card(self.path)


def bundled_sizes() -> list[str]:
    """Return the sizes of the bundled recurrent models, smallest first."""
    return sorted(path.stem.removeprefix("recurrent-") for path in MODELS.glob("recurrent-*"))


@hookimpl
def codelength_codecs() -> Iterable[Codec]:
    for size in bundled_sizes():
        yield RecurrentCodec(size)

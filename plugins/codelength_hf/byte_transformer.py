"""The project's own transformers of bytes as codecs: `transformer:size=0.8m`.

Importing this module lists the bundled models and loads none.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from codelength import ModelCard, UsageError
from codelength_exact.file_codec import FileCodec

if TYPE_CHECKING:
    from codelength_hf.checkpoint import Checkpoint
    from codelength_hf.predictor import ExactPredictor

MODELS = Path(__file__).parent / "models"
"""A folder for each bundled model, called transformer-0.8m and so on: config.json and
model.safetensors, as `shrink` writes them."""

DEFAULT = "0.8m"


@dataclass(frozen=True)
class TransformerCodec(FileCodec):
    """A decoder-only transformer of bytes with a range coder."""

    name: ClassVar[str] = "transformer"
    needs: ClassVar[dict[str, str]] = {
        "constriction": "codelength[learned]",
        "numba": "codelength[learned]",
        "safetensors": "codelength[lm]",
    }
    library: ClassVar[tuple[str, ...]] = ("codelength_exact", "codelength_hf")
    size: str = DEFAULT
    segment: int | None = None
    """Bytes that are coded from an empty state; the model's whole context unless set."""
    bits: int | None = None
    """7, if the model is to see no more than that of each byte."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.path / "config.json").is_file():
            sizes = ", ".join(bundled_sizes()) or "none"
            raise UsageError(f"{self.name}:size={self.size} is not bundled; bundled are {sizes}")
        if self.segment is not None and self.segment > self.context:
            raise UsageError(
                f"{self.name}:segment={self.segment} cannot be: "
                f"this model sees {self.context} bytes"
            )

    @property
    def by_default(self) -> bool:  # type: ignore[override]
        """Whether it is the smallest. The others would take a minute and more of a run of three."""
        return self.size == "0.2m"

    @property
    def path(self) -> Path:
        """Return the folder of the model."""
        return MODELS / f"{self.name}-{self.size}"

    @property
    def files(self) -> tuple[Path, ...]:
        return self.path / "config.json", self.path / "model.safetensors"

    @property
    def context(self) -> int:
        """Return the bytes of the context."""
        return int(json.loads(self.files[0].read_bytes())["max_position_embeddings"])

    @property
    def segment_size(self) -> int:
        return self.segment or self.context

    @property
    def checkpoint(self) -> "Checkpoint":
        """Return the files of the model."""
        from codelength_hf.checkpoint import open_checkpoint

        return open_checkpoint(str(self.path), None, False)

    @property
    def model_predictor(self) -> "ExactPredictor":
        from codelength_hf.predictor import ExactPredictor

        return ExactPredictor(self.checkpoint, self.segment)

    @property
    def card(self) -> ModelCard:
        from codelength_exact.safetensors_card import read_card

        return read_card(self.files[1])


def bundled_sizes() -> list[str]:
    """Return the sizes of the bundled transformers, smallest first."""
    return sorted(path.name.removeprefix("transformer-") for path in MODELS.glob("transformer-*"))

"""What codecs of models in files have in common: settings, digests, and how they are coded."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from codelength import Sample, UsageError
from codelength.coding.coder import Coder, CoderCodec
from codelength_exact import devices
from codelength_exact.bits import check_bits, with_bits

if TYPE_CHECKING:
    from codelength.coding.predictor import Predictor


@dataclass(frozen=True)
class FileCodec(CoderCodec):
    """A codec of the model in `files`.

    Has the settings `segment` and `bits`, which subclasses declare behind their own.
    """

    @property
    @abstractmethod
    def segment(self) -> int | None:
        """Bytes that are coded from an empty state, if that is set."""

    @property
    @abstractmethod
    def bits(self) -> int | None:
        """7, if the model is to see no more than that of each byte."""

    @property
    @abstractmethod
    def segment_size(self) -> int:
        """Bytes of each segment but the last."""

    @property
    @abstractmethod
    def model_predictor(self) -> "Predictor":
        """The model, which predicts bytes or, with bits=7, what it sees of them."""

    @property
    def predictor(self) -> "Predictor | None":
        return None if self.bits == 7 else self.model_predictor

    @property
    def coder(self) -> Coder:
        from codelength.coding.segments import PredictorCoder, Segmenter

        coder = PredictorCoder(self.model_predictor, Segmenter(self.segment_size))
        return with_bits(coder, self.bits)

    def __post_init__(self) -> None:
        check_bits(self.name, self.bits)
        if self.segment is not None and self.segment < 1:
            raise UsageError(f"{self.name}:segment={self.segment} cannot be: it is 1 or more")

    def check_available(self) -> None:
        super().check_available()
        devices.check()

    @property
    @abstractmethod
    def files(self) -> tuple[Path, ...]:
        """All that the distributions depend on."""

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {"weights": sum(path.stat().st_size for path in self.files)}

    def model_samples(self) -> Iterator[Sample]:
        yield Sample("weights", b"".join(path.read_bytes() for path in self.files))

    @property
    def digests(self) -> Mapping[str, str]:
        return {"weights": f"sha256:{_digest(self.files)[:16]}"}

    @property
    def requires(self) -> Mapping[str, str]:
        return self.digests

    @property
    def portable(self) -> bool:
        return True  # all of it computes in integers


@lru_cache
def _digest(paths: tuple[Path, ...]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()

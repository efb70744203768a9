"""What codecs of models in files have in common."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codelength import Sample, UsageError
from codelength.coding.segments import SegmentedCodec
from codelength.coding.seven_bits import SevenBits
from codelength_exact import devices


@dataclass(frozen=True)
class FileCodec(SevenBits, SegmentedCodec):
    """A codec of the model in `files`. Has the settings `segment` and `bits`, which subclasses
    declare behind their own."""

    @property
    @abstractmethod
    def segment(self) -> int | None:
        """Bytes that are coded from an empty state, if that is set."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.segment is not None and self.segment < 1:
            raise UsageError(f"{self.name}:segment={self.segment} cannot be: it is 1 or more")

    def check_available(self) -> None:
        super().check_available()
        devices.check()

    @property
    @abstractmethod
    def files(self) -> tuple[Path, ...]:
        """All that the law depends on."""

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

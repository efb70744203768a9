"""Codecs that may have a file of bytes as their model: a dictionary, a text that primes them."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.api.media import Sample
from codelength.api.model_card import ModelCard, read_card

CARD = ".json"
"""Behind the name of the file: a card such as `{"data": "prose", "includes": ["prose"]}`."""


@dataclass(frozen=True)
class ModelFileCodec(Codec):
    """A codec of which one setting names a file that the decoder has to hold beforehand.

    Without it the codec has no model. With it the file's bytes are model bytes, its digest is part
    of what a blob needs, and the card beside it says what it was made of.
    """

    @property
    @abstractmethod
    def model_file(self) -> tuple[str, str] | None:
        """The name of the setting and the path that it has; None if it is not set."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model_file and not Path(self.model_file[1]).expanduser().is_file():
            setting, path = self.model_file
            raise UsageError(f"{self.name}:{setting}={path}: there is no such file")

    @property
    def model(self) -> bytes:
        """The bytes of the file; none if there is no file."""
        return _read(self.model_file[1]) if self.model_file else b""

    @property
    def model_bytes(self) -> Mapping[str, int]:
        return {self.model_file[0]: len(self.model)} if self.model_file else {}

    def model_samples(self) -> Iterator[Sample]:
        if self.model_file:
            yield Sample(self.model_file[0], self.model)

    @property
    def digests(self) -> Mapping[str, str]:
        if not self.model_file:
            return {}
        return {self.model_file[0]: f"sha256:{hashlib.sha256(self.model).hexdigest()[:16]}"}

    @property
    def requires(self) -> Mapping[str, str]:
        return self.digests

    @property
    def portable(self) -> bool:
        return True

    @property
    def groups(self) -> tuple[str, ...]:
        return ("trained",) if self.model_file else ("classical",)

    @property
    def card(self) -> ModelCard | None:
        if not self.model_file:
            return None
        return read_card(Path(self.model_file[1] + CARD).expanduser()) or ModelCard()


@lru_cache(1)
def _read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error

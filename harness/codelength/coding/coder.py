"""The contract of a coder: what makes the blobs of a learned codec.

Importing this loads neither numpy nor a model, so that a plugin's codecs can be listed at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.api.codec import Codec
from codelength.api.media import RAW, Media, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Coder(ABC):
    """Turns bytes into blobs and back. Each blob decodes by itself."""

    @abstractmethod
    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        """Makes one blob of each of `datas`."""

    @abstractmethod
    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        """Returns the data behind each blob. Raises CorruptBlob."""

    @abstractmethod
    def ledger(self, blob: bytes) -> Mapping[str, int]:
        """Returns where the bytes of `blob` went; the entries sum to its length."""

    @abstractmethod
    def code_lengths(self, datas: Sequence[bytes]) -> "Iterator[NDArray[np.float64]]":
        """Yields the bits of each byte of each of `datas`, `(bytes,)`; see `Codec.code_lengths`."""

    def pieces(self, data: bytes) -> list[bytes]:
        """Cuts `data` where the coder starts afresh; see `Codec.pieces`."""
        return [data]


@dataclass(frozen=True)
class CoderCodec(Codec):
    """A codec whose blobs come from a `Coder`. A subclass has settings, facts and the `coder`."""

    @property
    @abstractmethod
    def coder(self) -> Coder:
        """What makes the blobs under these settings."""

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return self.coder.encode([data])[0]

    def decode(self, blob: bytes) -> bytes:
        return self.coder.decode([blob])[0]

    def encode_many(self, samples: Sequence[Sample]) -> list[bytes]:
        return self.coder.encode([bytes(sample.data) for sample in samples])

    def decode_many(self, blobs: Sequence[bytes]) -> list[bytes]:
        return self.coder.decode(blobs)

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        return self.coder.ledger(blob)

    def code_lengths(self, samples: Sequence[Sample]) -> "Iterator[NDArray[np.float64]]":
        return self.coder.code_lengths([bytes(sample.data) for sample in samples])

    def pieces(self, data: bytes) -> list[bytes]:
        return self.coder.pieces(data)


def stream_ledger(size: int, streams: Sequence[bytes], **sections: int) -> Mapping[str, int]:
    """Returns the ledger of a blob of `size` bytes that holds `streams` and other `sections`.

    What is left is `length`: how many symbols there are, and how long each stream is. The last
    byte of a stream ends it and is filled only in part; it is counted as `flush`.
    """
    payload, flush = sum(map(len, streams)), sum(map(bool, streams))
    sections = {section: taken for section, taken in sections.items() if taken}
    length = size - payload - sum(sections.values())
    return {"length": length, "payload": payload - flush, "flush": flush, **sections}

"""Samples that `mixer` alone codes in fewer bytes than a mixture; they decode without its model."""

from collections.abc import Iterator, Mapping, Sequence

from codelength.coding.code_length import Bits
from codelength.coding.coder import Coder


class OrMixer(Coder):
    """Codes each sample by a mixture, or by `mixer` where that takes fewer bytes.

    What `mixer` codes comes after a byte that no blob of the mixture begins with. If it is a single
    byte, it is a sample without bytes, which is the mixture's.
    """

    def __init__(self, mixture: Coder, mixer: Coder, mark: int) -> None:
        self._mixture, self._mixer, self._mark = mixture, mixer, bytes([mark])

    def encode(self, datas: Sequence[bytes]) -> list[bytes]:
        pairs = zip(self._mixture.encode(datas), self._mixer.encode(datas), datas, strict=True)
        return [
            min(mixed, self._mark + alone, key=len) if data else mixed
            for mixed, alone, data in pairs
        ]

    def decode(self, blobs: Sequence[bytes]) -> list[bytes]:
        alone = [self._is_alone(blob) for blob in blobs]
        mixed = iter(
            self._mixture.decode([b for b, own in zip(blobs, alone, strict=True) if not own])
        )
        others = iter(
            self._mixer.decode([b[1:] for b, own in zip(blobs, alone, strict=True) if own])
        )
        return [next(others if own else mixed) for own in alone]

    def code_lengths(self, datas: Sequence[bytes]) -> Iterator[Bits]:
        mixed, alone = self._mixture.code_lengths(datas), self._mixer.code_lengths(datas)
        for pair in zip(mixed, alone, strict=True):
            yield min(pair, key=lambda each: float(each.sum()))

    def ledger(self, blob: bytes) -> Mapping[str, int]:
        if not self._is_alone(blob):
            return self._mixture.ledger(blob)
        inner = dict(self._mixer.ledger(blob[1:]))
        return {**inner, "length": inner["length"] + 1}

    def _is_alone(self, blob: bytes) -> bool:
        return len(blob) > 1 and blob[:1] == self._mark

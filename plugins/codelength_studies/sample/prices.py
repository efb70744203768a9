"""What each codec charges for what the others wrote."""

from collections.abc import Sequence
from dataclasses import dataclass

from codelength.api.codec import Codec


@dataclass(frozen=True)
class Prices:
    """Bits a byte: a row for each text, which one of `codecs` wrote, a column for each that reads
    it."""

    codecs: Sequence[str]
    bits: Sequence[Sequence[float]]


def prices(codecs: Sequence[Codec], prompt: bytes, texts: Sequence[bytes]) -> Prices:
    """By how many bits for each byte of a text, which is not empty, a blob of the prompt and the
    text is longer than one of the prompt. Each of `texts` is by the codec in the same place."""
    columns = []
    for codec in codecs:
        alone = len(codec.encode(prompt))
        columns.append([8 * (len(codec.encode(prompt + t)) - alone) / len(t) for t in texts])
    return Prices([codec.spec for codec in codecs], list(zip(*columns, strict=True)))

"""One sample after the other, each from an empty memory, without a model."""

from codelength_mix.coding import BLOCK, Decoding, Encoding, Plan


def encode(data: bytes, mebibytes: int) -> bytes:
    """The stream of `data`."""
    coding = Encoding(data, Plan(mebibytes))
    while coding.step < coding.steps:
        coding.advance(min(coding.step + BLOCK, coding.steps))
    return coding.finish()


def decode(stream: bytes, size: int, mebibytes: int) -> bytes:
    """The `size` bytes behind a stream. Raises CorruptBlob."""
    coding = Decoding(stream, size, Plan(mebibytes))
    while coding.step < coding.steps:
        coding.advance(min(coding.step + BLOCK, coding.steps))
    return coding.finish()

"""Data whose entropy is known, and English prose for a model to be of use."""

import numpy as np

from codelength.plugins import Plugins


def prose(length: int) -> bytes:
    """The embedded corpus of prose, again and again if it is not enough."""
    corpus = Plugins(only=["embedded"]).corpus("prose").item
    text = b"".join(bytes(sample.data) for sample in corpus.samples())
    return (text * (length // len(text) + 1))[:length]


def independent(length: int, bits: float) -> tuple[bytes, float]:
    """Bytes drawn by themselves from a geometric law of about so many bits, and the bits that they
    cost under that very law."""
    rate = 2.0 ** (1.44 - bits)
    law = np.exp(-rate * np.arange(256))
    law /= law.sum()
    drawn = np.random.default_rng(7).choice(256, length, p=law)
    return drawn.astype(np.uint8).tobytes(), float(-np.log2(law[drawn]).sum())

"""Data whose entropy is known, and English prose for a model to be of use."""

import numpy as np

from codelength.plugins import Plugins


def prose(length: int) -> bytes:
    """The embedded corpus of prose, again and again if it is not enough."""
    corpus = Plugins(only=["embedded"]).corpus("prose").item
    text = b"".join(bytes(sample.data) for sample in corpus.samples())
    return (text * (length // len(text) + 1))[:length]


def independent(length: int, bits: float) -> tuple[bytes, float]:
    """Independent bytes of a geometric distribution of about so many bits, and their ideal bits."""
    rate = 2.0 ** (1.44 - bits)
    distribution = np.exp(-rate * np.arange(256))
    distribution /= distribution.sum()
    drawn = np.random.default_rng(7).choice(256, length, p=distribution)
    return drawn.astype(np.uint8).tobytes(), float(-np.log2(distribution[drawn]).sum())

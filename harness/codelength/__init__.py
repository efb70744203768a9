"""A leaderboard harness for lossless compressors, classical and learned.

A codec plugin needs no more than is named here:

    from codelength import Codec, Media, RAW, hookimpl
"""

from codelength.card import Card
from codelength.codec import Codec
from codelength.corpus import Corpus
from codelength.errors import CorruptBlob, Unavailable, Unsupported, UsageError
from codelength.hookspecs import hookimpl
from codelength.media import RAW, TEXT, Audio, Image, Media, Sample, Text

__all__ = [
    "RAW",
    "TEXT",
    "Audio",
    "Card",
    "Codec",
    "Corpus",
    "CorruptBlob",
    "Image",
    "Media",
    "Sample",
    "Text",
    "Unavailable",
    "Unsupported",
    "UsageError",
    "hookimpl",
]

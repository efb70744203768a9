"""A leaderboard harness for lossless compressors, classical and learned.

A codec plugin needs no more than is named here:

    from codelength import Codec, Media, RAW, hookimpl
"""

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import CorruptBlob, Unavailable, Unsupported, UsageError
from codelength.api.hooks import Command, Exporter, FileReader, hookimpl
from codelength.api.media import RAW, TEXT, Audio, Image, Media, Sample, Text
from codelength.api.model_card import ModelCard
from codelength.api.protocol import Protocol

__all__ = [
    "RAW",
    "TEXT",
    "Audio",
    "Codec",
    "Command",
    "Corpus",
    "CorruptBlob",
    "Exporter",
    "FileReader",
    "Image",
    "Media",
    "ModelCard",
    "Protocol",
    "Sample",
    "Text",
    "Unavailable",
    "Unsupported",
    "UsageError",
    "hookimpl",
]

"""A leaderboard harness for lossless compressors, classical and learned.

All that a plugin needs is here:

    from codelength import RAW, Codec, Media, hookimpl

All that a notebook needs is here, too:

    import codelength

    results = codelength.run("gzip,zstd:level=19", "prose", out="results")
    results.to_dataframe()
    codelength.board(results)
"""

from importlib import import_module
from typing import TYPE_CHECKING

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import CorruptBlob, Unavailable, Unsupported, UsageError
from codelength.api.hooks import Command, Engine, Exporter, FileReader, hookimpl
from codelength.api.media import RAW, TEXT, Array, Audio, Image, Media, Sample, Text
from codelength.api.model_card import ModelCard
from codelength.api.protocol import Protocol
from codelength.api.spec import Setting

if TYPE_CHECKING:
    from codelength.coding.predictor import Predictor, Stepper
    from codelength.coding.predictor_codec import PredictorCodec
    from codelength.measure.bench import measure_cell
    from codelength.report.notebook import Rankings, Results, board, codec, corpus, load, run

__all__ = [
    "RAW",
    "TEXT",
    "Array",
    "Audio",
    "Codec",
    "Command",
    "Corpus",
    "CorruptBlob",
    "Engine",
    "Exporter",
    "FileReader",
    "Image",
    "Media",
    "ModelCard",
    "Predictor",
    "PredictorCodec",
    "Protocol",
    "Rankings",
    "Results",
    "Sample",
    "Setting",
    "Stepper",
    "Text",
    "Unavailable",
    "Unsupported",
    "UsageError",
    "board",
    "codec",
    "corpus",
    "hookimpl",
    "load",
    "measure_cell",
    "run",
]

_LAZY = {
    **dict.fromkeys(("Predictor", "Stepper"), "codelength.coding.predictor"),
    "PredictorCodec": "codelength.coding.predictor_codec",
    "measure_cell": "codelength.measure.bench",
    **dict.fromkeys(
        ("Rankings", "Results", "board", "codec", "corpus", "load", "run"),
        "codelength.report.notebook",
    ),
}
"""Name → its module, imported at first use: a plugin that needs none of them loads at once."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

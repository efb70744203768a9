"""Published figures, to be set beside measured ones."""

from codelength.metrics import rates
from codelength.report import format
from codelength.report.board import Grid, family_of
from codelength.report.table import Column, Table
from codelength.report.tables import corpus_notes
from codelength.results.cell import CorpusSlice

CITATION = (
    "Delétang et al., “Language Modeling Is Compression”, ICLR 2024 (arXiv:2309.10668), Table 1"
)

NAMES = {"gzip": "gzip", "xz": "LZMA2", "png": "PNG", "flac": "FLAC"}
"""Codec families → what the paper calls them."""

CHUNKED = {
    "gzip": {"text": 0.481, "image": 0.686, "audio": 0.385},
    "xz": {"text": 0.500, "image": 0.624, "audio": 0.382},
    "png": {"text": 0.806, "image": 0.617, "audio": 0.376},
    "flac": {"text": 0.889, "image": 0.609, "audio": 0.303},
}
"""At 2048 bytes, the header counted once: enwik9, ImageNet patches, LibriSpeech."""

WHOLE = {"gzip": 0.323, "xz": 0.230, "png": 0.429, "flac": 0.895}
"""The whole of enwik9."""

SETS = {"text": "enwik9", "image": "ImageNet", "audio": "LibriSpeech"}

STAND_INS: dict[str, tuple[tuple[str, ...], ...]] = {
    "text": (("enwik",),),
    "image": (("imagenet",), ("kodak", "clic")),
    "audio": (("librispeech",),),
}
"""How the corpora are called that a published column may be compared with: the first that are
here, by kind."""


def published_table(grid: Grid) -> Table | None:
    """Set measured rates of the paper's classical codecs beside its own; None if there are none.

    Under the `paper` protocol the header-once rates, under `whole` the ratios of enwik9.
    """
    if grid.protocol not in ("paper", "whole"):
        return None
    chunked = grid.protocol == "paper"
    rows = []
    for corpus, corpus_slice in _comparable(grid).items():
        for codec, cell in grid.column(corpus).items():
            name = family_of(codec)
            rate = rates.header_once_ratio(cell) if chunked else rates.ratio(cell)
            if name not in NAMES or rate is None:
                continue
            theirs = CHUNKED[name][corpus_slice.kind] if chunked else WHOLE[name]
            away = f"{100 * (rate - theirs):+.1f}"
            row = [corpus, codec, format.percent(rate), f"{100 * theirs:.1f}", away]
            rows.append([*row, NAMES[name], SETS[corpus_slice.kind]])
    if not rows:
        return None
    columns = [
        Column("corpus", "left"),
        Column("codec", "left"),
        Column("header\nonce %" if chunked else "ratio\n%"),
        Column("published\n%"),
        Column("points\naway"),
        Column("called", "left"),
        Column("measured on", "left"),
    ]
    method = (
        "Left, measured here: coded / raw bytes"
        + (", a codec's fixed header counted for one sample only" if chunked else "")
        + f"; right, as published: {CITATION}. Other encoders, settings and data give other rates."
    )
    title = f"Beside the published rates · {grid.label} · smaller is better"
    return Table(
        title,
        columns,
        rows,
        method,
        [f"Published: {CITATION}.", *corpus_notes(grid, grid.slices)],
    )


def _comparable(grid: Grid) -> dict[str, CorpusSlice]:
    """The corpora that a published column may be compared with."""
    if grid.protocol == "whole":
        texts = {n: s for n, s in grid.slices.items() if s.corpus.startswith("enwik")}
        return {n: s for n, s in texts.items() if s.corpus == "enwik9"} or texts
    found: dict[str, CorpusSlice] = {}
    for kind, choices in STAND_INS.items():
        slices = {n: s for n, s in grid.slices.items() if s.kind == kind}
        for prefixes in choices:
            here = {n: s for n, s in slices.items() if s.corpus.startswith(prefixes)}
            found |= here
            if here:
                break
    return found

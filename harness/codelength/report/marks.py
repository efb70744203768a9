"""The columns that say what a rate costs, and the marks on rates that may be no test of a model."""

from collections.abc import Callable, Iterable

from codelength import metrics
from codelength.metrics import Pricing, Seen, seen
from codelength.report import format
from codelength.results.cell import Cell

Value = Callable[[Cell], float | None]

COLUMNS: list[tuple[str, Value]] = [
    ("adj %\nat N", metrics.adjusted),
    ("adj %\nat 1 GB", lambda cell: metrics.adjusted(cell, metrics.GB)),
    ("preq\n%", metrics.prequential),
]
"""Beside the raw rate, in every table of rates."""


def notes(pricing: Pricing, cells: Iterable[Cell]) -> list[str]:
    """What those columns mean at this price, and what has none."""
    cells = [cell for cell in cells if cell.ok]
    found = [
        "raw: the blobs alone. adj: with the prior (weights, tokenizer, dictionary) as part of the "
        f"message, at the size of this corpus (N) and at 1 GB of such data. {pricing.told}"
    ]
    nameless = sorted({cell.codec for cell in cells if metrics.total_model_bytes(cell) is None})
    if nameless:
        found.append(f"No price known, so adj is n/a: {', '.join(nameless)}.")
    found.append(
        "preq: prequential, the raw rate of a codec that learns only as it codes; n/a for one that "
        "has a prior."
    )
    return found


def marks(cells: Iterable[Cell | None]) -> str:
    """What stands behind a figure of such cells."""
    found = {seen(cell) for cell in cells if cell is not None and cell.ok}
    return "".join(state.mark for state in Seen if state in found)


def marked(text: str, *cells: Cell | None) -> str:
    """A figure with the marks of the cells that it is of, unless there is no figure."""
    return text if text == format.NA else text + marks(cells)


def cautions(cells: Iterable[Cell]) -> list[str]:
    """What the marks on these cells mean; nothing if there are none."""
    found: dict[Seen, dict[str, set[str]]] = {}
    for cell in cells:
        if cell.ok and seen(cell).mark:
            corpora = found.setdefault(seen(cell), {})
            corpora.setdefault(cell.slice.corpus, set()).add(cell.codec)
    said = {
        Seen.POSSIBLE: "may have been trained on it: it was published before the end of the "
        "training data, and is not known to be left out",
        Seen.UNKNOWN: "nobody says whether it was trained on it",
    }
    return [
        f"{state.mark} {words}: "
        + "; ".join(f"{', '.join(sorted(codecs))} on {corpus}" for corpus, codecs in each.items())
        + "."
        for state, words in said.items()
        if (each := _together(found.get(state, {})))
    ]


def _together(corpora: dict[str, set[str]]) -> dict[str, set[str]]:
    """Corpora with the same codecs in one entry."""
    groups: dict[frozenset[str], list[str]] = {}
    for corpus, codecs in corpora.items():
        groups.setdefault(frozenset(codecs), []).append(corpus)
    return {", ".join(names): set(codecs) for codecs, names in groups.items()}

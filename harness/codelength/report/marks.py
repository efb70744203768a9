"""The marks on names and figures, what they mean, and the columns that charge for the model."""

from collections.abc import Iterable

from codelength.api.media import LARGE
from codelength.metrics import rates
from codelength.metrics.contamination import Contamination, contamination_of
from codelength.metrics.price import Pricing
from codelength.report import format
from codelength.report.board import ESTIMATED
from codelength.report.merge import Row
from codelength.results.cell import Cell, Evidence

SAME_MACHINE = "⌂"
DROPPED = "‡"


def name_of(row: Row) -> str:
    """The name of a row, marked if its blobs decode only where they were made."""
    return f"{row.name} {SAME_MACHINE}" if row.evidence is Evidence.SAME_MACHINE else row.name


def marks_of(cells: Iterable[Cell]) -> str:
    """The marks behind a figure of such cells: †, ? and ‡."""
    good = [cell for cell in cells if cell.ok]
    found = {contamination_of(cell) for cell in good if cell.model_bytes}
    marks = "".join(state.mark for state in Contamination if state in found)
    return marks + DROPPED * any(cell.dropped_hints for cell in good)


def mark_rate(rate: float | None, row: Row, cells: Iterable[Cell] = ()) -> str:
    """A ratio in percent: ≈ before an estimate, behind it the marks of the cells that it is of."""
    if rate is None:
        return format.NA
    return ESTIMATED * (not row.evidence.is_ranked) + format.percent(rate) + marks_of(cells)


def explain(cells: Iterable[Cell], rows: Iterable[Row], pricing: Pricing) -> list[str]:
    """What the marks on these rows and cells mean, and what adjusted ratios charge."""
    good = [cell for cell in cells if cell.ok]
    notes = explain_contamination(good)
    dropped = sorted(
        f"{cell.codec} {cell.dropped_hints} of {cell.slice.samples} samples of {cell.slice.corpus}"
        for cell in good
        if cell.dropped_hints
    )
    if dropped:
        notes.append(
            f"{DROPPED} coded as plain bytes, because the codec's format has no such pictures or "
            f"sound (fewer channels, fewer bits): {'; '.join(dropped)}."
        )
    large = [cell for cell in good if cell.large_samples]
    if large:
        streamed = sorted({cell.codec for cell in large if cell.streamed})
        held = sorted({cell.codec for cell in large if cell.streamed < cell.large_samples})
        notes.append(
            f"Samples of more than {format.size(LARGE)} are "
            + " and ".join(
                f"{how} by {', '.join(codecs)}"
                for how, codecs in (("streamed", streamed), ("held in memory as a whole", held))
                if codecs
            )
            + "."
        )
    evidence = {row.evidence for row in rows}
    if Evidence.SAME_MACHINE in evidence:
        notes.append(
            f"{SAME_MACHINE} same machine: decoded and found equal, but only where it was encoded; "
            "the codec is not known to decode on other hardware, or with other libraries or "
            "threads."
        )
    if Evidence.ESTIMATE in evidence:
        notes.append(f"{ESTIMATED} estimate: nothing was coded, so the row has no place.")
    if any(cell.model_bytes for cell in good):
        notes.append(
            "adj: with the model (weights, tokenizer, dictionary) as part of the message, at the "
            f"size of the corpus (N). {pricing.description}"
        )
    unpriced = sorted({cell.codec for cell in good if rates.total_model_bytes(cell) is None})
    if unpriced:
        notes.append(f"No price known, so adj is n/a: {', '.join(unpriced)}.")
    return notes


def explain_contamination(cells: Iterable[Cell]) -> list[str]:
    """What † and ? mean, and where they stand; nothing if there are none."""
    found: dict[Contamination, dict[str, set[str]]] = {}
    for cell in cells:
        if cell.ok and cell.model_bytes and (state := contamination_of(cell)).mark:
            found.setdefault(state, {}).setdefault(cell.slice.corpus, set()).add(cell.codec)
    words = {
        Contamination.POSSIBLE: "may have been trained on it: it was published before the end of "
        "the training data, and is not known to be left out",
        Contamination.UNKNOWN: "nobody says whether it was trained on it",
    }
    return [
        f"{state.mark} {what}: "
        + "; ".join(f"{', '.join(sorted(codecs))} on {corpora}" for corpora, codecs in groups)
        + "."
        for state, what in words.items()
        if (groups := _join_corpora(found.get(state, {})))
    ]


def _join_corpora(corpora: dict[str, set[str]]) -> list[tuple[str, set[str]]]:
    """Corpora with the same codecs in one entry."""
    groups: dict[frozenset[str], list[str]] = {}
    for corpus, codecs in corpora.items():
        groups.setdefault(frozenset(codecs), []).append(corpus)
    return [(", ".join(names), set(codecs)) for codecs, names in groups.items()]

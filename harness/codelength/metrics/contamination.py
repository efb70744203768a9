"""Whether a model may have been trained on what it codes here.

Three answers, and nothing is taken for granted: `clean` needs a reason, `possible` is what is left
where dates do not rule it out, `unknown` where somebody does not say.
"""

from enum import StrEnum

from codelength.api.model_card import days
from codelength.metrics.rates import learned_before
from codelength.results.cell import Cell

MARKS = {"clean": "", "possible": "†", "unknown": "?"}


class Seen(StrEnum):
    """Whether the bytes of a cell may have been in its model's training data."""

    CLEAN = "clean"
    POSSIBLE = "possible"
    UNKNOWN = "unknown"

    @property
    def mark(self) -> str:
        """What stands behind such a cell's figures: nothing, †, or ?."""
        return MARKS[self]


def seen(cell: Cell) -> Seen:
    """Clean: there is no prior, or the card excludes the corpus, or the corpus was published after
    the last of the training data. Possible: both dates are known, and do not rule it out."""
    if not learned_before(cell):
        return Seen.CLEAN
    if cell.card is None:
        return Seen.UNKNOWN
    corpus = cell.slice.corpus
    if {corpus, corpus.partition(":")[0]} & set(cell.card.excludes):
        return Seen.CLEAN
    published, until = days(cell.slice.published), days(cell.card.until)
    if published is None or until is None:
        return Seen.UNKNOWN
    return Seen.CLEAN if published[0] > until[1] else Seen.POSSIBLE

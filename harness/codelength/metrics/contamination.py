"""Whether a model may have been trained on what it codes here.

`clean` needs a reason. `possible`: both dates are known, and they do not rule it out. `unknown`:
the model card or the corpus does not say.
"""

from enum import StrEnum

from codelength.api.model_card import days
from codelength.metrics.rates import has_model
from codelength.results.cell import Cell

MARKS = {"clean": "", "possible": "†", "unknown": "?"}


class Contamination(StrEnum):
    """Whether the bytes of a cell may have been in its model's training data."""

    CLEAN = "clean"
    POSSIBLE = "possible"
    UNKNOWN = "unknown"

    @property
    def mark(self) -> str:
        """The mark behind the figures of such a cell: none, † or ?."""
        return MARKS[self]


def contamination_of(cell: Cell) -> Contamination:
    """Judge a cell by the model's card and the date of the corpus.

    Clean: there is no model, or its card excludes the corpus, or the corpus was published after
    the last of the training data. Possible, whatever the dates: its card includes the corpus.
    """
    if not has_model(cell):
        return Contamination.CLEAN
    if cell.card is None:
        return Contamination.UNKNOWN
    corpus = cell.slice.corpus
    names = {corpus, corpus.partition(":")[0]}
    if names & set(cell.card.includes):
        return Contamination.POSSIBLE
    if names & set(cell.card.excludes):
        return Contamination.CLEAN
    published, until = days(cell.slice.published), days(cell.card.until)
    if published is None or until is None:
        return Contamination.UNKNOWN
    return Contamination.CLEAN if published[0] > until[1] else Contamination.POSSIBLE

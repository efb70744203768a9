"""What a model says of itself: its size, what it was trained on, until when, without what."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class ModelCard:
    """A trained model's own statements. What it does not state is unknown, and shown so."""

    parameters: int | None = None
    """Numbers that training set, tables and norms among them."""
    data: str = ""
    """What it was trained on, in a line."""
    until: str = ""
    """ISO date, or year: nothing in that data was made later."""
    excludes: tuple[str, ...] = ()
    """Corpora, by name, of which it is known that they are not in that data."""
    embeddings: int | None = None
    """How many of the parameters are in the tables of symbols, at the model's input and output."""


def days(date: str) -> tuple[str, str] | None:
    """Return the first and the last day that a date may mean.

    The date is `2019`, `2019-06` or `2019-06-30`. The days sort as texts. None for anything else.
    """
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", date, re.ASCII):
        return None
    return date + "-01-01"[len(date) - 4 :], date + "-12-31"[len(date) - 4 :]

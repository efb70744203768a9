"""What a model says of itself: its size, what it was trained on, until when, without what."""

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from codelength.api.errors import UsageError


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
    includes: tuple[str, ...] = ()
    """Corpora, by name, that are in that data."""


def days(date: str) -> tuple[str, str] | None:
    """Return the first and the last day that a date may mean.

    The date is `2019`, `2019-06` or `2019-06-30`. The days sort as texts. None for anything else.
    """
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", date, re.ASCII):
        return None
    return date + "-01-01"[len(date) - 4 :], date + "-12-31"[len(date) - 4 :]


def read_card(path: Path) -> ModelCard | None:
    """Read a card, `{"data": "…", "until": "2024-06", "excludes": ["enwik8"]}`.

    None if there is no such file. Raises UsageError.
    """
    if not path.is_file():
        return None
    try:
        card = msgspec.json.decode(path.read_bytes(), type=ModelCard)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} is no card of a model: {error}") from error
    if card.until and not days(card.until):
        raise UsageError(f"{path}: until is {card.until!r}; write 2024, 2024-06 or 2024-06-30")
    return card

"""Budgets: what a codec may take on a board. They define tracks, such as 16 MB or 10 minutes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from codelength.metrics.rates import DECODER, peak_memory, total_model_bytes
from codelength.results.cell import Cell


@dataclass(frozen=True)
class Budget:
    """Limits for all corpora of a row together. None sets no limit."""

    size: int | None = None
    """Coded bytes."""
    time: float | None = None
    """Seconds of encoding, and seconds of decoding."""
    memory: int | None = None
    """Bytes that the codec added to its process, at the peak."""
    total: int | None = None
    """Coded bytes, the model and the decoder. The cells need a price with decoders."""

    def __bool__(self) -> bool:
        return self != NO_BUDGET

    def __str__(self) -> str:
        limits = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ", ".join(f"{what} ≤ {_amount(what, of)}" for what, of in limits if of is not None)


NO_BUDGET = Budget()


class Use(NamedTuple):
    """What a row takes of one limit."""

    what: str
    """The field of `Budget`."""
    limit: float
    used: float | None
    """None: not known, because a cell is not ok or something was not measured."""

    @property
    def is_within(self) -> bool:
        """Whether it is known that the row keeps the limit."""
        return self.used is not None and self.used <= self.limit

    def __str__(self) -> str:
        used = "n/a" if self.used is None else _amount(self.what, self.used)
        return f"{self.what} {used} of {_amount(self.what, self.limit)}"


def check_budget(cells: Sequence[Cell], budget: Budget) -> list[Use]:
    """Say what the cells of a row, one for each corpus, take of each limit that is set."""
    return [
        Use(field.name, limit, _MEASURES[field.name](cells) if cells else None)
        for field in fields(budget)
        if (limit := getattr(budget, field.name)) is not None
    ]


def _size(cells: Sequence[Cell]) -> int | None:
    return sum(cell.coded_bytes for cell in cells) if all(cell.ok for cell in cells) else None


def _time(cells: Sequence[Cell]) -> float | None:
    """The seconds of the direction that takes longer."""
    encode, decode = ([getattr(cell, name) for cell in cells] for name in ("encode", "decode"))
    if not all(cell.ok for cell in cells) or None in [*encode, *decode]:
        return None
    return float(max(sum(phase.seconds for phase in phases) for phases in (encode, decode)))


def _memory(cells: Sequence[Cell]) -> int | None:
    peaks = [peak_memory(cell) for cell in cells]
    return None if None in peaks else max(peak for peak in peaks if peak is not None)


def _total(cells: Sequence[Cell]) -> int | None:
    size, models = _size(cells), [total_model_bytes(cell) for cell in cells]
    if size is None or None in models or any(DECODER not in cell.model_bytes for cell in cells):
        return None
    return size + max(model for model in models if model is not None)


_MEASURES = {"size": _size, "time": _time, "memory": _memory, "total": _total}


def _amount(what: str, value: float) -> str:
    number = f"{value:,.3g}" if value < 1000 and value % 1 else f"{value:,.0f}"
    return f"{number} {'s' if what == 'time' else 'B'}"

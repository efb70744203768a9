"""The points of a ladder: a rate for each size and each number of training steps."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import UsageError
from codelength.report.export.files import replace

How = Literal["coded", "score", "published"]

COLUMNS = ("corpus", "parameters", "steps", "rate", "how", "model")


@dataclass(frozen=True)
class Point:
    """Coded bytes for each raw byte of a corpus, by a model of a size after some steps."""

    corpus: str
    parameters: int
    steps: int
    rate: float
    how: How
    """Coded and decoded; an ideal code length, which is an estimate; or somebody else's figure."""
    model: str = ""


@dataclass(frozen=True)
class Ladder:
    """The points of one corpus, as arrays of one length."""

    corpus: str
    points: Sequence[Point]

    @property
    def parameters(self) -> NDArray[np.float64]:
        """(n,)"""
        return np.array([point.parameters for point in self.points], np.float64)

    @property
    def steps(self) -> NDArray[np.float64]:
        """(n,)"""
        return np.array([point.steps for point in self.points], np.float64)

    @property
    def rates(self) -> NDArray[np.float64]:
        """(n,)"""
        return np.array([point.rate for point in self.points], np.float64)

    @property
    def how(self) -> list[str]:
        """The ways in which the rates came about."""
        return sorted({point.how for point in self.points})


def ladders(points: Iterable[Point]) -> list[Ladder]:
    """Points by corpus, in the order in which corpora come first."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.corpus, []).append(point)
    return [
        Ladder(corpus, sorted(own, key=lambda p: (p.parameters, p.steps)))
        for corpus, own in found.items()
    ]


def read(path: Path) -> list[Point]:
    """The points in a CSV file whose columns are named in its first line; corpus, how and model may
    be left out. Raises UsageError."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read: {why}") from error
    rows = csv.DictReader(StringIO(text))
    missing = {"parameters", "steps", "rate"} - set(rows.fieldnames or ())
    if missing:
        raise UsageError(
            f"{path} lacks the column {sorted(missing)[0]!r}; a ladder is a CSV file with "
            f"{','.join(COLUMNS)}, of which parameters,steps,rate must be there"
        )
    points = [_point(path, number, row) for number, row in enumerate(rows, 2)]
    if not points:
        raise UsageError(f"{path} has no points")
    return points


def _point(path: Path, number: int, row: dict[str, str]) -> Point:
    how = row.get("how") or "coded"
    try:
        parameters, steps = (float(row[name]) for name in ("parameters", "steps"))
        rate = float(row["rate"])
        if min(parameters, steps, rate) <= 0 or how not in ("coded", "score", "published"):
            raise ValueError
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{path}:{number} is no point: parameters, steps and rate are numbers above 0, and how "
            "is coded, score or published"
        ) from error
    corpus, model = row.get("corpus") or path.stem, row.get("model") or ""
    return Point(corpus, round(parameters), round(steps), rate, how, model)  # type: ignore[arg-type]


def write(path: Path, points: Iterable[Point]) -> None:
    """Writes what `read` reads, in one step. Raises OSError."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for p in points:
        rows.writerow([p.corpus, p.parameters, p.steps, repr(p.rate), p.how, p.model])
    replace(path, text.getvalue().encode())

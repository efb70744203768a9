"""Ladders: a rate for each size of model and each number of training steps."""

import csv
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from codelength.api.errors import UsageError
from codelength.results.files import write_file

Array = NDArray[np.float64]
How = Literal["coded", "score", "published"]

COLUMNS = ("corpus", "parameters", "steps", "rate", "how", "model", "embeddings", "tokens")
STEP = re.compile(r"step[-_]?(\d+)")
"""How a name says the number of training steps: `ladder-30k-step400.safetensors`, `step8000`."""


@dataclass(frozen=True)
class Point:
    """The rate of one model on one corpus."""

    corpus: str
    parameters: int
    steps: int
    rate: float
    """Coded bytes for each raw byte."""
    how: How
    """Coded and decoded; an ideal code length, which is an estimate; or somebody else's figure."""
    model: str = ""
    """Its name. Points whose names differ only in their steps are checkpoints of one run."""
    embeddings: int | None = None
    """How many of the parameters are in the tables of tokens, at the model's input and output."""
    tokens: int | None = None
    """What it was trained on, in tokens (of models of bytes: bytes)."""

    @property
    def run(self) -> str:
        """What training run it is a checkpoint of, as far as its name says."""
        return STEP.sub("", self.model)

    @property
    def flops(self) -> float | None:
        """Operations of training, 6·N·D with N parameters outside of the tables and D tokens."""
        if self.embeddings is None or self.tokens is None:
            return None
        return 6.0 * (self.parameters - self.embeddings) * self.tokens


@dataclass(frozen=True)
class Ladder:
    """The points of one corpus; arrays are (points,)."""

    corpus: str
    points: Sequence[Point]

    @property
    def parameters(self) -> Array:
        """The size of each model."""
        return np.array([point.parameters for point in self.points], np.float64)

    @property
    def steps(self) -> Array:
        """The training steps of each model."""
        return np.array([point.steps for point in self.points], np.float64)

    @property
    def rates(self) -> Array:
        """The rate of each model."""
        return np.array([point.rate for point in self.points], np.float64)

    def without_size(self, size: int) -> "Ladder":
        """Return the ladder without the models of one size."""
        return Ladder(self.corpus, [p for p in self.points if p.parameters != size])

    def by_run(self) -> dict[int, dict[str, dict[int, int]]]:
        """Return size → run → steps → the place of the point."""
        runs: dict[int, dict[str, dict[int, int]]] = {}
        for place, point in enumerate(self.points):
            own = runs.setdefault(point.parameters, {}).setdefault(point.run, {})
            own[point.steps] = place
        return runs

    @property
    def how(self) -> list[str]:
        """The ways in which the rates came about."""
        return sorted({point.how for point in self.points})


def group_points(points: Iterable[Point]) -> list[Ladder]:
    """Group points by corpus, in the order in which corpora come first."""
    grouped: dict[str, list[Point]] = {}
    for point in points:
        grouped.setdefault(point.corpus, []).append(point)
    return [
        Ladder(corpus, sorted(own, key=lambda p: (p.parameters, p.run, p.steps)))
        for corpus, own in grouped.items()
    ]


def read_points(path: Path) -> list[Point]:
    """Read the points in a CSV file whose first line names the columns.

    The columns corpus, how, model, embeddings and tokens may be left out.

    Raises:
        UsageError: The file cannot be read, or is no ladder.
    """
    try:
        text = path.read_text(encoding="utf-8")
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
    how = next((how for how in get_args(How) if how == (row.get("how") or "coded")), None)
    try:
        parameters, steps, rate = (float(row[name]) for name in ("parameters", "steps", "rate"))
        if not all(0 < number < math.inf for number in (parameters, steps, rate)) or how is None:
            raise ValueError
        counts = [int(row[name]) if row.get(name) else None for name in ("embeddings", "tokens")]
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{path}:{number} is no point: parameters, steps and rate are numbers above 0, "
            "embeddings and tokens whole numbers, and how is coded, score or published"
        ) from error
    corpus, model = row.get("corpus") or path.stem, row.get("model") or ""
    where = (corpus, round(parameters), round(steps), rate, how, model)
    return Point(*where, *counts)


def write_points(path: Path, points: Iterable[Point]) -> None:
    """Write what `read_points` reads, in one step. Raises StoreError."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for p in points:
        row = [p.corpus, p.parameters, p.steps, repr(p.rate), p.how, p.model]
        rows.writerow([*row, p.embeddings, p.tokens])
    write_file(path, text.getvalue())

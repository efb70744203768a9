"""Scores as a picture: estimates are hollow, what was coded is solid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength import metrics
from codelength.report import format
from codelength.report.plots import COLOURS, STYLE, rendered
from codelength.results.cell import Cell, CorpusSlice
from codelength.results.score import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRAY = "#5c626b"
ROW = 0.24
"""Inches."""


@dataclass(frozen=True)
class Target:
    """A corpus as it is cut, with what was coded of it and what was scored."""

    slice: CorpusSlice
    measured: Sequence[Cell]
    scored: Sequence[Score]


def plot(targets: Sequence[Target]) -> bytes:
    """SVG: a panel for each target. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib import style
    from matplotlib.figure import Figure

    rows = [len(target.measured) + len(target.scored) for target in targets]
    heights = [0.75 + ROW * count for count in rows]
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(9, sum(heights) + 0.2), dpi=100, layout="constrained")
        panels = figure.subplots(len(targets), 1, squeeze=False, height_ratios=heights)
        for axis, target in zip(panels[:, 0], targets, strict=True):
            _panel(axis, target)
        return rendered(figure)


def _panel(axis: "Axes", target: Target) -> None:
    points = [
        *((cell.codec, metrics.ratio(cell) or 0.0, True) for cell in target.measured),
        *((score.codec, score.ratio, False) for score in target.scored),
    ]
    points.sort(key=lambda point: -point[1])
    for row, (_, rate, coded) in enumerate(points):
        inside, edge = (GRAY, GRAY) if coded else ("white", COLOURS[0])
        axis.scatter(100 * rate, row, s=36, color=inside, edgecolor=edge, linewidth=1.4, zorder=3)
        label = ("" if coded else "≈") + format.percent(rate)
        axis.annotate(
            label, (100 * rate, row), (7, 0), textcoords="offset points", va="center", fontsize=8
        )
    axis.set_yticks(range(len(points)), [codec for codec, _, _ in points])
    axis.set_ylim(-0.6, len(points) - 0.4)
    axis.set_xlim(0, 112 * points[0][1])
    axis.grid(True, axis="x")
    corpus_slice = target.slice
    axis.set_title(f"{corpus_slice.corpus} · protocol {corpus_slice.protocol}", loc="left")
    solid = "solid: coded and decoded; " if target.measured else ""
    axis.set_xlabel(f"coded / raw bytes (%), lower is better — {solid}hollow: ≈ ideal code length")

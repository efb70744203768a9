"""A fitted ladder as a picture: by size, by steps, residuals, and what it predicts."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from codelength_studies.figure import (
    GRAY,
    LINE_GRAY,
    colour_of,
    draw_svg,
    set_log_ticks,
    write_heading,
)
from codelength_studies.scaling.analysis import Analysis
from codelength_studies.scaling.forms import POWER_SUM
from codelength_studies.scaling.ladder import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 3
"""Forms whose predictions are drawn: the power sum, and the best by AICc."""
LABEL_HEIGHT = 12.0
"""Pixels between the middles of two labels."""


def draw(analysis: Analysis) -> bytes:
    """Draw the ladder and its fit by least squares as SVG."""
    return draw_svg((12, 8.4), partial(_paint, analysis))


def _paint(analysis: Analysis, figure: "Figure") -> None:
    axes = figure.subplots(2, 2)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.9, bottom=0.07, wspace=0.16, hspace=0.32)
    _plot_rates(axes[0, 0], analysis, by_steps=False)
    _plot_rates(axes[0, 1], analysis, by_steps=True)
    _plot_residuals(axes[1, 0], analysis)
    _plot_prediction(axes[1, 1], analysis)
    for axis in axes.flat:
        axis.grid(True)
    write_heading(figure, 0.065, f"Scaling: {analysis.ladder.corpus}")
    formula = "{a:.3g} + {b:.3g}·P^−{α:.3g} + {c:.3g}·S^−{β:.3g}".format(**analysis.plain.power_sum)
    how = " and ".join("≈score" if how == "score" else how for how in analysis.ladder.how)
    text = f"fit: {formula} · rates: {how}"
    figure.text(0.985, 0.955, text, color=GRAY, ha="right", va="center")


def _plot_rates(axis: "Axes", analysis: Analysis, by_steps: bool) -> None:
    """Plot rates along one quantity, with a line for each value of the other."""
    ladder = analysis.ladder
    along, fixed = ladder.parameters, ladder.steps
    what, others = "parameters P", "steps"
    if by_steps:
        along, fixed, what, others = fixed, along, "training steps S", "parameters"
    grid = np.geomspace(along.min() / 1.3, along.max() * 1.3, 60)
    ends: list[tuple[float, str, str]] = []
    for index, value in enumerate(np.unique(fixed)):
        colour, own = colour_of(index), fixed == value
        axis.scatter(
            along[own], 100 * ladder.rates[own], s=30, color=colour, edgecolor="white", zorder=3
        )
        constant = np.full_like(grid, value)
        line = analysis.plain.rates(*((constant, grid) if by_steps else (grid, constant)))
        axis.plot(grid, 100 * line, color=colour, linewidth=1.2, zorder=2)
        ends.append((100 * float(line[-1]), to_short(value), colour))
    axis.set_xlim(grid[0], grid[-1] * (grid[-1] / grid[0]) ** 0.09)
    _set_decades(axis)
    axis.set_ylabel("coded / raw bytes (%) — lower is better")
    axis.set_xlabel(f"{what} (log scale); a line for each number of {others}")
    axis.set_title(f"by {what}", loc="left")
    _label_ends(axis, float(grid[-1]), ends)


def _label_ends(axis: "Axes", x: float, ends: list[tuple[float, str, str]]) -> None:
    """Write a label behind the end of each line, high enough above the one below."""
    last = -np.inf
    for y, name, colour in sorted(ends):
        _, height = axis.transData.transform((x, y))
        last = max(height, last + LABEL_HEIGHT)
        axis.annotate(
            name,
            (x, y),
            xytext=(5, (last - height) * 72 / axis.figure.dpi),
            textcoords="offset points",
            color=colour,
            fontsize=8,
            va="center",
        )


def _plot_residuals(axis: "Axes", analysis: Analysis) -> None:
    """Plot measured less fitted by steps, joined for each size.

    A pattern is what the form misses.
    """
    sizes, steps = analysis.ladder.parameters, analysis.ladder.steps
    residuals = 100 * analysis.plain.residuals
    for index, size in enumerate(np.unique(sizes)):
        own = sizes == size
        axis.plot(
            *_mean_by_steps(steps[own], residuals[own]), "o-", color=colour_of(index),
            linewidth=0.9, markersize=4.5, label=to_short(size),
        )  # fmt: skip
    axis.axhline(0, color=LINE_GRAY, linewidth=1)
    _set_decades(axis)
    axis.set_xlabel("training steps S (log scale); a line for each number of parameters")
    axis.set_ylabel("measured − fitted (points)")
    axis.set_title("residuals of the fit", loc="left")
    axis.legend(fontsize=8, frameon=False, ncols=2)


def _plot_prediction(axis: "Axes", analysis: Analysis) -> None:
    """Plot the rates of the largest size against what each form predicts from the others."""
    ladder, largest = analysis.ladder, analysis.ladder.parameters.max()
    own = ladder.parameters == largest
    steps, rates = ladder.steps[own], ladder.rates[own]
    axis.scatter(steps, 100 * rates, s=34, color=GRAY, label="measured", zorder=4)
    carried = ladder.parameters == np.unique(ladder.parameters)[-2:][0]
    axis.plot(
        *_mean_by_steps(ladder.steps[carried], 100 * ladder.rates[carried]), ":",
        color=LINE_GRAY, label="next smaller size",
    )  # fmt: skip
    predicting = [one for one in analysis.candidates if one.prediction is not None]
    predicting.sort(key=lambda one: (one.form is not POWER_SUM, one.aicc))
    for index, one in enumerate(predicting[:SHOWN]):
        assert one.prediction is not None
        axis.plot(
            *_mean_by_steps(steps, 100 * (rates + one.prediction.errors)), "o-",
            color=colour_of(index), linewidth=0.9, markersize=3.5, label=one.form.name,
        )  # fmt: skip
    _set_decades(axis)
    axis.set_xlabel("training steps S (log scale)")
    axis.set_ylabel("coded / raw bytes (%)")
    axis.set_title(f"what smaller models predict of {to_short(largest)} parameters", loc="left")
    axis.legend(fontsize=8, frameon=False)


def _mean_by_steps(steps: Array, values: Array) -> tuple[Array, Array]:
    """Return the numbers of steps, increasing, and the mean over runs at each."""
    places = np.unique(steps)
    return places, np.array([values[steps == place].mean() for place in places])


def _set_decades(axis: "Axes") -> None:
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    set_log_ticks(axis.xaxis, to_short, subs=(1, 3) if high < 10_000 * low else (1,))


def to_short(value: float) -> str:
    """Write a count with few digits: `1.4B`, `160M`, `8k`."""
    for unit, scale in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g}{unit}"
    return f"{value:.3g}"

"""A fitted ladder as a picture: by size, by steps, what is left, and how sure the numbers are."""

from typing import TYPE_CHECKING

import numpy as np

from codelength.report.plots import COLOURS, STYLE, rendered
from codelength_studies.scaling.forms import Array
from codelength_studies.scaling.reading import Fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRAY = "#5c626b"
LINE = 12.0
"""Pixels between the middles of two names."""


def plot(fitted: Fitted) -> bytes:
    """SVG. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(["default", STYLE]):
        figure = Figure(figsize=(12, 8.4), dpi=100)
        axes = figure.subplots(2, 2)
        figure.subplots_adjust(
            left=0.065, right=0.985, top=0.9, bottom=0.07, wspace=0.16, hspace=0.32
        )
        sizes, steps = fitted.ladder.parameters, fitted.ladder.steps
        _curves(axes[0, 0], fitted, sizes, steps, swapped=False)
        _curves(axes[0, 1], fitted, steps, sizes, swapped=True)
        _residuals(axes[1, 0], fitted)
        _ridge(axes[1, 1], fitted)
        figure.text(
            0.065,
            0.955,
            f"Scaling: {fitted.ladder.corpus}",
            fontsize=13,
            fontweight="bold",
            va="center",
        )
        law = fitted.robust.law
        text = (
            f"{law['a']:.3g} + {law['b']:.3g}·P^−{law['α']:.3g} + {law['c']:.3g}·S^−{law['β']:.3g}"
        )
        how = " and ".join("≈score" if how == "score" else how for how in fitted.ladder.how)
        figure.text(
            0.985,
            0.955,
            f"robust fit: {text} · rates: {how}",
            color=GRAY,
            ha="right",
            va="center",
        )
        return rendered(figure)


def _curves(axis: "Axes", fitted: Fitted, along: Array, by: Array, swapped: bool) -> None:
    """Rates along one quantity, a line for each value of the other."""
    grid = np.geomspace(along.min() / 1.3, along.max() * 1.3, 100)
    rates = 100 * fitted.ladder.rates
    kinds = np.unique(by)
    ends: dict[str, tuple[float, float, str]] = {}
    for index, kind in enumerate(kinds):
        colour = COLOURS[index % len(COLOURS)]
        here = by == kind
        axis.scatter(along[here], rates[here], s=30, color=colour, edgecolor="white", zorder=3)
        fixed = np.full_like(grid, kind)
        both = (fixed, grid) if swapped else (grid, fixed)
        line = 100 * fitted.robust.rates(*both)
        axis.plot(grid, line, color=colour, linewidth=1.2, zorder=2)
        ends[_short(kind)] = (float(grid[-1]), float(line[-1]), colour)
    axis.set_xscale("log")
    axis.set_xlim(grid[0], grid[-1] * (grid[-1] / grid[0]) ** 0.09)
    _plain(axis)
    axis.set_ylabel("coded / raw bytes (%) — lower is better")
    what, lines = ("training steps S", "parameters") if swapped else ("parameters P", "steps")
    axis.set_xlabel(f"{what} (log scale); a line for each number of {lines}")
    axis.set_title(f"by {what}", loc="left")
    axis.grid(True)
    _name(axis, ends)


def _name(axis: "Axes", ends: dict[str, tuple[float, float, str]]) -> None:
    """Writes names behind the ends of lines, each high enough above the one below."""
    last = -np.inf
    for name, (x, y, colour) in sorted(ends.items(), key=lambda item: item[1][1]):
        _, at = axis.transData.transform((x, y))
        last = max(at, last + LINE)
        axis.annotate(
            name,
            (x, y),
            xytext=(5, (last - at) * 72 / axis.figure.dpi),
            textcoords="offset points",
            color=colour,
            fontsize=8,
            va="center",
        )


def _residuals(axis: "Axes", fitted: Fitted) -> None:
    """Measured less fitted, by steps, joined for each size: a pattern is what the form misses."""
    sizes, steps = fitted.ladder.parameters, fitted.ladder.steps
    left = 100 * fitted.robust.residuals
    for index, size in enumerate(np.unique(sizes)):
        here = sizes == size
        colour = COLOURS[index % len(COLOURS)]
        axis.plot(
            steps[here], left[here], "o-", color=colour, linewidth=0.9, markersize=4.5,
            label=_short(size),
        )  # fmt: skip
    axis.axhline(0, color="#9aa1ab", linewidth=1)
    axis.set_xscale("log")
    _plain(axis)
    axis.set_xlabel("training steps S (log scale); a line for each number of parameters")
    axis.set_ylabel("measured − fitted (points)")
    axis.set_title("residuals of the robust fit", loc="left")
    axis.grid(True)
    axis.legend(fontsize=8, frameon=False, ncols=2)


def _ridge(axis: "Axes", fitted: Fitted) -> None:
    """Exponent of size against floor, a point for each resample."""
    laws = fitted.robust_spread.laws
    axis.scatter(laws["α"], 100 * laws["a"], s=7, color=COLOURS[0], alpha=0.35, linewidth=0)
    for of, name, colour, shape in (
        (fitted.plain.law, "least squares", COLOURS[1], "D"),
        (fitted.robust.law, "robust", COLOURS[2], "o"),
        (fitted.published, "published", COLOURS[4], "s"),
    ):
        if of is not None:
            axis.scatter(
                of["α"], 100 * of["a"], s=46, color=colour, marker=shape, edgecolor="white",
                label=name, zorder=3,
            )  # fmt: skip
    axis.set_xlabel("exponent of size α")
    axis.set_ylabel("floor a (%)")
    axis.set_title("what other samples might have given", loc="left")
    axis.grid(True)
    axis.legend(fontsize=8, frameon=False, loc="lower right")


def _plain(axis: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.xaxis.set_major_locator(LogLocator(subs=(1, 3) if _decades(axis) < 4 else (1,)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axis.xaxis.set_minor_formatter(NullFormatter())


def _decades(axis: "Axes") -> float:
    low, high = axis.get_xlim()
    return float(np.log10(high / low))


def _short(value: float) -> str:
    """`1.4B`, `160M`, `8k`."""
    for unit, scale in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g}{unit}"
    return f"{value:.3g}"

"""The curves of a codec as a picture: what a byte costs by its place, and what prefixes cost."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from codelength.report.plots import COLOURS, STYLE, rendered
from codelength_studies.curve.gains import FLAT, Line, cumulative, marginal
from codelength_studies.curve.records import Control
from codelength_studies.curve.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES: dict[Control, Literal["-", "--", ":"]] = {
    "data": "-",
    "shuffled bytes": "--",
    "random weights": ":",
}
GRAY = "#5c626b"


def plot(study: Study) -> bytes:
    """SVG. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib import style
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    with style.context(["default", STYLE]):
        figure = Figure(figsize=(12, 5.6), dpi=100)
        axes = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.055, right=0.985, top=0.84, bottom=0.1, wspace=0.14)
        for index, panel in enumerate(study.panels):
            colour = COLOURS[index % len(COLOURS)]
            for control, curve in panel.curves.items():
                _draw(axes[0], marginal(curve), colour, control)
                prefixes = cumulative(curve)
                if prefixes is not None:
                    _draw(axes[1], prefixes, colour, control)
        _prepare(axes[0], "position in the context (bytes, log scale)")
        _prepare(axes[1], "length of the prefix (bytes, log scale)")
        how = "−log2 p" if study.predicts else "difference of two prefixes' blobs"
        axes[0].set_title(f"what the byte at a position costs ({how})", loc="left")
        axes[1].set_title("what a prefix costs, coded, framing and all", loc="left")
        _logarithmic(axes[1])
        axes[0].set_ylabel("bits a byte — lower is better")
        figure.text(0.055, 0.955, study.codec, fontsize=13, fontweight="bold", va="center")
        controls = [c for c in DASHES if any(c in panel.curves for panel in study.panels)]
        keys = [
            *(
                Line2D([], [], color=COLOURS[i % len(COLOURS)], label=panel.slice.corpus)
                for i, panel in enumerate(study.panels)
            ),
            *(Line2D([], [], color=GRAY, linestyle=DASHES[c], label=c) for c in controls),
        ]
        figure.legend(
            handles=keys, loc="center right", bbox_to_anchor=(0.99, 0.955), ncols=len(keys),
            frameon=False, fontsize=8.5,
        )  # fmt: skip
        return rendered(figure)


def _draw(axis: "Axes", line: Line, colour: str, control: Control) -> None:
    axis.fill_between(line.places, line.low, line.high, color=colour, alpha=0.13, linewidth=0)
    style = DASHES[control]
    axis.plot(line.places, line.mean, style, color=colour, linewidth=1.4, zorder=3)


def _prepare(axis: "Axes", label: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(LogLocator(base=4))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.axhline(FLAT, color="#9aa1ab", linewidth=1)
    axis.set_xlabel(label)
    axis.grid(True)


def _logarithmic(axis: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_yscale("log", base=2)
    axis.yaxis.set_major_locator(LogLocator(base=2))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
    low, high = axis.get_ylim()
    axis.set_ylim(low, max(high, np.nextafter(FLAT, 9)))

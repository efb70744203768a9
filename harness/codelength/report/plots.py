"""The style of plots that matplotlib draws."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

from codelength.report.svg import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "INCH", "STYLE", "rendered", "tile"]

INCH = (0.78, 0.27)
"""Width and height of a tile."""

STYLE: dict[str, Any] = {
    "svg.hashsalt": "codelength",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.edgecolor": "#8a8f98",
    "axes.labelcolor": "#33373d",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": "#5c626b",
    "ytick.color": "#5c626b",
    "text.color": "#1f2328",
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.8,
    "figure.facecolor": "white",
    "hatch.linewidth": 0.6,
    "hatch.color": "#c3c7cd",
}
"""On top of matplotlib's defaults, so that a user's own matplotlibrc changes nothing."""


def rendered(figure: "Figure", form: str = "svg") -> bytes:
    """The picture; an SVG says neither when nor by which version it was made."""
    data = BytesIO()
    metadata = {"Date": None, "Creator": None} if form == "svg" else None
    figure.savefig(data, format=form, metadata=metadata, dpi=120)
    return data.getvalue()


def tile(axis: "Axes", x: float, row: int, text: str, shade: float, best: bool) -> None:
    """Draw a box with a figure in it, the darker the larger `shade` is, from 0 to 1."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    colour = colormaps["YlGnBu"](0.04 + 0.82 * shade)
    box = Rectangle((x, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8)
    axis.add_patch(box)
    light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    axis.text(
        x + 0.5,
        row + 0.52,
        text,
        ha="center",
        va="center",
        fontsize=8,
        fontweight="bold" if best else "normal",
        color="#1f2328" if light > 0.5 else "white",
    )

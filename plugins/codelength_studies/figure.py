"""How the figures of studies look: the style of reports, drawn into SVG."""

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from codelength.report.svg import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

GRAY = "#5c626b"
LINE_GRAY = "#9aa1ab"

DECIMALS = re.compile(rb"(\b\d+\.\d\d)\d+\b")
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


def draw_svg(size: tuple[float, float], paint: "Callable[[Figure], None]") -> bytes:
    """Draw a figure of `size` inches. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(["default", STYLE]):
        figure = Figure(figsize=size, dpi=100)
        paint(figure)
        return render_figure(figure)


def colour_of(index: int) -> str:
    """Return the colour of the line with this number."""
    return COLOURS[index % len(COLOURS)]


def write_heading(figure: "Figure", left: float, text: str) -> None:
    """Write the name of a figure into its upper left corner."""
    figure.text(left, 0.955, text, fontsize=13, fontweight="bold", va="center")


def set_log_ticks(
    axis: "Axis",
    to_text: Callable[[float], str],
    base: float = 10,
    subs: Sequence[float] = (1,),
) -> None:
    """Put the ticks of a logarithmic axis at powers of `base`, times each of `subs`."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(base=base, subs=subs))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: to_text(value)))


def render_figure(figure: "Figure", form: str = "svg") -> bytes:
    """The picture; an SVG says neither when nor by which version it was made.

    Its coordinates have two decimals, a hundredth of a point.
    """
    data = BytesIO()
    metadata = {"Date": None, "Creator": None} if form == "svg" else None
    figure.savefig(data, format=form, metadata=metadata, dpi=120)
    return DECIMALS.sub(rb"\1", data.getvalue()) if form == "svg" else data.getvalue()


def draw_tile(axis: "Axes", x: float, row: int, text: str, shade: float, best: bool) -> None:
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

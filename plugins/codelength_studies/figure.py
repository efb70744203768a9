"""How the figures of studies look: the style of reports, drawn into SVG."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from codelength.report.plots import COLOURS, STYLE, rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRAY = "#5c626b"
LINE_GRAY = "#9aa1ab"

TEXT_HEIGHT = 12.0
"""Points between the middles of two labels."""


def draw_svg(size: tuple[float, float], paint: "Callable[[Figure], None]") -> bytes:
    """Draw a figure of `size` inches. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(["default", STYLE]):
        figure = Figure(figsize=size, dpi=100)
        paint(figure)
        return rendered(figure)


def colour_of(index: int) -> str:
    """Return the colour of the line with this number."""
    return COLOURS[index % len(COLOURS)]


def write_heading(figure: "Figure", left: float, text: str) -> None:
    """Write the name of a figure into its upper left corner."""
    figure.text(left, 0.955, text, fontsize=13, fontweight="bold", va="center")


def set_log_ticks(axis: "Axes", which: str, every: float, text: Callable[[float], str]) -> None:
    """Scale the x or y axis by powers of two, with a tick at each power of `every`."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    scaled = axis.xaxis if which == "x" else axis.yaxis
    (axis.set_xscale if which == "x" else axis.set_yscale)("log", base=2)
    scaled.set_major_locator(LogLocator(base=every))
    scaled.set_minor_locator(NullLocator())
    scaled.set_major_formatter(FuncFormatter(lambda value, _: text(value)))

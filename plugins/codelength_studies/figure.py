"""How the figures of studies look: the style of reports, drawn into SVG."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from codelength.report.plots import COLOURS, STYLE, rendered

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

GRAY = "#5c626b"
LINE_GRAY = "#9aa1ab"


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

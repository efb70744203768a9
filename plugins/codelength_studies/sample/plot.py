"""What each codec charges for what the others wrote, as a map."""

from codelength.report import format
from codelength.report.heatmap import INCH, tile
from codelength.report.overview import stacked
from codelength.report.plots import STYLE, rendered
from codelength_studies.sample.prices import Prices

DEAREST = 8.0
"""Bits a byte of the darkest tile."""


def plot(prices: Prices) -> bytes:
    """SVG. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib import style
    from matplotlib.figure import Figure

    names = prices.codecs
    count, longest = len(names), max(map(len, names))
    left, top = 0.4 + 0.075 * longest, 0.95
    width, height = left + max(3.6, 1.4 * INCH[0] * count) + 0.2, top + INCH[1] * count + 0.15
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(width, height), dpi=100)
        room = 1.4 * INCH[0] * count / width
        axis = figure.add_axes((left / width, 0.15 / height, room, INCH[1] * count / height))
        for row, charged in enumerate(prices.bits):
            for column, bits in enumerate(charged):
                shade = min(1.0, max(0.0, bits / DEAREST))
                tile(axis, column, row, format.bits(bits), shade, bits == min(charged))
        axis.set_xlim(0, count)
        axis.set_ylim(count, 0)
        axis.xaxis.tick_top()
        axis.set_xticks([i + 0.5 for i in range(count)], [stacked(n) for n in names], fontsize=8)
        axis.set_yticks([i + 0.5 for i in range(count)], names, fontsize=8)
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
        title = "Bits a byte: a row is what one codec wrote, a column what another charges"
        figure.text(0.12 / width, 1 - 0.2 / height, title, fontsize=9, va="center")
        return rendered(figure)

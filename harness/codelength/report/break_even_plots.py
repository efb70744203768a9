"""Total bytes and adjusted rates against corpus size (needs matplotlib)."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from codelength.metrics.break_even import Line, cheaper, envelope
from codelength.report import marks
from codelength.report.board import family
from codelength.report.break_even import Field
from codelength.report.plots import COLOURS, STYLE, Drawing, rendered
from codelength.report.scatter import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
LEFT, RIGHT = 1e4, 1e9
"""Corpus sizes that are shown at least."""


def draw(here: Field) -> Iterator[Drawing]:
    """The plot of all codecs, and one for each ladder. Raises ModuleNotFoundError without
    matplotlib."""
    from matplotlib import style

    stem = "".join(c if c.isalnum() else "-" for c in f"{here.corpus}-{here.board.protocol}")
    stem += "" if here.board.limit is None else f"-{here.board.limit}"
    caution = " ".join(marks.cautions([here.cells[codec] for codec in here.lines]))
    tail = f" {here.board.pricing.told} {caution}".rstrip()
    with style.context(["default", STYLE]):
        caption = (
            f"{here.label}: bytes for a corpus, priors sent along, and the same for each raw byte, "
            "against the corpus's size; the vertical line is the size that was measured."
        )
        yield Drawing(f"break-even-{stem}.svg", caption + tail, rendered(_totals(here)))
        for ladder in here.ladders():
            name = family(next(iter(ladder.lines)))
            caption = f"{here.label}: which size of {name} is the cheapest at which corpus size."
            yield Drawing(f"ladder-{name}-{stem}.svg", caption + tail, rendered(_ladder(ladder)))


def _totals(here: Field) -> "Figure":
    figure, (left, right) = _panels(here, "Bytes against corpus size")
    sizes = _sizes(here.lines)
    looks = _looks(here.lines)
    for codec, spent in sorted(here.lines.items(), key=lambda item: item[1].total(sizes[-1])):
        totals = spent.model_bytes + spent.rate * sizes
        name = short(codec) + marks.marks([here.cells[codec]])
        left.plot(sizes, totals, label=name, **looks[codec])
        right.plot(sizes, 100 * totals / sizes, **looks[codec])
    left.set_yscale("log")
    left.set_ylabel("blobs and prior (bytes, log scale) — lower is better")
    _rates_axis(right, here.lines)
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="center left",
        bbox_to_anchor=(0.805, 0.5),
        frameon=False,
        fontsize=8,
    )
    return figure


def _ladder(here: Field) -> "Figure":
    figure, (left, right) = _panels(here, "The best size of a model")
    sizes = _sizes(here.lines)
    looks = _looks(here.lines)
    for codec, spent in here.lines.items():
        rates = 100 * (spent.model_bytes / sizes + spent.rate)
        left.plot(
            sizes, rates, label=short(codec) + marks.marks([here.cells[codec]]), **looks[codec]
        )
    best = np.min([spent.model_bytes + spent.rate * sizes for spent in here.lines.values()], axis=0)
    left.plot(sizes, 100 * best / sizes, color="#1f2328", linewidth=4, alpha=0.15, label="cheapest")
    _rates_axis(left, here.lines)
    cards = [here.cells[codec].card for codec in here.lines]
    counted = all(card is not None and card.parameters for card in cards)
    for stretch in envelope(here.lines):
        size = _size(here, stretch.codec, counted)
        ends = [max(stretch.span.start, sizes[0]), min(stretch.span.end, sizes[-1])]
        right.plot(ends, [size, size], color=looks[stretch.codec]["color"], linewidth=3)
        right.text(ends[0], size, f"{short(stretch.codec)} ", va="bottom", fontsize=8)
    right.set_yscale("log")
    right.margins(y=0.25)
    right.set_ylabel("parameters (log scale)" if counted else "prior (bytes, log scale)")
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="center left",
        bbox_to_anchor=(0.805, 0.5),
        frameon=False,
        fontsize=8,
    )
    return figure


def _size(here: Field, codec: str, counted: bool) -> float:
    """Parameters where all of a ladder state them, or else bytes of the prior."""
    card = here.cells[codec].card
    return (card.parameters if counted and card else None) or here.lines[codec].model_bytes


def _panels(here: Field, title: str) -> "tuple[Figure, tuple[Axes, Axes]]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), dpi=100)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.065, right=0.8, top=0.87, bottom=0.11, wspace=0.22)
    figure.text(0.065, 0.945, title, fontsize=13, fontweight="bold", va="center")
    figure.text(0.8, 0.945, here.label, color="#5c626b", ha="right", va="center")
    measured = here.board.slices[here.corpus].bytes
    for axis in (left, right):
        axis.set_xscale("log")
        axis.set_xlabel("corpus size (raw bytes, log scale)")
        axis.axvline(measured, color="#8a8f98", linewidth=1, linestyle=":")
        axis.grid(True)
    return figure, (left, right)


def _rates_axis(axis: "Axes", lines: Mapping[str, Line]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    rates = [100 * spent.rate for spent in lines.values()]
    low, high = min(rates), max(rates)
    top = min(2.5 * high, max(120.0, 1.15 * high))  # far left, priors go through the roof
    axis.set_ylim(0.9 * low, top)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(MaxNLocator(8))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    axis.set_ylabel("adjusted rate at this size (%, log scale) — lower is better")


def _sizes(lines: Mapping[str, Line]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """From well below the first break-even to well above the last."""
    starts = [
        span.start
        for one in lines.values()
        for other in lines.values()
        if (span := cheaper(one, other)) and span.start
    ]
    low = min([LEFT, *(start / 3 for start in starts)])
    high = max([RIGHT, *(start * 30 for start in starts)])
    return np.geomspace(low, high, 400)


def _looks(lines: Mapping[str, Line]) -> dict[str, dict[str, Any]]:
    """A colour for each, and another dash where colours come round again."""
    many = len(COLOURS)
    return {
        codec: {
            "color": COLOURS[i % many],
            "linestyle": DASHES[i // many % len(DASHES)],
            "linewidth": 1.6,
        }
        for i, codec in enumerate(lines)
    }

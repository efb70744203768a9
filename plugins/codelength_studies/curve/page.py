"""The page on curves: for each codec a chart, what it shows in one sentence, and the figures."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from codelength.report import Column, Table, format
from codelength.report.page import Heading, Prose, Section
from codelength_studies.curve.gain import (
    UNIFORM,
    CodecCurves,
    CorpusCurves,
    Interval,
    Line,
    rates_by_position,
    rates_of_prefixes,
    worth_of_order,
)
from codelength_studies.curve.records import Control
from codelength_studies.figure import (
    GRAY,
    LINE_GRAY,
    colour_of,
    draw_svg,
    set_log_ticks,
    write_heading,
)
from codelength_studies.page import StudyPage, list_digests, make_chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = "curves.md"

GUIDE = (
    "Pieces of one length are taken from all over each corpus. Left: what the byte at each "
    "position of the context costs. With a predictor it is −log2 p under the integer frequencies "
    "that the coder uses; without one it is the difference between the blobs of two prefixes. "
    "Right: what prefixes cost when they are coded, framing and all. Positions and lengths are "
    "evenly apart in the logarithm. Lines are means over pieces, bands are 95 % bootstrap "
    "intervals over pieces. Shuffled bytes: the bytes of each piece in random order. Random "
    "weights: the numbers of each weight array in random order."
)
HOW = (
    "Bits a byte [95 % interval]. No context: the code length of the piece under the distribution "
    "that the model has before the first byte. Prior: 8 less that, what the model knows of single "
    "bytes beforehand. In the end: over the second half of the positions. In context: no context "
    "less in the end, what context adds; half: from which byte on more than half of it is there. "
    "n/a: the codec has no predictor, so it has no distribution without context."
)

LEAST = 0.01
"""Bits a byte that a model has to know beforehand to be said to know anything."""

DASHES: dict[Control, Literal["-", "--", ":"]] = {
    "data": "-",
    "shuffled bytes": "--",
    "random weights": ":",
}


def page(curves: Sequence[CodecCurves], declined: Sequence[str], command: str) -> StudyPage:
    """Return the page on these curves, and on those that codecs have declined."""
    sections: list[Section] = [Prose(f"Made by `{command}`.")]
    if declined:
        sections += [Prose(f"Not drawn: {'; '.join(declined)}.")]
    for one in curves:
        what = f"What context is worth: {one.codec}."
        sections += [
            Heading(one.codec),
            make_chart(f"curve-{one.codec}", what, partial(draw, one)),
            Prose(conclusion(one)),
            gain_table(one),
        ]
    sections += list_digests(corpus.slice for one in curves for corpus in one.corpora)
    return StudyPage("In-context curves", GUIDE, sections)


def gain_table(curves: CodecCurves) -> Table:
    """Return the split of the gain, for each corpus and control."""
    rows = [
        [
            corpus.slice.corpus,
            control,
            format.count(corpus.curves[control].chunks),
            *map(_with_interval, (gain.alone, gain.end, gain.prior, gain.context)),
            format.NA if gain.half is None else format.count(round(gain.half)),
        ]
        for corpus in curves.corpora
        for control, gain in corpus.gains.items()
    ]
    figures = ("pieces", "no context", "in the end", "prior", "in context", "half by byte")
    columns = [Column("corpus", "left", fixed=True), Column("as", "left"), *map(Column, figures)]
    return Table(f"Gain · {curves.codec}", columns, rows, HOW)


def _with_interval(interval: Interval | None) -> str:
    if interval is None:
        return format.NA
    low, high = format.bits(interval.low), format.bits(interval.high)
    return f"{format.bits(interval.value)} [{low}, {high}]"


def conclusion(curves: CodecCurves) -> str:
    """Say in one sentence what the curves show."""
    parts = [_clause(corpus) for corpus in curves.corpora if "data" in corpus.curves]
    return f"{curves.codec}: {'; '.join(parts) or 'no curve'}."


def _clause(corpus: CorpusCurves) -> str:
    gains = corpus.gains
    data, random = gains["data"], gains.get("random weights")
    words = f"on {corpus.slice.corpus} "
    if data.context is not None and data.prior is not None:
        words += f"it {_known(data.prior)}, context {_worth(data.context)}"
        words += "" if data.half is None else f", half of that by byte {round(data.half)}"
        if random is not None and random.context is not None:
            words += f" (with the weights in random order it {_worth(random.context)})"
        words += ", and "
    return f"{words}in the end a byte costs {_bits(data.end)}{_against_shuffled(corpus)}"


def _known(prior: Interval) -> str:
    if prior.holds_zero or abs(prior.value) < LEAST:
        return "knows nothing of single bytes beforehand"
    if prior.value > 0:
        return f"knows {_bits(prior)} of the 8 bits of a byte beforehand"
    return f"expects other bytes, {_bits(prior, -1)} bits worse than knowing nothing"


def _worth(context: Interval) -> str:
    if context.holds_zero:
        return "takes nothing off that could be told from zero"
    if context.value < 0:
        return f"adds {_bits(context, -1)} to the cost"
    return f"takes {_bits(context)} off"


def _against_shuffled(corpus: CorpusCurves) -> str:
    shuffled = corpus.curves.get("shuffled bytes")
    if shuffled is None:
        return ""
    order = worth_of_order(corpus.curves["data"], shuffled)
    if order.holds_zero:
        return ", no less than with the bytes shuffled"
    if order.value < 0:
        return f", {_bits(order, -1)} more than with the bytes shuffled"
    return f", {_bits(order)} less than with the bytes shuffled"


def _bits(interval: Interval, sign: int = 1) -> str:
    return format.significant(sign * interval.value, 3)


def draw(curves: CodecCurves) -> bytes:
    """Draw what a byte costs by its position, and what prefixes cost, as SVG."""
    return draw_svg((12, 5.6), partial(_paint, curves))


def _paint(curves: CodecCurves, figure: "Figure") -> None:
    from matplotlib.lines import Line2D

    by_position, by_prefix = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.055, right=0.985, top=0.84, bottom=0.1, wspace=0.14)
    for index, corpus in enumerate(curves.corpora):
        for control, curve in corpus.curves.items():
            _plot_line(by_position, rates_by_position(curve), colour_of(index), control)
            prefixes = rates_of_prefixes(curve)
            if prefixes is not None:
                _plot_line(by_prefix, prefixes, colour_of(index), control)
    for axis in (by_position, by_prefix):
        axis.set_xscale("log", base=2)
        set_log_ticks(axis.xaxis, "{:,.10g}".format, base=4)
        axis.axhline(UNIFORM, color=LINE_GRAY, linewidth=1)
        axis.grid(True)
    by_prefix.set_yscale("log", base=2)
    set_log_ticks(by_prefix.yaxis, "{:.10g}".format, base=2)
    low, high = by_prefix.get_ylim()
    by_prefix.set_ylim(low, max(high, np.nextafter(UNIFORM, 9)))
    how = "−log2 p" if curves.has_code_lengths else "difference of two prefixes' blobs"
    by_position.set_title(f"what the byte at a position costs ({how})", loc="left")
    by_prefix.set_title("what a prefix costs, coded, framing and all", loc="left")
    by_position.set_xlabel("position in the context (bytes, log scale)")
    by_prefix.set_xlabel("length of the prefix (bytes, log scale)")
    by_position.set_ylabel("bits a byte — lower is better")
    write_heading(figure, 0.055, curves.codec)
    shown = [c for c in DASHES if any(c in corpus.curves for corpus in curves.corpora)]
    keys = [
        Line2D([], [], color=colour_of(i), label=corpus.slice.corpus)
        for i, corpus in enumerate(curves.corpora)
    ]
    keys += [Line2D([], [], color=GRAY, linestyle=DASHES[c], label=c) for c in shown]
    figure.legend(
        handles=keys, loc="center right", bbox_to_anchor=(0.99, 0.955), ncols=len(keys),
        frameon=False, fontsize=8.5,
    )  # fmt: skip


def _plot_line(axis: "Axes", line: Line, colour: str, control: Control) -> None:
    axis.fill_between(line.places, line.low, line.high, color=colour, alpha=0.13, linewidth=0)
    axis.plot(line.places, line.mean, DASHES[control], color=colour, linewidth=1.4, zorder=3)

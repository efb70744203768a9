"""The page on curves: for each codec a chart, what it shows in one sentence, and the figures."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from codelength.metrics.inference import FEWEST
from codelength.report import Column, Table, format
from codelength.report.page import Heading, Prose, Section
from codelength_studies.curve.gain import (
    UNIFORM,
    CodecCurves,
    CorpusCurves,
    Interval,
    Line,
    cost_in,
    gain_over,
    learned_by_kept,
    rates_by_position,
    rates_of_prefixes,
)
from codelength_studies.curve.records import (
    CONTEXTS,
    DATA,
    EMPTY,
    FOREIGN,
    INITIAL,
    LAST,
    NONE,
    OWN,
    SHUFFLED,
    SURROGATE,
    UNIGRAM,
    Curve,
)
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
    "Middle: what prefixes cost when they are coded, framing and all. Right: what the first half "
    "of a piece takes off its second half, against the first half of a piece of another file (of "
    "another place, where a corpus is one file), by the own bytes that the coder has seen since. "
    "Positions and lengths are evenly apart in the logarithm. Lines are means over pieces, bands "
    "(of the data only) are 95 % bootstrap intervals over files, or over pieces where there are "
    f"fewer than {FEWEST} files. Controls: the bytes of each piece in random order; a surrogate, "
    "which is random but has every short run of bytes as often as the piece; the model with the "
    "weights that training "
    "begins with."
)
HOW = (
    "Bits a byte [95 % interval] of the second half of each piece, but for its first {last} bytes. "
    "No context: every symbol under the distribution that the model has before the first one. "
    "Unigram: under the mean of the distributions that it gives in the pieces of other files. Last "
    "bytes: behind the last {last} to {most} own bytes. Empty before: the first half is left out. "
    "Foreign before: in its place stands the first half of a piece of another file. Learned from "
    "this text: foreign before less own, in pairs. n/a: the codec has no predictor."
)
NAMES = {
    NONE: "no context",
    UNIGRAM: "unigram",
    LAST: "last {last} bytes",
    EMPTY: "empty before",
    FOREIGN: "foreign before",
    OWN: "own",
}
LEARNED = "learned from this text"
LEAST = 0.01
"""The share of the cost that a codec gains at least if it is said to adapt, and not just hardly."""
WITH = {
    SHUFFLED: "with the bytes shuffled",
    SURROGATE: "in the surrogate",
    INITIAL: "before training",
}

Dashes = Literal["-", "--", "-.", ":"]
DASHES: dict[str, Dashes] = {DATA: "-", SHUFFLED: "--", SURROGATE: "-.", INITIAL: ":"}


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
            *gain_tables(one),
        ]
    sections += list_digests(corpus.slice for one in curves for corpus in one.corpora)
    return StudyPage("In-context curves", GUIDE, sections)


def gain_tables(curves: CodecCurves) -> Iterator[Table]:
    """Yield the costs in each context for each corpus: a column for the data and each control."""
    for corpus in curves.corpora:
        shown = {name: curve for name, curve in corpus.curves.items() if curve.contexts}
        if not shown:
            continue
        last = next(iter(shown.values())).question.last
        rows = [
            [NAMES[context].format(last=last)]
            + [_with_interval(cost_in(curve, context)) for curve in shown.values()]
            for context in CONTEXTS
        ]
        rows.append([LEARNED, *(_with_interval(gain_over(c, FOREIGN)) for c in shown.values())])
        columns = [Column("context", "left", fixed=True)]
        columns += [Column(_control_name(curve)) for curve in shown.values()]
        title = f"Contexts · {curves.codec} · {corpus.slice.corpus}"
        how = HOW.format(last=last, most=2 * last - 1)
        yield Table(title, columns, rows, how, [_count_pieces(next(iter(shown.values())))])


def _control_name(curve: Curve) -> str:
    question = curve.question
    is_surrogate = question.control == SURROGATE
    return f"order-{question.order} {SURROGATE}" if is_surrogate else question.control


def _count_pieces(curve: Curve) -> str:
    files = len(set(curve.clusters))
    drawn = "files" if files >= FEWEST else "pieces"
    return (
        f"{format.count(curve.chunks)} pieces of {format.count(files)} "
        f"{'files' if files > 1 else 'file'}; intervals draw {drawn}."
    )


def _with_interval(interval: Interval | None) -> str:
    if interval is None:
        return format.NA
    low, high = format.bits(interval.low), format.bits(interval.high)
    return f"{format.bits(interval.value)} [{low}, {high}]"


def conclusion(curves: CodecCurves) -> str:
    """Say in one sentence for each corpus what the curves show."""
    parts = [_clause(corpus) for corpus in curves.corpora if corpus.data is not None]
    return f"{curves.codec}: {'; '.join(parts) or 'no curve'}."


def _clause(corpus: CorpusCurves) -> str:
    data = corpus.data
    assert data is not None
    own, gain = cost_in(data, OWN), gain_over(data, FOREIGN)
    assert own is not None
    words = f"on {corpus.slice.corpus} it {_adapts(gain, own)}"
    if gain.low > 0:
        others = [
            f"{format.bits(gain_over(curve, FOREIGN).value)} {WITH[control]}"
            for control, curve in corpus.curves.items()
            if control != DATA and curve.contexts
        ]
        words += f" (that is {', '.join(others)})" if others else ""
    empty = gain_over(data, EMPTY)
    if empty.high < 0:
        words += f", and an empty one would cost {_bits(-empty.value)} less than its own"
    return words


def _adapts(gain: Interval, own: Interval) -> str:
    interval = f"[{format.bits(gain.low)}, {format.bits(gain.high)}]"
    if gain.high < 0:
        interval = f"[{format.bits(-gain.high)}, {format.bits(-gain.low)}]"
        return (
            f"does not adapt: its own context costs {format.bits(-gain.value)} {interval} bits a "
            "byte more than a foreign one of equal length"
        )
    if gain.low <= 0:
        word = "does not adapt, as far as these data tell"
    else:
        word = "adapts" if gain.value >= LEAST * own.value else "hardly adapts"
    return (
        f"{word}: a byte costs {_bits(own.value)} in its own context, "
        f"{format.bits(gain.value)} {interval} less than in a foreign one of equal length"
    )


def _bits(value: float) -> str:
    return format.significant(value, 3)


def draw(curves: CodecCurves) -> bytes:
    """Draw costs by position, by prefix, and what is learned from the first half, as SVG."""
    return draw_svg((15, 5.2), partial(_paint, curves))


def _paint(curves: CodecCurves, figure: "Figure") -> None:
    from matplotlib.lines import Line2D

    by_position, by_prefix, by_kept = axes = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.045, right=0.985, top=0.83, bottom=0.11, wspace=0.17)
    draw_lines: list[tuple[Axes, Callable[[Curve], Line | None]]] = [
        (by_position, rates_by_position),
        (by_prefix, rates_of_prefixes),
        (by_kept, learned_by_kept),
    ]
    for index, corpus in enumerate(curves.corpora):
        for control, curve in corpus.curves.items():
            for axis, line_of in draw_lines:
                line = line_of(curve)
                if line is not None:
                    _plot_line(axis, line, colour_of(index), DASHES[control])
    for axis in axes:
        axis.set_xscale("log", base=2)
        set_log_ticks(axis.xaxis, "{:,.10g}".format, base=4)
        axis.axhline(0 if axis is by_kept else UNIFORM, color=LINE_GRAY, linewidth=1)
        axis.grid(True)
    by_prefix.set_yscale("log", base=2)
    set_log_ticks(by_prefix.yaxis, "{:.10g}".format, base=2)
    low, high = by_prefix.get_ylim()
    by_prefix.set_ylim(low, max(high, np.nextafter(UNIFORM, 9)))
    how = "−log2 p" if curves.has_code_lengths else "difference of two prefixes' blobs"
    by_position.set_title(f"what the byte at a position costs ({how})", loc="left")
    by_prefix.set_title("what a prefix costs, coded, framing and all", loc="left")
    by_kept.set_title("what the own first half takes off, against a foreign one", loc="left")
    by_position.set_xlabel("position in the context (bytes, log scale)")
    by_prefix.set_xlabel("length of the prefix (bytes, log scale)")
    by_kept.set_xlabel("own bytes since then (log scale)")
    by_position.set_ylabel("bits a byte — lower is better")
    if not curves.has_code_lengths:
        by_kept.text(0.5, 0.5, "no code lengths", ha="center", transform=by_kept.transAxes)
    write_heading(figure, 0.045, curves.codec)
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


def _plot_line(axis: "Axes", line: Line, colour: str, dashes: Dashes) -> None:
    if dashes == DASHES[DATA]:
        axis.fill_between(line.places, line.low, line.high, color=colour, alpha=0.13, linewidth=0)
    axis.plot(line.places, line.mean, dashes, color=colour, linewidth=1.4, zorder=3)

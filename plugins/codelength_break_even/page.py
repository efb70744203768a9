"""The page of break-evens: for each corpus its charts and tables."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial

from codelength.report import marks
from codelength.report.board import Board, family_of
from codelength.report.charts import file_stem
from codelength.report.page import Chart, Heading, Prose, Records, Section
from codelength.report.provenance import corpora_table, libraries_table, models_table, runs_table
from codelength.report.svg import COLOURS, FRAME, LogAxis, Svg, draw_axes
from codelength_break_even.lines import CostLine, find_cheaper_range, find_lower_envelope
from codelength_break_even.tables import Costs, cheapest_table, cost_tables, costs_of

GUIDE = (
    "A codec whose receiver must hold a model of M bytes (weights, tokenizer) and whose ratio is r "
    "spends M + r · N bytes on N bytes of such data. Two codecs break even where they spend the "
    "same. That r is at any size what was measured at one is an assumption, to the disadvantage of "
    "codecs that go on learning as they code. Every ratio is of blobs that a process of its own "
    "decoded to the bytes that went in."
)
HEADS = (
    *("corpus", "protocol", "limit", "break_even_bytes", "low", "high", "cheaper_below"),
    "cheaper_from_there_on",
)
DASHES = ("", "6 3", "2 2", "8 3 2 3")
SIZE = "corpus size (raw bytes, log scale)"
LEFT, RIGHT = 1e4, 1e9
"""Corpus sizes that are shown at least."""


class BreakEvenPage:
    """The break-evens of every corpus of a board."""

    title = "Break-even"

    def __init__(self, board: Board) -> None:
        self.board = board

    @property
    def summary(self) -> str:
        """What is charged."""
        return self.board.pricing.description

    @cached_property
    def costs(self) -> list[Costs]:
        """What the codecs of each corpus cost."""
        return [
            costs for g in self.board.grids for c in g.slices if (costs := costs_of(g, c)).lines
        ]

    @property
    def sections(self) -> list[Section]:
        """Each corpus, and where the figures come from."""
        return [*self.first, *self.details]

    @cached_property
    def first(self) -> list[Section]:
        """The cheapest codec at each size of each corpus."""
        return [Prose(GUIDE), *map(cheapest_table, self.costs)]

    @cached_property
    def details(self) -> list[Section]:
        """The charts and the other tables of each corpus, and where the figures come from."""
        sections: list[Section] = []
        for costs in self.costs:
            sections += [Heading(costs.label), *_charts(costs), *cost_tables(costs)]
        tables = [make(self.board) for make in (libraries_table, models_table, corpora_table)]
        sections += [Heading("Provenance"), runs_table(self.board)]
        return [*sections, *(table for table in tables if table.rows)]

    @property
    def records(self) -> Records:
        """A line for each pair of codecs that break even."""
        rows = []
        for costs in self.costs:
            for found in costs.break_evens:
                low, high = found.interval or (None, None)
                of = (costs.corpus, costs.grid.protocol, costs.grid.limit)
                rows.append((*of, found.size, low, high, found.small, found.large))
        return Records(HEADS, rows)

    @property
    def document(self) -> dict[str, object]:
        """The title, the price, and the same lines with the names of their fields."""
        records = self.records
        return {
            "title": self.title,
            "price": self.summary,
            "break_evens": [dict(zip(records.heads, row, strict=True)) for row in records.rows],
        }


def _charts(costs: Costs) -> Iterator[Chart]:
    stem = "".join(c if c.isalnum() else "-" for c in costs.corpus) + "-" + file_stem(costs.grid)
    notes = marks.explain_contamination(costs.cells[codec] for codec in costs.lines)
    tail = " ".join(["", costs.grid.pricing.description, *notes])
    caption = (
        f"{costs.label}: bytes for a corpus, models sent along, and the same for each raw byte, "
        "against the corpus's size; the vertical line is the size that was measured."
    )
    yield Chart(f"break-even-{stem}.svg", caption + tail, partial(draw_totals, costs))
    for ladder in costs.ladders():
        name = family_of(next(iter(ladder.lines)))
        caption = f"{costs.label}: which size of {name} is the cheapest at which corpus size."
        yield Chart(f"ladder-{name}-{stem}.svg", caption + tail, partial(draw_ladder, ladder))


def draw_totals(costs: Costs) -> bytes:
    """Draw two panels against corpus size: total bytes, and the adjusted rate."""
    svg = _start(costs, "Bytes against corpus size")
    sizes = _sizes(costs.lines)
    ends = [line.total(size) for line in costs.lines.values() for size in (sizes[0], sizes[-1])]
    x = LogAxis(sizes[0], sizes[-1], 70, 480)
    y = LogAxis.around([max(1.0, end) for end in ends], 440, 70)
    title = "blobs and model (bytes, log scale)"
    _draw_lines(svg, costs, (x, y), title, sizes, lambda line, n: max(1.0, line.total(n)))
    _draw_rates(svg, costs, sizes, 560, 960)
    order = sorted(costs.lines, key=lambda codec: costs.lines[codec].total(sizes[-1]))
    _draw_legend(svg, costs, order)
    return svg.render()


def draw_ladder(costs: Costs) -> bytes:
    """Draw two panels against corpus size.

    The adjusted rates of the models of a family, and the size of the cheapest one.
    """
    svg = _start(costs, "The best size of a model")
    sizes = _sizes(costs.lines)
    _draw_rates(svg, costs, sizes, 70, 480)
    segments = find_lower_envelope(costs.lines)
    counted = all(card and card.parameters for card in (costs.cells[c].card for c in costs.lines))
    heights = {s.codec: _model_size(costs, s.codec, counted) for s in segments}
    x = LogAxis(sizes[0], sizes[-1], 570, 960)
    y = LogAxis.around([max(1.0, height) for height in heights.values()], 440, 70, 0.25)
    what = "parameters (log scale)" if counted else "model (bytes, log scale)"
    draw_axes(svg, x, y, (SIZE, what))
    looks = _looks(costs.lines)
    for segment in segments:
        ends = [max(segment.sizes.start, sizes[0]), min(segment.sizes.end, sizes[-1])]
        height = y.at(max(1.0, heights[segment.codec]))
        svg.line([(x.at(end), height) for end in ends], looks[segment.codec][0], 3)
        svg.text((x.at(ends[0]), height - 6), costs.grid.labels[segment.codec], 10)
    _draw_legend(svg, costs, list(costs.lines))
    return svg.render()


def _start(costs: Costs, title: str) -> Svg:
    svg = Svg(1200, 500)
    svg.text((20, 32), title, 16, "b")
    svg.text((960, 32), costs.label, 11, "se")
    return svg


def _draw_rates(svg: Svg, costs: Costs, sizes: list[float], start: float, end: float) -> None:
    rates = [100 * line.rate for line in costs.lines.values()]
    top = min(2.5 * max(rates), max(120.0, 1.15 * max(rates)))  # small corpora cost far more
    x, y = LogAxis(sizes[0], sizes[-1], start, end), LogAxis(0.9 * min(rates) or 0.1, top, 440, 70)
    title = "adjusted rate at this size (%, log scale): lower is better"
    _draw_lines(svg, costs, (x, y), title, sizes, lambda line, n: 100 * line.total(n) / n)


def _draw_lines(
    svg: Svg,
    costs: Costs,
    axes: tuple[LogAxis, LogAxis],
    title: str,
    sizes: list[float],
    value: Callable[[CostLine, float], float],
) -> None:
    """Draw a panel: a line for each codec, and the size that was measured."""
    x, y = axes
    draw_axes(svg, x, y, (SIZE, title))
    size = costs.grid.slices[costs.corpus].bytes
    if x.low <= size <= x.high:
        svg.line([(x.at(size), y.start), (x.at(size), y.end)], FRAME, 1, "2 3")
    for codec, (colour, dash) in _looks(costs.lines).items():
        points = [(n, value(costs.lines[codec], n)) for n in sizes]
        shown = [(x.at(n), y.at(height)) for n, height in points if 0 < height <= y.high]
        svg.line(shown, colour, 1.4, dash)


def _draw_legend(svg: Svg, costs: Costs, order: list[str]) -> None:
    looks, apart = _looks(costs.lines), min(15.0, 420 / max(1, len(order)))
    for number, codec in enumerate(order):
        y = 70 + apart * number
        svg.line([(980, y), (1004, y)], looks[codec][0], 1.8, looks[codec][1])
        svg.text(
            (1010, y + 4),
            costs.grid.labels[codec] + marks.marks_of([costs.cells[codec]]),
            min(10, apart),
        )


def _model_size(costs: Costs, codec: str, counted: bool) -> float:
    """Parameters if all of a ladder state them, or else bytes of the model."""
    card = costs.cells[codec].card
    return (card.parameters if counted and card else None) or costs.lines[codec].model_bytes


def _sizes(lines: Mapping[str, CostLine]) -> list[float]:
    """Corpus sizes from well below the first break-even to well above the last."""
    starts = [
        found.start
        for one in lines.values()
        for other in lines.values()
        if (found := find_cheaper_range(one, other)) and found.start
    ]
    low = min([LEFT, *(start / 3 for start in starts)])
    high = max([RIGHT, *(start * 30 for start in starts)])
    return [low * (high / low) ** (step / 60) for step in range(61)]


def _looks(lines: Mapping[str, CostLine]) -> dict[str, tuple[str, str]]:
    """A colour for each, and another dash where colours come round again."""
    many = len(COLOURS)
    return {
        codec: (COLOURS[i % many], DASHES[i // many % len(DASHES)]) for i, codec in enumerate(lines)
    }

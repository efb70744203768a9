"""The page of break-evens: for each corpus its chart and tables."""

from collections.abc import Iterator, Sequence
from functools import cached_property, partial

from codelength.report import format, marks
from codelength.report.board import Board, family_of
from codelength.report.page import Chart, Heading, Prose, Records, Section
from codelength.report.provenance import corpora_table, libraries_table, models_table, runs_table
from codelength.report.svg import COLOURS, LogAxis, Svg, draw_axes
from codelength.report.table import Column, Table, stack_head
from codelength_break_even.growth import Curve, Growth, growths_of

GUIDE = (
    "A codec whose receiver must hold a model of M bytes (weights, tokenizer) spends M and the "
    "coded bytes. Two codecs break even where they spend the same. Nearly every codec learns "
    "from what it codes, so a ratio holds only at the size where it was measured. A break-even "
    "is therefore known between two measured sizes, and nothing is said beyond the largest one. "
    "'codelength run --limit head:N', for N twice as large each time and all into one folder, "
    "measures the sizes."
)
ONE_SIZE = (
    "Measured at one size only, so where two codecs break even is not known: 'codelength run "
    "--limit head:{} --out DIR' adds another size."
)
HEADS = (
    "corpus",
    "protocol",
    "from_bytes",
    "to_bytes",
    "estimate",
    "cheaper_below",
    "cheaper_above",
)
DASHES = ("", "6 3", "2 2", "8 3 2 3")
SIZE = "raw bytes (log scale)"


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
    def growths(self) -> list[Growth]:
        """The curves of each corpus under each protocol."""
        return growths_of(self.board)

    @cached_property
    def first(self) -> list[Section]:
        """The cheapest codec at each size of each corpus."""
        return [Prose(GUIDE), *map(cheapest_table, self.growths)]

    @cached_property
    def details(self) -> list[Section]:
        """The charts and the other tables of each corpus, and where the figures come from."""
        sections: list[Section] = []
        for growth in self.growths:
            sections += [Heading(growth.label), *_charts(growth, self.summary)]
            sections += [rates_table(growth), matrix_table(growth)]
            sections += filter(None, [crossings_table(growth)])
            sections += [cheapest_table(ladder) for ladder in growth.ladders()]
        tables = [make(self.board) for make in (libraries_table, models_table, corpora_table)]
        sections += [Heading("Provenance"), runs_table(self.board)]
        return [*sections, *(table for table in tables if table.rows)]

    @property
    def records(self) -> Records:
        """A line for each change of places of two codecs."""
        return Records(
            HEADS,
            [
                (growth.corpus, growth.protocol, c.low, c.high, round(c.size), c.below, c.above)
                for growth in self.growths
                for c in growth.crossings
            ],
        )

    @property
    def document(self) -> dict[str, object]:
        """The title, the price, the curves, and the break-evens with the names of their fields."""
        records = self.records
        return {
            "title": self.title,
            "price": self.summary,
            "curves": [
                _curve(growth, c) for growth in self.growths for c in growth.curves.values()
            ],
            "break_evens": [dict(zip(records.heads, row, strict=True)) for row in records.rows],
        }


def cheapest_table(growth: Growth) -> Table:
    """Name the cheapest codec at each size; of a family, the best size of model."""
    rows = []
    for size in growth.sizes:
        order = sorted(growth.curves.values(), key=lambda curve: (curve.total(size), curve.codec))
        best, card = order[0], order[0].last.card
        row = [format.size(size), best.codec, format.count(card.parameters if card else None)]
        row += [format.size(best.model_bytes), format.size(best.total(size))]
        rows.append([*row, order[1].codec if len(order) > 1 else ""])
    heads = ("raw\nbytes", "cheapest", "parameters", "model", "total", "next")
    columns = [Column(h, "left" if h in ("cheapest", "next") else "right") for h in heads]
    families = {family_of(name) for name in growth.curves}
    many = len(families) == 1 and len(growth.curves) > 1
    what = f"Best size of {families.pop()}" if many else "Cheapest codec"
    method = "Model and coded bytes together, at each size that was measured for every codec."
    return Table(f"{what} at each size · {growth.label}", columns, rows, method, _notes(growth))


def rates_table(growth: Growth) -> Table:
    """List the ratio of each codec at each size, and what a fit expects at twice the largest."""
    rows = []
    sizes = sorted({size for curve in growth.curves.values() for size in curve.cells})
    for name, curve in growth.curves.items():
        row = [name, format.size(curve.model_bytes)]
        row += [_rate(curve, size) for size in sizes]
        ahead = curve.forecast
        row.append(f"≈{format.percent(ahead[0])} ± {100 * ahead[1]:.2f}" if ahead else format.NA)
        rows.append(row)
    columns = [Column("codec", "left", fixed=True), Column("model")]
    columns += [Column(stack_head(format.size(size)) + "\n%") for size in sizes]
    columns.append(Column("twice\nas much %"))
    method = (
        "Coded / raw bytes without the model. Twice as much: a fit of a + b·N^−c to all sizes, ± "
        "the error at the largest size of the same fit to the smaller ones; n/a with fewer than "
        "four."
    )
    return Table(f"Growth · {growth.label}", columns, rows, method, _notes(growth))


def matrix_table(growth: Growth) -> Table:
    """Where each codec (a row) takes fewer bytes than each other one (a column)."""
    rows = [
        [name, *("" if name == other else _where(growth, name, other) for other in growth.curves)]
        for name in growth.curves
    ]
    columns = [Column("codec", "left", fixed=True), *(Column(stack_head(n)) for n in growth.curves)]
    method = (
        "Between the measured sizes, a row is cheaper than a column from about so many raw bytes "
        "on (≥), or up to so many (≤), or always, or never; = where they are equal throughout."
    )
    return Table(f"Break-even · {growth.label}", columns, rows, method, _notes(growth))


def crossings_table(growth: Growth) -> Table | None:
    """List every change of places, by size; None if there is none."""
    rows = [
        [format.size(c.low), format.size(c.high), f"≈{format.size(c.size)}", c.below, c.above]
        for c in growth.crossings
    ]
    columns = [Column("after"), Column("before"), Column("about")]
    columns += [Column("cheaper below", "left"), Column("cheaper above", "left")]
    method = (
        "Between which two measured sizes two codecs change places, and where a line between says."
    )
    title = f"Break-evens · {growth.label} · by size"
    return Table(title, columns, rows, method, _notes(growth)) if rows else None


def _rate(curve: Curve, size: int) -> str:
    if size not in curve.cells:
        return format.NA
    cell = curve.cells[size]
    return format.percent(cell.coded_bytes / size) + marks.marks_of([cell])


def _where(growth: Growth, one: str, other: str) -> str:
    gaps = [gap for _, gap in growth.gaps(one, other)]
    if not any(gaps):
        return "=" if gaps else format.NA
    crossings = growth.crossings_of(one, other)
    if not crossings:
        return "always" if min(gaps) < 0 else format.NEVER
    last = crossings[-1]
    return f"{'≥' if last.above == one else '≤'} {format.size(last.size)}"


def _notes(growth: Growth) -> list[str]:
    notes = marks.explain_contamination(growth.cells)
    if len(growth.sizes) == 1:
        notes.append(ONE_SIZE.format(max(1, growth.sizes[0] // 2)))
    if growth.unpriced:
        notes.append(f"Left out, their price not being known: {', '.join(growth.unpriced)}.")
    return notes


def _charts(growth: Growth, pricing: str) -> Iterator[Chart]:
    if len(growth.sizes) < 2:
        return  # a line takes two points
    stem = "".join(c if c.isalnum() else "-" for c in f"{growth.corpus}-{growth.protocol}")
    caption = (
        f"{growth.label}: model and coded bytes, and the same for each raw byte, at every size "
        "that was measured."
    )
    notes = marks.explain_contamination(growth.cells)
    yield Chart(
        f"break-even-{stem}.svg", " ".join([caption, pricing, *notes]), partial(draw, growth)
    )


def draw(growth: Growth) -> bytes:
    """Draw two panels against size: total bytes, and total bytes for each raw byte."""
    svg = Svg(1200, 500)
    svg.text((20, 32), "Bytes against size", 16, "b")
    svg.text((960, 32), growth.label, 11, "se")
    panels = [("model and coded bytes (log scale)", False), ("the same in % of raw bytes", True)]
    sizes = growth.sizes
    for left, (title, is_rate) in zip((70, 560), panels, strict=True):
        points = {
            name: [(n, 100 * curve.total(n) / n if is_rate else curve.total(n)) for n in sizes]
            for name, curve in growth.curves.items()
        }
        heights = [max(1.0, height) for line in points.values() for _, height in line]
        axes = LogAxis(sizes[0], sizes[-1], left, left + 400), LogAxis.around(heights, 440, 70)
        _draw_lines(svg, axes, title, list(points.values()))
    for number, (name, curve) in enumerate(growth.curves.items()):
        y = 70 + min(15.0, 420 / len(growth.curves)) * number
        svg.line([(980, y), (1004, y)], *_look(number))
        svg.text((1010, y + 4), name + marks.marks_of([curve.last]), 10)
    return svg.render()


def _draw_lines(
    svg: Svg,
    axes: tuple[LogAxis, LogAxis],
    title: str,
    lines: Sequence[Sequence[tuple[float, float]]],
) -> None:
    x, y = axes
    draw_axes(svg, x, y, (SIZE, title))
    for number, line in enumerate(lines):
        svg.line([(x.at(n), y.at(max(1.0, height))) for n, height in line], *_look(number))


def _look(number: int) -> tuple[str, float, str]:
    """A colour for each line, and another dash where colours come round again."""
    return COLOURS[number % len(COLOURS)], 1.6, DASHES[number // len(COLOURS) % len(DASHES)]


def _curve(growth: Growth, curve: Curve) -> dict[str, object]:
    coded = {str(size): cell.coded_bytes for size, cell in curve.cells.items()}
    named = {"corpus": growth.corpus, "protocol": growth.protocol, "codec": curve.codec}
    return {**named, "model_bytes": curve.model_bytes, "coded_bytes": coded}

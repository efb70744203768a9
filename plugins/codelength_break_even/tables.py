"""From which corpus size on a codec is cheaper than another, and which model is the right size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from codelength import metrics
from codelength.report import format, marks
from codelength.report.board import Grid, family_of
from codelength.report.table import Column, Table, stack_head
from codelength.report.tables import describe_corpus
from codelength.results.cell import Cell
from codelength_break_even.lines import (
    CostLine,
    break_even_interval,
    cost_line,
    find_cheaper_range,
    find_lower_envelope,
)

ASSUMED = "Ratios are those measured on this corpus; that they are the same at any size is assumed."


@dataclass(frozen=True)
class BreakEven:
    """The size from which on `large`, which has more model bytes, is cheaper than `small`."""

    size: float
    interval: tuple[float, float] | None
    small: str
    large: str


@dataclass(frozen=True)
class Costs:
    """What the codecs cost that were measured on one corpus and have a price."""

    grid: Grid
    corpus: str
    cells: Mapping[str, Cell]
    lines: Mapping[str, CostLine]
    """By codec, the smallest model first, and of equal ones the smallest ratio."""

    @property
    def label(self) -> str:
        """What a table is called: `enwik6 · whole`."""
        return f"{self.corpus} · {self.grid.label}"

    def ladders(self) -> "Iterator[Costs]":
        """The codecs of each family whose models differ in size."""
        families: dict[str, dict[str, CostLine]] = {}
        for codec, line in self.lines.items():
            if metrics.has_model(self.cells[codec]):
                families.setdefault(family_of(codec), {})[codec] = line
        for lines in families.values():
            if len({line.model_bytes for line in lines.values()}) > 1:
                yield Costs(self.grid, self.corpus, self.cells, lines)

    @cached_property
    def break_evens(self) -> list[BreakEven]:
        """Every pair of codecs that break even, by size."""
        found = []
        for one, other in combinations(self.lines, 2):
            sizes = find_cheaper_range(self.lines[other], self.lines[one])
            if sizes and sizes.start > 0:
                interval = break_even_interval(self.cells[other], self.cells[one])
                found.append(BreakEven(sizes.start, interval, one, other))
        return sorted(found, key=lambda found: (found.size, found.small, found.large))


def costs_of(grid: Grid, corpus: str) -> Costs:
    """Collect what there is to compare on a corpus."""
    cells = {name: cell for name, cell in grid.column(corpus).items() if cell.ok}
    lines = {name: line for name, cell in cells.items() if (line := cost_line(cell))}
    order = sorted(lines, key=lambda name: (lines[name].model_bytes, lines[name].rate, name))
    return Costs(grid, corpus, cells, {name: lines[name] for name in order})


def matrix_table(costs: Costs) -> Table:
    """Where each codec (a row) takes fewer bytes than each other one (a column)."""
    rows = [
        [codec, format.size(line.model_bytes), _rate(costs, codec)]
        + [_where(line, other) if codec != name else "" for name, other in costs.lines.items()]
        for codec, line in costs.lines.items()
    ]
    columns = [Column("codec", "left", fixed=True), Column("model"), Column("raw\n%")]
    columns += [Column(stack_head(codec)) for codec in costs.lines]
    made = (
        "A row is cheaper than a column from so many raw bytes on (≥), or up to so many (≤), or "
        "always, or never; = where they are equal throughout."
    )
    title = f"Break-even · {describe_corpus(costs.grid, costs.corpus)}"
    return Table(title, columns, rows, made, _notes(costs))


def list_table(costs: Costs) -> Table | None:
    """List every pair of codecs that break even, by size, with intervals; None if none do."""
    rows = [
        [format.size(found.size), _interval(found.interval), found.small, found.large]
        for found in costs.break_evens
    ]
    if not rows:
        return None
    columns = [Column("raw bytes"), Column("95%\ninterval"), Column("below it", "left")]
    columns += [Column("from it on", "left")]
    made = (
        "The cheaper codec below and from each break-even on. The interval is a percentile "
        f"bootstrap of {metrics.RESAMPLES} resamples of the samples, the same ones for both "
        "codecs; n/a where the corpus is a single sample. Never: in more than 2.5% of them the "
        "codecs do not break even."
    )
    return Table(f"Break-evens · {costs.label} · by size", columns, rows, made, _notes(costs))


def cheapest_table(costs: Costs, is_ladder: bool = False) -> Table:
    """Which codec is cheapest at which corpus size; of a ladder, which size of model."""
    rows, before = [], ""
    for segment in find_lower_envelope(costs.lines):
        codec, start, line = segment.codec, segment.sizes.start, costs.lines[segment.codec]
        card, cells = costs.cells[codec].card, costs.cells
        interval = break_even_interval(cells[codec], cells[before]) if before else None
        row = [format.size(start), _interval(interval) if before else "", codec]
        row += [format.count(card.parameters if card else None), format.size(line.model_bytes)]
        rows.append([*row, _rate(costs, codec), format.size(line.total(start))])
        before = codec
    columns = [Column("from\nraw bytes"), Column("95%\ninterval"), Column("codec", "left")]
    columns += [Column("parameters"), Column("model"), Column("raw\n%"), Column("total there")]
    what = f"Best size of {family_of(rows[0][2])}" if is_ladder and rows else "Cheapest codec"
    made = "The lower envelope of model + ratio · N: each codec from its size on."
    title = f"{what} at each corpus size · {costs.label}"
    return Table(title, columns, rows, made, _notes(costs))


def cost_tables(costs: Costs) -> list[Table]:
    """What there is to say of a corpus beside the cheapest codec at each size."""
    tables = [matrix_table(costs), list_table(costs)]
    tables += [cheapest_table(ladder, is_ladder=True) for ladder in costs.ladders()]
    return [table for table in tables if table]


def _rate(costs: Costs, codec: str) -> str:
    return format.percent(costs.lines[codec].rate) + marks.marks_of([costs.cells[codec]])


def _where(one: CostLine, other: CostLine) -> str:
    if one == other:
        return "="
    sizes = find_cheaper_range(one, other)
    if sizes is None:
        return format.NEVER
    if sizes.start > 0:
        return f"≥ {format.size(sizes.start)}"
    size = format.size(sizes.end)
    return "always" if size == format.NEVER else f"≤ {size}"


def _interval(bounds: tuple[float, float] | None) -> str:
    return format.NA if bounds is None else "–".join(map(format.size, bounds))


def _notes(costs: Costs) -> list[str]:
    cells = [costs.cells[codec] for codec in costs.lines]
    left = sorted(codec for codec, cell in costs.cells.items() if cost_line(cell) is None)
    notes = [*marks.explain_contamination(cells), f"{costs.grid.pricing.description} {ASSUMED}"]
    return [*notes, f"Left out, their price not being known: {', '.join(left)}."] if left else notes

"""From which corpus size on a codec is cheaper than another, and which model is the right size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from codelength import metrics
from codelength.metrics.break_even import Line, cheaper, crossing_interval, envelope, line
from codelength.report import format, marks
from codelength.report.board import Board, family
from codelength.report.overview import stacked
from codelength.report.rankings import described
from codelength.report.table import Column, Table
from codelength.results.cell import Cell

ASSUMED = "Ratios are those measured on this corpus; that they are the same at any size is assumed."


@dataclass(frozen=True)
class Field:
    """The codecs that were measured on one corpus, and have a price."""

    board: Board
    corpus: str
    cells: Mapping[str, Cell]
    lines: Mapping[str, Line]
    """By codec, the smallest prior first, and of equal ones the smallest ratio."""

    @property
    def label(self) -> str:
        """`enwik6 · whole`"""
        return f"{self.corpus} · {self.board.protocol_label}"

    def ladders(self) -> Iterator["Field"]:
        """The codecs of each family that differ in the size of what they learned beforehand."""
        families: dict[str, dict[str, Line]] = {}
        for codec, spent in self.lines.items():
            if metrics.learned_before(self.cells[codec]):
                families.setdefault(family(codec), {})[codec] = spent
        for lines in families.values():
            if len({spent.model_bytes for spent in lines.values()}) > 1:
                yield Field(self.board, self.corpus, self.cells, lines)


def field(board: Board, corpus: str) -> Field:
    """What there is to compare on a corpus."""
    cells = {codec: cell for codec, cell in board.column(corpus).items() if cell.ok}
    found = {codec: spent for codec, cell in cells.items() if (spent := line(cell))}
    order = sorted(found, key=lambda codec: (found[codec].model_bytes, found[codec].rate, codec))
    return Field(board, corpus, cells, {codec: found[codec] for codec in order})


def matrix(here: Field) -> Table:
    """Where each codec (a row) takes fewer bytes than each other one (a column)."""
    rows = [
        [codec, format.size(spent.model_bytes), _rate(here, codec)]
        + [_where(spent, other) if codec != name else "" for name, other in here.lines.items()]
        for codec, spent in here.lines.items()
    ]
    columns = [Column("codec", "left", fixed=True), Column("prior"), Column("raw\n%")]
    columns += [Column(stacked(codec)) for codec in here.lines]
    made = (
        "A row is cheaper than a column from so many raw bytes on (≥), or up to so many (≤), or "
        "always, or never; = where they are equal throughout."
    )
    title = f"Break-even · {described(here.board, here.corpus)}"
    return Table(title, columns, rows, made, _notes(here))


def crossings(here: Field) -> Table | None:
    """Every pair of codecs whose lines cross, by size, with intervals; None if none do."""
    found = []
    for one, other in combinations(here.lines, 2):
        span = cheaper(here.lines[other], here.lines[one])
        if span and span.start > 0:
            found.append((span.start, one, other))
    if not found:
        return None
    bounds = {
        (one, other): crossing_interval(here.cells[other], here.cells[one])
        for _, one, other in found
    }
    rows = [
        [format.size(start), _bounds(bounds[one, other]), one, other]
        for start, one, other in sorted(found)
    ]
    columns = [Column("raw bytes"), Column("95%\ninterval"), Column("below it", "left")]
    columns += [Column("from it on", "left")]
    made = (
        "The cheaper codec below and from each break-even on. The interval is a percentile "
        f"bootstrap of {metrics.RESAMPLES} resamples of the samples, the same ones for both "
        "codecs; n/a where the corpus is a single sample. Never: in more than 2.5% of them the "
        "lines do not cross."
    )
    return Table(f"Break-evens · {here.label} · by size", columns, rows, made, _notes(here))


def cheapest(here: Field, ladder: bool = False) -> Table:
    """Which codec is cheapest at which corpus size; of a ladder, which size of model."""
    rows, before = [], ""
    for stretch in envelope(here.lines):
        codec, span, spent = stretch.codec, stretch.span, here.lines[stretch.codec]
        card = here.cells[codec].card
        interval = crossing_interval(here.cells[codec], here.cells[before]) if before else None
        row = [format.size(span.start), _bounds(interval) if before else "", codec]
        row += [format.count(card.parameters if card else None), format.size(spent.model_bytes)]
        row += [_rate(here, codec), format.size(spent.total(span.start))]
        rows.append(row)
        before = codec
    columns = [Column("from\nraw bytes"), Column("95%\ninterval"), Column("codec", "left")]
    columns += [Column("parameters"), Column("prior"), Column("raw\n%"), Column("total there")]
    what = f"Best size of {family(rows[0][2])}" if ladder else "Cheapest codec"
    made = "The lower envelope of prior + ratio · N: each codec from its size on."
    return Table(f"{what} at each corpus size · {here.label}", columns, rows, made, _notes(here))


def tables(here: Field) -> list[Table]:
    """All there is to say of a corpus."""
    found = [matrix(here), crossings(here), cheapest(here)]
    found += [cheapest(ladder, ladder=True) for ladder in here.ladders()]
    return [table for table in found if table]


def _rate(here: Field, codec: str) -> str:
    return marks.marked(format.percent(here.lines[codec].rate), here.cells[codec])


def _where(one: Line, other: Line) -> str:
    if one == other:
        return "="
    span = cheaper(one, other)
    if span is None:
        return format.NEVER
    if span.start > 0:
        return f"≥ {format.size(span.start)}"
    size = format.size(span.end)
    return "always" if size == format.NEVER else f"≤ {size}"


def _bounds(bounds: tuple[float, float] | None) -> str:
    return format.NA if bounds is None else "–".join(map(format.size, bounds))


def _notes(here: Field) -> list[str]:
    cells = [here.cells[codec] for codec in here.lines]
    left = sorted(codec for codec, cell in here.cells.items() if line(cell) is None)
    notes = [*marks.cautions(cells), f"{here.board.pricing.told} {ASSUMED}"]
    return [*notes, f"Left out, their price not being known: {', '.join(left)}."] if left else notes

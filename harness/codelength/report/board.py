"""The board: cells of one or many folders, merged into grids of rows and corpora, and ranked."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from codelength.api.errors import unknown
from codelength.metrics import STORED, Mean, Pricing, apply_price, compute_means, geometric_mean
from codelength.report import format
from codelength.report.format import plural
from codelength.report.keys import Figure, find_key
from codelength.report.machines import Machines
from codelength.report.merge import Contradiction, Row, match_corpora, merge_rows
from codelength.report.submissions import Folder, Measurement, Submissions, read_folders
from codelength.results.cell import Cell, CorpusSlice, Environment

KINDS = ("text", "image", "audio", "raw")
"""The kinds of media in the box, in their order; those of plugins stand behind them."""

UNRANKED = "-"
ESTIMATED = "≈"
"""The place of a row that was not decoded, and the sign before its figures."""


@dataclass(frozen=True, eq=False)
class Grid:
    """All that may be compared under one protocol and limit: rows × corpora."""

    slices: Mapping[str, CorpusSlice]
    """By name, in the order of the columns: by kind, controls last."""
    rows: Mapping[str, Row]
    pricing: Pricing = STORED
    """What the cells were charged."""

    @property
    def protocol(self) -> str:
        """The protocol, such as `whole` or `chunks:2048`."""
        return next(iter(self.slices.values())).protocol

    @property
    def limit(self) -> int | None:
        """The bytes of each corpus that were coded, if not all."""
        return next(iter(self.slices.values())).limit

    @property
    def label(self) -> str:
        """`whole`; `whole, first 1,000,000 bytes`."""
        return format.protocol(next(iter(self.slices.values())))

    @property
    def cells(self) -> list[Cell]:
        """All of them, corpus by corpus."""
        return [cell for corpus in self.slices for cell in self.column(corpus).values()]

    def column(self, corpus: str) -> dict[str, Cell]:
        """The cells of a corpus by row."""
        return {n: row.cells[corpus] for n, row in self.rows.items() if corpus in row.cells}

    def places(self, corpus: str, key: str = "ratio") -> dict[str, str]:
        """The rows on one corpus with their places, as `Part.places`."""
        known = self.figures(find_key(key).figure)
        column = self.column(corpus)
        rows = {name: self.rows[name] for name in column}
        values = {name: known[name].get(corpus) for name in column}
        return _rank_rows(rows, values, key, lambda name: int(column[name].ok))

    @cached_property
    def parts(self) -> "list[Part]":
        """What is averaged.

        All corpora, then those of each kind of media where there are several kinds. Controls and
        corpora without a byte are left out: nobody's data look like them.
        """
        plain = {n: s for n, s in self.slices.items() if s.entropy is None and s.bytes}
        order = sorted({s.kind for s in plain.values()}, key=_kind_order)
        kinds = [(kind, [n for n, s in plain.items() if s.kind == kind]) for kind in order]
        found = [("all", list(plain)), *(kinds if len(kinds) > 1 else [])] if plain else []
        return [Part(self, name, names) for name, names in found]

    @property
    def averaged(self) -> "Part":
        """All corpora that are averaged; of controls alone, those."""
        return self.parts[0] if self.parts else Part(self, "all", list(self.slices))

    @cached_property
    def means(self) -> dict[str, dict[str, Mean]]:
        """Part → row → the mean of its ratios."""
        places = {name: place for place, name in enumerate(self.slices)}
        rows = {n: [row.cells.get(c) for c in self.slices] for n, row in self.rows.items()}
        parts = {p.name: [places[c] for c in p.corpora] for p in self.parts or [self.averaged]}
        return compute_means(rows, parts)

    def figures(self, figure: Figure) -> dict[str, dict[str, float]]:
        """Row → corpus → the figure, where there is one. Computed once."""
        if figure not in self._figures:
            self._figures[figure] = {
                name: {c: f for c, cell in row.cells.items() if (f := figure(cell)) is not None}
                for name, row in self.rows.items()
            }
        return self._figures[figure]

    @cached_property
    def _figures(self) -> dict[Figure, dict[str, dict[str, float]]]:
        return {}


@dataclass(frozen=True, eq=False)
class Part:
    """Some corpora of a grid, and the rows that have any cell among them."""

    grid: Grid
    name: str
    """`all`, or a kind of media."""
    corpora: Sequence[str]

    @cached_property
    def rows(self) -> dict[str, Row]:
        """By name."""
        corpora = set(self.corpora)
        return {n: r for n, r in self.grid.rows.items() if not corpora.isdisjoint(r.cells)}

    @property
    def means(self) -> dict[str, Mean]:
        """Row → the mean of its ratios."""
        return self.grid.means[self.name]

    @property
    def cells(self) -> list[Cell]:
        """All of them, corpus by corpus."""
        return [cell for corpus in self.corpora for cell in self.grid.column(corpus).values()]

    def row_cells(self, name: str) -> list[Cell]:
        """The cells of a row."""
        cells = self.grid.rows[name].cells
        return [cells[corpus] for corpus in self.corpora if corpus in cells]

    def combine(
        self,
        name: str,
        figure: Figure,
        how: Callable[[list[float]], float] = geometric_mean,
    ) -> float | None:
        """One figure for all corpora; None if a corpus has none."""
        known = self.grid.figures(figure)[name]
        values = [known[corpus] for corpus in self.corpora if corpus in known]
        return how(values) if values and len(values) == len(self.corpora) else None

    def value(self, name: str, key: str) -> float | None:
        """What a row is ranked by."""
        if key == "ratio":
            return self.means[name].value
        by = find_key(key)
        return self.combine(name, by.figure, by.combine)

    def places(self, key: str = "ratio") -> dict[str, str]:
        """The rows, best first, each with its place.

        Those without a value behind, the fullest first. Estimates have no place and stand below
        everything that was decoded.
        """
        values = {name: self.value(name, key) for name in self.rows}
        return _rank_rows(self.rows, values, key, lambda name: self.means[name].done)


@dataclass(frozen=True)
class Board:
    """The grids, and what could not be on them."""

    grids: Sequence[Grid]
    machines: Machines
    contradictions: Sequence[Contradiction]
    failed: Sequence[Measurement]
    """Every measurement that is not `ok`, in whatever row it is."""
    left_out: Sequence[str]
    """A line for each corpus of a folder that was not merged."""
    folders: Mapping[str, Sequence[str]]
    """Run → the folders that it is in."""
    pricing: Pricing = STORED

    @property
    def cells(self) -> list[Cell]:
        """The cells that are shown."""
        return [cell for grid in self.grids for cell in grid.cells]

    @property
    def has_figures(self) -> bool:
        """Whether there is a single figure on it."""
        return any(cell.ok for cell in self.cells)

    @property
    def is_merged(self) -> bool:
        """Whether it is of several folders."""
        return len({folder for found in self.folders.values() for folder in found}) > 1

    def summarize(self) -> str:
        """One sentence: how much of what, by how many."""
        rows = {row.codec for grid in self.grids for row in grid.rows.values()}
        corpora = {corpus for grid in self.grids for corpus in grid.slices}
        # the same bytes may be on the grids of two limits
        cells = {
            (name, cell.slice.protocol, cell.slice.digest): cell.ok
            for grid in self.grids
            for name, row in grid.rows.items()
            for cell in row.cells.values()
        }
        folders = {folder for found in self.folders.values() for folder in found}
        return (
            f"{plural(len(rows), 'codec')}, {plural(len(corpora), 'corpus', 'corpora')}, "
            f"{plural(len(cells), 'cell')}, of which {format.count(sum(cells.values()))} ok; "
            f"{plural(len(self.folders), 'run')} in {plural(len(folders), 'folder')}."
        )


def load_board(
    paths: Sequence[Path], corpora: Sequence[str] = (), pricing: Pricing = STORED
) -> Board:
    """Build the board of one or many results folders. Raises UsageError, StoreError."""
    return build_board(read_folders(paths), corpora, pricing)


def board_of(
    cells: Iterable[Cell], environments: Iterable[Environment] = (), pricing: Pricing = STORED
) -> Board:
    """Build the board of some cells of one folder."""
    submissions = Submissions([Folder("results", list(cells))], list(environments))
    return build_board(submissions, (), pricing)


def build_board(
    submissions: Submissions, corpora: Sequence[str] = (), pricing: Pricing = STORED
) -> Board:
    """Merge what was handed in, or some corpora of it only.

    Raises UsageError for a corpus that is not there.
    """
    measurements, left_out = match_corpora(submissions.folders)
    known = {m.cell.slice.corpus for m in measurements}
    for corpus in corpora:
        if corpus not in known:
            raise unknown("corpus", corpus, known, "codelength leaderboard DIR…")
    groups: dict[tuple[str, int | None], list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        of = measurement.cell.slice
        if not corpora or of.corpus in corpora:
            cell = apply_price(measurement.cell, pricing)
            groups[of.protocol, of.limit].append(Measurement(measurement.folder, cell))
    grids: list[Grid] = []
    contradictions: list[Contradiction] = []
    for members in groups.values():
        rows, against = merge_rows(members)
        slices = {m.cell.slice.corpus: m.cell.slice for m in members}
        grids.append(_arrange(slices, rows, pricing))
        contradictions += against
    folders: dict[str, list[str]] = defaultdict(list)
    for folder in submissions.folders:
        for run in dict.fromkeys(cell.run for cell in folder.cells):
            folders[run].append(folder.name)
    return Board(
        grids=sorted(grids, key=_grid_order),
        machines=submissions.machines,
        contradictions=contradictions,
        failed=[m for members in groups.values() for m in members if not m.cell.ok],
        left_out=left_out,
        folders=folders,
        pricing=pricing,
    )


def family_of(codec: str) -> str:
    """`zstd:level=19` → `zstd`."""
    return codec.partition(" ")[0].partition(":")[0]


def _rank_rows(
    rows: Mapping[str, Row],
    values: Mapping[str, float | None],
    key: str,
    fullness: Callable[[str], int],
) -> dict[str, str]:
    places: dict[str, str] = {}
    for is_ranked in (True, False):
        mine = {n: v for n, v in values.items() if rows[n].evidence.is_ranked is is_ranked}
        ranks = find_key(key).rank(mine)
        places |= {name: str(rank) if is_ranked else ESTIMATED for name, rank in ranks.items()}
        rest = sorted((name for name in mine if name not in ranks), key=lambda n: -fullness(n))
        places |= dict.fromkeys(rest, UNRANKED)
    return places


def _arrange(slices: Mapping[str, CorpusSlice], rows: Iterable[Row], pricing: Pricing) -> Grid:
    columns = sorted(slices, key=lambda corpus: _column_order(slices[corpus]))
    names = {row.name: row for row in sorted(rows, key=lambda row: _natural_order(row.name))}
    return Grid({corpus: slices[corpus] for corpus in columns}, names, pricing)


def _grid_order(grid: Grid) -> tuple[object, ...]:
    """Whole samples first, the published protocol last; all bytes before the first ones."""
    published = any(corpus_slice.header_once for corpus_slice in grid.slices.values())
    limit = (grid.limit is not None, grid.limit or 0)
    return (published, grid.protocol != "whole", _natural_order(grid.protocol), *limit)


def _column_order(of: CorpusSlice) -> tuple[object, ...]:
    return (of.entropy is not None, _kind_order(of.kind), of.corpus, of.digest)


def _natural_order(name: str) -> list[tuple[bool, int, str]]:
    """So that level=9 stands before level=19."""
    parts = re.findall(r"\d+|\D+", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _kind_order(kind: str) -> tuple[int, str]:
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), kind)

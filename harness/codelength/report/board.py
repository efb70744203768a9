"""The board: cells of one or many folders, merged into grids of rows and corpora, and ranked."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from codelength.api.corpus import Reading
from codelength.api.errors import unknown
from codelength.api.sampling import Limit, sample_size
from codelength.metrics import (
    FEWEST,
    STORED,
    Mean,
    Pricing,
    WholeEstimate,
    apply_price,
    compute_means,
    estimate_whole,
    find_pareto_front,
    geometric_mean,
)
from codelength.metrics.budget import Use, check_budget
from codelength.report import format
from codelength.report.format import plural
from codelength.report.keys import Figure, find_key
from codelength.report.machines import Machines
from codelength.report.merge import Row, match_corpora, merge_rows
from codelength.report.submissions import Folder, Measurement, read_folders
from codelength.results.cell import Cell, CorpusSlice, Environment, Readings

KINDS = ("text", "image", "audio", "raw")
"""The built-in kinds of media, in their order; those of plugins stand behind them."""

UNRANKED = "-"
ESTIMATED = "≈"
"""The place of a row that was not decoded, and the sign before its figures."""
OVER = "over"
"""The place of a row that takes more than the budget."""


@dataclass(frozen=True, eq=False)
class Grid:
    """All that may be compared under one protocol and limit: rows × corpora."""

    slices: Mapping[str, CorpusSlice]
    """By name, in the order of the columns: by kind, controls last."""
    rows: Mapping[str, Row]
    pricing: Pricing = STORED
    """What the cells were charged."""
    readings: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    """What became of each file of the corpora that were read from files."""
    whole: "Grid | None" = None
    """Of a grid of samples, the one of all bytes."""

    @property
    def protocol(self) -> str:
        """The protocol, such as `whole` or `chunks:2048`."""
        return next(iter(self.slices.values())).protocol

    @property
    def limit(self) -> Limit:
        """The bytes of each corpus that were coded, if not all."""
        return next(iter(self.slices.values())).limit

    @property
    def label(self) -> str:
        """`whole`; `whole, 64.0 MB of 512 MB: 1,000 blocks of up to 64.0 kB from 12 files`."""
        drawn = format.draws(self.slices.values())
        label = format.protocol(next(iter(self.slices.values())))
        return f"{self.protocol}, {drawn}" if drawn else label

    @cached_property
    def labels(self) -> dict[str, str]:
        """Row → a short name: `zstd:level=22,long=27` → `zstd 22`, if no other one is so called."""
        short = {}
        for name, row in self.rows.items():
            family, _, settings = row.codec.partition(":")
            value = settings.partition(",")[0]
            short[name] = f"{family} {value.partition('=')[2] or value}".strip()
        many = Counter(short.values())
        return {name: label if many[label] == 1 else name for name, label in short.items()}

    @property
    def cells(self) -> list[Cell]:
        """All of them, corpus by corpus."""
        return [cell for corpus in self.slices for cell in self.column(corpus).values()]

    def column(self, corpus: str) -> dict[str, Cell]:
        """The cells of a corpus by row."""
        return {n: row.cells[corpus] for n, row in self.rows.items() if corpus in row.cells}

    def part(self, corpus: str) -> "Part":
        """A single corpus, as what is averaged."""
        return Part(self, corpus, [corpus])

    @cached_property
    def parts(self) -> "list[Part]":
        """What is averaged.

        All corpora, then those of each kind of media where there are several kinds. Controls and
        corpora without a byte are left out: nobody's data look like them. So are decoded files that
        are also there as bytes: they would count twice.
        """
        plain = {
            n: s
            for n, s in self.slices.items()
            if s.entropy is None and s.bytes and not self.as_bytes(n)
        }
        order = sorted({s.kind for s in plain.values()}, key=_kind_order)
        kinds = [(kind, [n for n, s in plain.items() if s.kind == kind]) for kind in order]
        found = [("all", list(plain)), *(kinds if len(kinds) > 1 else [])] if plain else []
        return [Part(self, name, names) for name, names in found]

    def is_decoded(self, corpus: str) -> bool:
        """Whether any of its files was read as media."""
        return any(file.is_decoded for file in self.readings.get(corpus, ()))

    def as_bytes(self, corpus: str) -> str | None:
        """The corpus that has the files of a decoded one as the bytes that they are."""
        if not self.is_decoded(corpus):
            return None
        named = {
            name: [(file.name, file.on_disk) for file in files]
            for name, files in self.readings.items()
        }
        others = (n for n in named if named[n] == named[corpus] and not self.is_decoded(n))
        return next(others, None)

    @property
    def averaged(self) -> "Part":
        """All corpora that are averaged; of controls alone, those."""
        return self.parts[0] if self.parts else Part(self, "all", list(self.slices))

    @cached_property
    def over(self) -> dict[str, list[Use]]:
        """The rows that exceed the budget, or are not known to keep it, and by what."""
        uses = {
            n: check_budget([*r.cells.values()], self.pricing.budget) for n, r in self.rows.items()
        }
        broken = {name: [use for use in found if not use.is_within] for name, found in uses.items()}
        return {name: found for name, found in broken.items() if found}

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """The rows that have places, those over the budget, and estimates.

        Each is compared with those of its group; the key is the place of those who get none.
        """
        groups: dict[str, list[str]] = {"": [], OVER: [], ESTIMATED: []}
        for name, row in self.rows.items():
            over = OVER if name in self.over else ""
            groups[over if row.evidence.is_ranked else ESTIMATED].append(name)
        return groups

    @cached_property
    def means(self) -> dict[tuple[str, ...], dict[str, Mean]]:
        """Corpora of a part, or one alone → row → the mean of its ratios.

        Rows are compared with those of their group.
        """
        places = {name: place for place, name in enumerate(self.slices)}
        parts = [*(self.part(corpus) for corpus in self.slices), *self.parts, self.averaged]
        groups = {tuple(p.corpora): [[places[c] for c in kind] for kind in p.kinds] for p in parts}
        means: dict[tuple[str, ...], dict[str, Mean]] = {corpora: {} for corpora in groups}
        for names in self.groups.values():
            cells = {n: [self.rows[n].cells.get(corpus) for corpus in self.slices] for n in names}
            for corpora, found in compute_means(cells, groups).items():
                means[corpora] |= found
        return means

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

    @cached_property
    def kinds(self) -> list[list[str]]:
        """Its corpora by kind of media: each kind has the same weight."""
        kinds: dict[str, list[str]] = {}
        for corpus in self.corpora:
            kinds.setdefault(self.grid.slices[corpus].kind, []).append(corpus)
        return list(kinds.values())

    @cached_property
    def whole(self) -> dict[str, float]:
        """Of a sample, row → the ratio on all bytes, where it was measured."""
        grid = self.grid.whole
        if grid is None or not set(self.corpora) <= set(grid.slices):
            return {}
        all_bytes = Part(grid, self.name, self.corpora)
        rates = {name: all_bytes.value(name, "ratio") for name in self.rows if name in grid.rows}
        return {name: rate for name, rate in rates.items() if rate is not None}

    @cached_property
    def estimates(self) -> dict[str, WholeEstimate]:
        """Of a sample, row → an estimate of the ratio on all bytes, where it was not measured."""
        rates = {name: self.value(name, "ratio") for name in self.rows}
        return estimate_whole({n: r for n, r in rates.items() if r is not None}, self.whole)

    @property
    def means(self) -> dict[str, Mean]:
        """Row → the mean of its ratios."""
        return self.grid.means[tuple(self.corpora)]

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
        """One figure for all corpora, each kind with the same weight; None if a corpus has none."""
        known = self.grid.figures(figure)[name]
        by_kind = []
        for kind in self.kinds:
            values = [known[corpus] for corpus in kind if corpus in known]
            if not values or len(values) < len(kind):
                return None
            by_kind.append(how(values))
        return how(by_kind) if by_kind else None

    def value(self, name: str, key: str) -> float | None:
        """What a row is ranked by."""
        by = find_key(key)
        return self.combine(name, by.figure, by.combine)

    def front(self, speed: str) -> list[str]:
        """The decoded rows that no other one beats in both ratio and speed, the slowest first."""
        points = {
            name: (size, fast)
            for name, row in self.rows.items()
            if row.evidence.is_ranked
            and (size := self.value(name, "ratio")) is not None
            and (fast := self.value(name, speed)) is not None
        }
        is_on = find_pareto_front(list(points.values()))
        front = [name for name, on_front in zip(points, is_on, strict=True) if on_front]
        return sorted(front, key=lambda name: points[name][1])

    def places(self, key: str = "ratio") -> dict[str, str]:
        """The rows, best first, each with its place.

        A place by ratio is `2–4` where the files cannot tell; with fewer than ten files it is that
        on these files. Those without a value behind, the fullest first. Rows over the budget stand
        below the others, and estimates below everything that was decoded; both have no place.
        """
        places: dict[str, str] = {}
        for sign, names in self.grid.groups.items():
            rows = [name for name in names if name in self.rows]
            ranks = find_key(key).rank({name: self.value(name, key) for name in rows})
            equal = Counter(rank.place for rank in ranks.values())
            for name, rank in ranks.items():
                mean = self.means[name]
                is_set = mean.worst - mean.best >= equal[rank.place] and mean.clusters >= FEWEST
                place = f"{mean.best}–{mean.worst}" if is_set and key == "ratio" else str(rank)
                places[name] = sign or place
            done = {n: sum(c.ok for c in self.row_cells(n)) for n in rows if n not in ranks}
            places |= dict.fromkeys(sorted(done, key=lambda name: -done[name]), UNRANKED)
        return places


@dataclass(frozen=True)
class Board:
    """The grids, and what could not be on them."""

    grids: Sequence[Grid]
    machines: Machines
    contradictions: Sequence[str]
    """A line for each outcome that another folder's measurement denies."""
    failed: Sequence[Measurement]
    """Every measurement that is not `ok`, in whatever row it is."""
    left_out: Sequence[str]
    """A line for each corpus of a folder that was not merged."""
    problems: Sequence[str]
    """The lines of the folders that are not results, and why."""
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
    cells: Iterable[Cell],
    environments: Iterable[Environment] = (),
    pricing: Pricing = STORED,
    readings: Mapping[str, Readings] | None = None,
    problems: Sequence[str] = (),
) -> Board:
    """Build the board of some cells of one folder."""
    folder = Folder("results", list(cells), list(environments), readings or {}, problems)
    return build_board([folder], (), pricing)


def build_board(
    folders: Sequence[Folder], corpora: Sequence[str] = (), pricing: Pricing = STORED
) -> Board:
    """Merge folders, or some corpora of them only; the first folder decides what a corpus is.

    Raises UsageError for a corpus that is not there.
    """
    measurements, left_out = match_corpora(folders)
    known = {m.cell.slice.corpus for m in measurements}
    for corpus in corpora:
        if corpus not in known:
            raise unknown("corpus", corpus, known, "codelength leaderboard DIR…")
    groups: dict[tuple[str, Limit], list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        of = measurement.cell.slice
        if not corpora or of.corpus in corpora:
            cell = apply_price(measurement.cell, pricing)
            groups[of.protocol, of.limit].append(Measurement(measurement.folder, cell))
    grids: list[Grid] = []
    contradictions: list[str] = []
    ledgers = {name: r.files for folder in reversed(folders) for name, r in folder.readings.items()}
    whole: dict[str, Grid] = {}
    for protocol, limit in sorted(groups, key=lambda key: key[1] is not None):  # all bytes first
        members = groups[protocol, limit]
        rows, against = merge_rows(members)
        slices = {m.cell.slice.corpus: m.cell.slice for m in members}
        order = sorted(slices, key=lambda corpus: _column_order(slices[corpus]))
        named = {row.name: row for row in sorted(rows, key=lambda row: _natural_order(row.name))}
        read = {corpus: ledgers[corpus] for corpus in order if corpus in ledgers}
        beside = whole.get(protocol) if isinstance(limit, str) else None
        ordered = {corpus: slices[corpus] for corpus in order}
        grid = Grid(ordered, named, pricing, read, beside)
        if limit is None:
            whole[protocol] = grid
        if beside is None or not _is_all_measured(grid, beside):
            grids.append(grid)
        contradictions += against
    runs: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        for run in dict.fromkeys(cell.run for cell in folder.cells):
            runs[run].append(folder.name)
    cells = (cell for folder in folders for cell in folder.cells)
    environments = (environment for folder in folders for environment in folder.environments)
    return Board(
        grids=sorted(grids, key=_grid_order),
        machines=Machines(cells, environments),
        contradictions=contradictions,
        failed=[m for members in groups.values() for m in members if not m.cell.ok],
        left_out=left_out,
        problems=[problem for folder in folders for problem in folder.problems],
        folders=runs,
        pricing=pricing,
    )


def _is_all_measured(sample: Grid, whole: Grid) -> bool:
    """Whether all of the corpora was measured for every row of a sample: it adds nothing then."""
    return all(
        name in whole.rows and set(row.cells) <= set(whole.rows[name].cells)
        for name, row in sample.rows.items()
    )


def family_of(codec: str) -> str:
    """`zstd:level=19` → `zstd`."""
    return codec.partition(" ")[0].partition(":")[0]


def _grid_order(grid: Grid) -> tuple[object, ...]:
    """Whole samples first, the published protocol last; all bytes before a part of them."""
    published = any(corpus_slice.header_once for corpus_slice in grid.slices.values())
    part = sample_size(grid.limit) or grid.limit
    limit = (part is not None, isinstance(grid.limit, int), part or 0)
    return (published, grid.protocol != "whole", _natural_order(grid.protocol), *limit)


def _column_order(of: CorpusSlice) -> tuple[object, ...]:
    return (of.entropy is not None, _kind_order(of.kind), of.corpus, of.digest)


def _natural_order(name: str) -> list[tuple[bool, int, str]]:
    """So that level=9 stands before level=19."""
    parts = re.findall(r"\d+|\D+", name)
    numbers = [part.lstrip("0") for part in parts]
    return [
        (part.isdecimal(), len(number) if part.isdecimal() else 0, number)
        for part, number in zip(parts, numbers, strict=True)
    ]


def _kind_order(kind: str) -> tuple[int, str]:
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), kind)

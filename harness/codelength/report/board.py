"""The board: cells of one or many folders, merged into grids of rows and corpora, and ranked."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from codelength.api.corpus import Reading
from codelength.api.errors import unknown
from codelength.api.sampling import Limit, sample_size
from codelength.metrics import rates
from codelength.metrics.budget import Use, check_budget
from codelength.metrics.inference import FEWEST, Mean, WholeEstimate, compute_means, estimate_whole
from codelength.metrics.price import STORED, Pricing, apply_price
from codelength.metrics.ranking import Rank, find_pareto_front, geometric_mean
from codelength.report import format
from codelength.report.format import plural
from codelength.report.keys import Figure, find_key
from codelength.report.machines import Machines
from codelength.report.merge import Measurement, Row, match_corpora, merge_rows
from codelength.report.submissions import read_folders
from codelength.results.cell import Cell, CorpusSlice
from codelength.results.store import Results

KINDS = ("text", "image", "audio", "array", "raw")
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
    sample: "Grid | None" = None
    """Of a grid of all bytes, the one of samples, on which slow codecs were measured."""

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

    @cached_property
    def estimates(self) -> dict[str, dict[str, WholeEstimate]]:
        """Row → corpus → an estimate of the ratio, where only a sample was measured."""
        found: dict[str, dict[str, WholeEstimate]] = defaultdict(dict)
        if self.sample:
            for corpus in self.slices:
                given = _decoded(self.sample, corpus), _decoded(self, corpus)
                for name, estimate in estimate_whole(*given).items():
                    found[name][corpus] = estimate
        return found

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
            n: check_budget([] if n in self.estimates else [*r.cells.values()], self.pricing.budget)
            for n, r in self.rows.items()
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
        """Row → corpus → the figure, where there is one. Computed once.

        A ratio of which there is only a sample is estimated. Other figures are those of the sample.
        """
        if figure not in self._figures:
            self._figures[figure] = {
                name: {c: f for c, cell in row.cells.items() if (f := figure(cell)) is not None}
                for name, row in self.rows.items()
            }
            for name, corpora in self.estimates.items():
                for corpus, estimate in corpora.items():
                    cell = self.stand_in(name, corpus)
                    found, ratio = figure(cell), rates.ratio(cell) or 0.0
                    if found is not None and figure in (rates.ratio, rates.adjusted_ratio):
                        found += estimate.value - ratio
                    if found is not None:
                        self._figures[figure][name][corpus] = found
        return self._figures[figure]

    def stand_in(self, name: str, corpus: str) -> Cell:
        """The cell of a sample, of a row that has an estimate."""
        assert self.sample
        return self.sample.rows[name].cells[corpus]

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
        corpora, estimates = set(self.corpora), self.grid.estimates
        return {
            name: row
            for name, row in self.grid.rows.items()
            if not (corpora.isdisjoint(row.cells) and corpora.isdisjoint(estimates.get(name, ())))
        }

    @cached_property
    def kinds(self) -> list[list[str]]:
        """Its corpora by kind of media: each kind has the same weight."""
        kinds: dict[str, list[str]] = {}
        for corpus in self.corpora:
            kinds.setdefault(self.grid.slices[corpus].kind, []).append(corpus)
        return list(kinds.values())

    @cached_property
    def estimates(self) -> dict[str, WholeEstimate]:
        """Row → its ratio with an interval, of rows that have only a sample of some corpus."""
        share = {c: 1 / len(kind) / len(self.kinds) for kind in self.kinds for c in kind}
        found = {}
        for name, known in self.grid.estimates.items():
            value, at = self.value(name, "ratio"), known.keys() & share.keys()
            if value and at:
                reach = math.prod(known[corpus].reach ** share[corpus] for corpus in at)
                found[name] = WholeEstimate(value, reach)
        return found

    @property
    def means(self) -> dict[str, Mean]:
        """Row → the mean of its ratios."""
        return self.grid.means[tuple(self.corpora)]

    @property
    def cells(self) -> list[Cell]:
        """All of them, row by row."""
        return [cell for name in self.rows for cell in self.row_cells(name)]

    def row_cells(self, name: str) -> list[Cell]:
        """The cells of a row; where only a sample was measured, that of the sample."""
        cells, estimates = self.grid.rows[name].cells, self.grid.estimates.get(name, {})
        return [
            cells.get(corpus) or self.grid.stand_in(name, corpus)
            for corpus in self.corpora
            if corpus in cells or corpus in estimates
        ]

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
            and name not in self.estimates
            and (size := self.value(name, "ratio")) is not None
            and (fast := self.value(name, speed)) is not None
        }
        is_on = find_pareto_front(list(points.values()))
        front = [name for name, on_front in zip(points, is_on, strict=True) if on_front]
        return sorted(front, key=lambda name: points[name][1])

    def places(self, key: str = "ratio") -> dict[str, str]:
        """The rows, best first, each with its place.

        A place by ratio is `2–4` where the files cannot tell; with fewer than ten files it is that
        on these files. A row of which only a sample was measured has the places `≈2–4` that its
        interval leaves. Those without a value stand behind, the fullest first. Rows over the budget
        stand below the others, and codecs that coded nothing below everything that was decoded;
        both have no place.
        """
        places: dict[str, str] = {}
        for sign, names in self.grid.groups.items():
            rows = [name for name in names if name in self.rows]
            values = {n: v for n in rows if (v := self.value(n, key)) is not None}
            spans = {name: (value, value) for name, value in values.items()}
            guessed = [name for name in self.estimates if name in values and key == "ratio"]
            spans |= {n: (self.estimates[n].low, self.estimates[n].high) for n in guessed}
            ranks = find_key(key).rank({n: v for n, v in values.items() if n not in guessed})
            equal = Counter(rank.place for rank in ranks.values())
            for name in find_key(key).rank(values):
                rank = ranks.get(name)
                rivals = guessed if rank else [other for other in spans if other != name]
                first = last = rank.place if rank else 1
                if rank and key == "ratio":
                    first, last = self._own_places(name, rank, equal[first])
                before = sum(spans[other][1] < spans[name][0] for other in rivals)
                first += before
                last += sum(spans[other][0] <= spans[name][1] for other in rivals)
                is_tied = rank is not None and rank.tied
                place = str(Rank(first, is_tied)) if first == last else f"{first}–{last}"
                places[name] = sign or ESTIMATED * (rank is None) + place
            done = {n: sum(c.ok for c in self.row_cells(n)) for n in rows if n not in values}
            places |= dict.fromkeys(sorted(done, key=lambda name: -done[name]), UNRANKED)
        return places

    def _own_places(self, name: str, rank: Rank, equal: int) -> tuple[int, int]:
        """The places that the files leave a row among those that have all of the data."""
        mean = self.means[name]
        if mean.clusters >= FEWEST and mean.worst - mean.best >= equal:
            return mean.best, mean.worst
        return rank.place, rank.place


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


def build_board(
    folders: Mapping[str, Results], corpora: Sequence[str] = (), pricing: Pricing = STORED
) -> Board:
    """Merge the latest cells of results by the names of their folders, or some corpora only.

    The first folder decides what a corpus is. Raises UsageError for a corpus that is not there.
    """
    cells = {name: results.latest for name, results in folders.items()}
    measurements, left_out = match_corpora(cells)
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
    every = list(folders.values())
    ledgers = {name: r.files for one in reversed(every) for name, r in one.readings.items()}
    samples: dict[str, list[Grid]] = defaultdict(list)
    for protocol, limit in sorted(groups, key=_samples_first):
        members = groups[protocol, limit]
        rows, against = merge_rows(members)
        slices = {m.cell.slice.corpus: m.cell.slice for m in members}
        order = sorted(slices, key=lambda corpus: _column_order(slices[corpus]))
        named = {row.name: row for row in sorted(rows, key=lambda row: _natural_order(row.name))}
        read = {corpus: ledgers[corpus] for corpus in order if corpus in ledgers}
        grid = Grid({corpus: slices[corpus] for corpus in order}, named, pricing, read)
        for sample in samples[protocol] if limit is None else ():
            if _is_all_measured(sample, grid):
                grids.remove(sample)
            else:  # of several, the largest
                grid = replace(grid, rows=_with_slow(named, sample), sample=sample)
        if isinstance(limit, str):
            samples[protocol].append(grid)
        grids.append(grid)
        contradictions += against
    runs: dict[str, list[str]] = defaultdict(list)
    for name, own in cells.items():
        for run in dict.fromkeys(cell.run for cell in own):
            runs[run].append(name)
    environments = {run: record for one in every for run, record in one.environments.items()}
    return Board(
        grids=sorted(grids, key=_grid_order),
        machines=Machines(runs, environments.values()),
        contradictions=contradictions,
        failed=[m for members in groups.values() for m in members if not m.cell.ok],
        left_out=left_out,
        problems=[_place_in(name, p) for name, one in folders.items() for p in one.problems],
        folders=runs,
        pricing=pricing,
    )


def _place_in(folder: str, problem: str) -> str:
    """Name the folder of a line that is not a result as the board does, without its whole path."""
    found = re.fullmatch(r".*[/\\]([^/\\]+:\d+ is not a result.*)", problem)
    return f"{folder}/{found[1]}" if found else problem


def _is_all_measured(sample: Grid, whole: Grid) -> bool:
    """Whether all of the corpora was measured for every row of a sample: it adds nothing then."""
    return all(
        name in whole.rows and set(row.cells) <= set(whole.rows[name].cells)
        for name, row in sample.rows.items()
    )


def _samples_first(key: tuple[str, Limit]) -> tuple[bool, int]:
    """Samples, the largest last, before all bytes."""
    return key[1] is None, sample_size(key[1]) or 0


def _with_slow(rows: Mapping[str, Row], sample: Grid) -> dict[str, Row]:
    """Add the rows that only a sample has, so far without a cell."""
    slow = {n: replace(r, measured={}, failed={}) for n, r in sample.rows.items() if n not in rows}
    return {**rows, **slow}


def _decoded(grid: Grid, corpus: str) -> dict[str, Cell]:
    """The cells of a corpus that were decoded, by row."""
    rows = grid.rows
    return {n: c for n, c in grid.column(corpus).items() if c.ok and rows[n].evidence.is_ranked}


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

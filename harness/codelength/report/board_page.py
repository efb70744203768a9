"""The page of a board: the opening, each grid, what went wrong, and where it comes from."""

from collections.abc import Iterator
from functools import cached_property

from codelength.report.board import Board, Grid, Part
from codelength.report.charts import map_chart, scatter_charts
from codelength.report.data import MEASUREMENTS, Json, document_of, measurements_of
from codelength.report.failures import failures_line, failures_table, remark_tables
from codelength.report.keys import find_key
from codelength.report.page import Folded, Heading, Prose, Records, Section
from codelength.report.provenance import provenance_tables
from codelength.report.readings import (
    describe_readings,
    file_records,
    files_table,
    is_shown_decoded,
    sum_tables,
)
from codelength.report.table import Table, to_code, to_line
from codelength.report.tables import (
    EVIDENCE,
    answer_table,
    ledger_table,
    ranking_table,
)

TITLE = "Leaderboard of lossless compressors"

LEGEND = "Size: coded / raw bytes, geometric means. Speed: raw MB a CPU second. mem: peak."
GUIDE = (
    "Ratio is coded / raw bytes in percent, and bpb is coded bits for each raw byte: for both, "
    "smaller is better. kB, MB and GB are powers of ten. A cell is one codec on one corpus under "
    "one protocol; it has figures only if a process of its own decoded every blob to the bytes "
    "that went in. `n/a` means that there is no figure; it never means zero, and no mean is taken "
    "over it. Codecs of equal coded size share a rank, as in `3=`; a rank such as `2–4` is all "
    "that these files can tell. Protocols and limits are never mixed in one table."
)
MERGED = (
    "Cells are merged where corpus digest and protocol are the same. A row is a codec with certain "
    "libraries; those with other libraries or from other machines are in the same row only if they "
    "found the same sizes."
)


class BoardPage:
    """The page of a board, ranked by `key`."""

    def __init__(self, board: Board, title: str = TITLE, key: str = "ratio") -> None:
        find_key(key)
        self.board, self.title, self.key = board, title, key

    @property
    def summary(self) -> str:
        """How much of what, by how many."""
        return self.board.summarize()

    @cached_property
    def first(self) -> list[Section]:
        """For each protocol and limit the winners, the ranking and the map; what went wrong."""
        found: list[Section | None] = []
        samples = [grid.sample for grid in self.board.grids]
        for grid in self.board.grids:
            if grid in samples:
                continue
            found += [answer_table(grid), ranking_table(self.board, grid.averaged, self.key)]
            found += [map_chart(grid)]
            shown = [name for name in grid.slices if not is_shown_decoded(grid, name)]
            found += [Prose(f"{n}: {text}") for n in shown if (text := describe_readings(grid, n))]
        found += [Prose(LEGEND), *map(Prose, failures_line(self.board))]
        return [section for section in found if section]

    @cached_property
    def details(self) -> list[Section]:
        """How to read it, each grid, what went wrong, and where the figures come from."""
        parts = (self._opening(), self._grids(), self._remarks(), self._provenance())
        return [Heading("Details"), *(section for part in parts for section in part)]

    @cached_property
    def document(self) -> Json:
        """The board as data."""
        return document_of(self.board, self.title)

    @property
    def records(self) -> Records:
        """A line for each measurement, ranked or not."""
        return Records(MEASUREMENTS, list(measurements_of(self.document)))

    @property
    def files(self) -> Records:
        """A line for each file of each row, of corpora that were read from files."""
        return file_records(self.board)

    def _kinds(self, grid: Grid) -> list[Part]:
        """The parts of several corpora of one kind; a single one is a table of its own."""
        return [part for part in grid.parts[1:] if len(part.corpora) > 1]

    def _opening(self) -> Iterator[Section]:
        by, runs = find_key(self.key), self.board.machines.environments
        yield Prose(f"Ranked by {by.title}: {by.direction}.")
        kept = {e.sandbox or "unknown" for e in runs}
        if len(runs) == 1:
            (e,) = runs
            version = (
                f"commit {to_code(e.commit)}" if e.commit else f"release {to_line(e.codelength)}"
            )
            how = f"Measured by {to_code(e.command)}, started {to_line(e.started)}"
            yield Prose(f"{how}, with codelength at {version}; sandbox: {to_line(kept.pop())}.")
        elif runs:
            first = to_line(runs[0].started)
            yield Prose(
                f"Measured in {len(runs)} runs from {first} on; the last section has them. "
                f"Sandbox: {to_line(' and '.join(sorted(kept)))}."
            )
        yield Prose(GUIDE)
        if self.board.is_merged:
            yield Prose(MERGED)
            yield Prose(EVIDENCE)

    def _grids(self) -> Iterator[Section]:
        for grid in self.board.grids:
            yield Heading(f"Protocol {grid.label}")
            yield from scatter_charts(self.board, grid)
            yield from (ranking_table(self.board, part, self.key) for part in self._kinds(grid))
            for corpus in grid.slices:
                yield ranking_table(self.board, grid.part(corpus), self.key)
                yield from sum_tables(grid, corpus)
            ledgers = [table for c in grid.slices if (table := ledger_table(grid, c))]
            if ledgers:
                yield Heading(f"Ledgers · {grid.label}", 3)
                yield Prose(ledgers[0].method)
            yield from map(Folded, ledgers)

    def _remarks(self) -> Iterator[Section]:
        for table in remark_tables(self.board):
            yield Heading(table.title)
            yield Table("", table.columns, table.rows, table.method, table.notes)
        if failures_table(self.board) is None:
            yield Heading("Not ok")
            yield Prose("Every cell was decoded and found equal.")

    def _provenance(self) -> Iterator[Section]:
        yield Heading("Provenance")
        yield from provenance_tables(self.board)
        grids = {corpus: grid for grid in reversed(self.board.grids) for corpus in grid.readings}
        files = [table for name, grid in grids.items() if (table := files_table(grid, name))]
        if files:
            yield Heading("Files", 3)
            yield Prose(files[0].method)
        yield from map(Folded, files)

"""Many results folders as one leaderboard."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codelength.api.errors import unknown
from codelength.report.board import Board, arranged, turn
from codelength.report.columns import LeftOut, matched
from codelength.report.machines import Machines
from codelength.report.overview import standing
from codelength.report.rankings import UNRANKED, key_named
from codelength.report.rows import Contradiction, Row, rows
from codelength.report.submissions import Handed, Measurement

ABOUT = "≈"
"""The place of a row that was not decoded, and what stands before its figures."""


@dataclass(frozen=True)
class Merged:
    """All that may be compared under one protocol and limit: a board whose rows are known."""

    board: Board
    rows: Mapping[str, Row]

    @cached_property
    def parts(self) -> list[Board]:
        """What is averaged: all corpora, then those of each kind of media where there are
        several kinds."""
        parts = self.board.parts()
        return parts if len(parts) > 2 else parts[:1]

    def places(self, part: Board, key: str = "ratio") -> dict[str, str]:
        """The rows of a part, best first, each with its place; those without a figure behind, the
        fullest first; below all that was decoded, estimates, which have no place."""
        by = key_named(key)
        values = {name: standing(part, name, key) for name in part.codecs}
        places: dict[str, str] = {}
        for ranked in (True, False):
            mine = {n: v for n, v in values.items() if self.rows[n].evidence.is_ranked is ranked}
            found = by.ranks(mine)
            places |= {name: str(rank) if ranked else ABOUT for name, rank in found.items()}
            rest = [name for name in mine if name not in found]
            rest.sort(key=lambda name: -part.means[name].done)
            places |= dict.fromkeys(rest, UNRANKED)
        return places


@dataclass(frozen=True)
class Leaderboard:
    """The boards, and what could not be on them."""

    boards: Sequence[Merged]
    machines: Machines
    contradictions: Sequence[Contradiction]
    failed: Sequence[Measurement]
    """Every measurement that is not `ok`, in whatever row it is."""
    left_out: Sequence[LeftOut]
    folders: Mapping[str, Sequence[str]]
    """Run → the folders that it is in."""

    @property
    def ranked(self) -> bool:
        """Whether there is a single figure on it."""
        return any(cell.ok for merged in self.boards for cell in merged.board.cells)


def leaderboard(handed: Handed, corpora: Sequence[str] = ()) -> Leaderboard:
    """One leaderboard of all that was handed in, or of some corpora only. Raises UsageError for
    a corpus that is not there."""
    measurements, left_out = matched(handed.folders)
    known = {m.cell.slice.corpus for m in measurements}
    for corpus in corpora:
        if corpus not in known:
            raise unknown("corpus", corpus, known, "codelength leaderboard DIR…")
    boards: list[Merged] = []
    contradictions: list[Contradiction] = []
    groups: dict[tuple[str, int | None], list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        corpus_slice = measurement.cell.slice
        if not corpora or corpus_slice.corpus in corpora:
            groups[corpus_slice.protocol, corpus_slice.limit].append(measurement)
    for members in groups.values():
        merged, against = _merged(members)
        boards.append(merged)
        contradictions += against
    folders: dict[str, list[str]] = defaultdict(list)
    for folder in handed.folders:
        for run in dict.fromkeys(cell.run for cell in folder.cells):
            folders[run].append(folder.name)
    return Leaderboard(
        boards=sorted(boards, key=lambda merged: turn(merged.board)),
        machines=handed.machines,
        contradictions=contradictions,
        failed=[m for members in groups.values() for m in members if not m.cell.ok],
        left_out=left_out,
        folders=folders,
    )


def _merged(members: Sequence[Measurement]) -> tuple[Merged, list[Contradiction]]:
    found, contradictions = rows(members)
    slices = {m.cell.slice.corpus: m.cell.slice for m in members}
    grid = {(row.name, column): cell for row in found for column, cell in row.grid.items()}
    return Merged(arranged(slices, grid), {row.name: row for row in found}), contradictions

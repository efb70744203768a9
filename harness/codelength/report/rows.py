"""From measurements to rows: who confirms whom, and who contradicts whom."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from codelength.report import format
from codelength.report.columns import protocol_label
from codelength.report.submissions import Measurement
from codelength.results.cell import Cell, Evidence, Status

Column = str
"""The name of a corpus on a board."""

Versions = tuple[tuple[str, str], ...]
Entry = tuple[str, Versions, Evidence]


@dataclass(frozen=True)
class Contradiction:
    """The same codec, libraries and bytes, and another outcome."""

    codec: str
    corpus: str
    protocol: str
    versions: Mapping[str, str]
    outcomes: Sequence[tuple[str, str]]
    """What came out, and in which folder: (`565,498 B`, `alice`)."""

    def __str__(self) -> str:
        found = ", ".join(f"{outcome} in {folder}" for outcome, folder in self.outcomes)
        by = written(self.versions) or "versions unknown"
        return f"{self.codec} · {self.corpus} · {self.protocol}: {found}; all with {by}"


@dataclass(frozen=True)
class Row:
    """A codec with certain libraries, and all measurements that agree about it."""

    codec: str
    versions: Mapping[str, str]
    evidence: Evidence
    measured: Mapping[Column, Sequence[Measurement]]
    """Those that are `ok`, of one size for each corpus, no run twice; the first one's speeds are
    shown. The sizes are all of this row's versions; who confirms them may have others."""
    failed: Mapping[Column, Sequence[Measurement]]
    """What these versions failed at."""
    name: str = ""
    contradicted: bool = False

    @property
    def grid(self) -> dict[Column, Cell]:
        """The cell that is shown for each corpus."""
        failed = {column: found[0].cell for column, found in self.failed.items()}
        return failed | {column: found[0].cell for column, found in self.measured.items()}

    @property
    def folders(self) -> list[str]:
        """Where the shown cells come from, in order of the folders."""
        first = [found[0] for found in (self.measured or self.failed).values()]
        return list(dict.fromkeys(measurement.folder for measurement in first))

    @property
    def confirmed(self) -> list[str]:
        """The folders with other runs that found the same sizes, on one corpus at least."""
        more = [other for found in self.measured.values() for other in found[1:]]
        return list(dict.fromkeys(measurement.folder for measurement in more))

    @property
    def sizes(self) -> dict[Column, int]:
        """Coded bytes for each corpus."""
        return {column: found[0].cell.coded_bytes for column, found in self.measured.items()}


@dataclass
class _Group:
    """Measurements of one codec, versions and evidence that do not disagree."""

    measured: dict[Column, list[Measurement]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[Column, list[Measurement]] = field(default_factory=lambda: defaultdict(list))

    def agrees(self, sizes: Mapping[Column, int]) -> bool:
        return all(
            self.measured[column][0].cell.coded_bytes == size
            for column, size in sizes.items()
            if column in self.measured
        )


def rows(measurements: Sequence[Measurement]) -> tuple[list[Row], list[Contradiction]]:
    """The rows of one board, named apart, and what contradicts itself in them.

    Measurements with the same codec, versions and evidence fill one row, as far as they agree in
    every size. A row whose every size stands in another row of the codec, with other libraries,
    confirms that one and is none of its own.
    """
    found: dict[str, list[Row]] = defaultdict(list)
    contradictions: list[Contradiction] = []
    for (codec, versions, kind), members in _entries(measurements).items():
        against = _contradictions(members)
        contradictions += against
        disputed = {contradiction.corpus for contradiction in against}
        for group in _groups(members):
            row = Row(codec, dict(versions), kind, group.measured, group.failed)
            found[codec].append(replace(row, contradicted=bool(disputed & row.grid.keys())))
    names: set[str] = set()
    return [_apart(row, names) for of in found.values() for row in _named(_collapsed(of))], (
        contradictions
    )


def written(versions: Mapping[str, str]) -> str:
    """`brotli 1.2.0, plugin codelength 0.1.0`."""
    return ", ".join(f"{name} {value}" for name, value in sorted(versions.items()))


def _entries(measurements: Sequence[Measurement]) -> dict[Entry, list[Measurement]]:
    """By codec, versions and evidence. What failed goes with what its codec and versions are
    elsewhere; if it failed before it knew its versions, with the first ones of its codec."""
    versions: dict[str, Versions] = {}
    kinds: dict[tuple[str, Versions], Evidence] = {}
    for measurement in measurements:
        cell = measurement.cell
        if cell.depends_on:
            versions.setdefault(cell.codec, _versions(cell))
        if cell.ok:
            kinds.setdefault((cell.codec, _versions(cell)), _evidence(cell))
    entries: dict[Entry, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        cell = measurement.cell
        if cell.ok:
            entries[cell.codec, _versions(cell), _evidence(cell)].append(measurement)
        else:
            mine = _versions(cell) or versions.get(cell.codec, ())
            kind = kinds.get((cell.codec, mine), Evidence.VERIFIED)
            entries[cell.codec, mine, kind].append(measurement)
    return entries


def _evidence(cell: Cell) -> Evidence:
    assert cell.evidence is not None, cell
    return cell.evidence


def _versions(cell: Cell) -> Versions:
    return tuple(sorted(cell.depends_on.items()))


def _groups(members: Sequence[Measurement]) -> list[_Group]:
    """Folder by folder, each in the first group that it does not disagree with."""
    folders: dict[str, list[Measurement]] = defaultdict(list)
    for member in members:
        folders[member.folder].append(member)
    groups: list[_Group] = []
    for mine in folders.values():
        sizes = {m.cell.slice.corpus: m.cell.coded_bytes for m in mine if m.cell.ok}
        group = next((group for group in groups if group.agrees(sizes)), None)
        if group is None:
            groups.append(group := _Group())
        for member in mine:
            kept = group.measured if member.cell.ok else group.failed
            _add(kept[member.cell.slice.corpus], member)
    return groups


def _add(found: list[Measurement], more: Measurement) -> None:
    """A run that is in several folders is one run."""
    if all(other.cell.run != more.cell.run for other in found):
        found.append(more)


def _contradictions(members: Sequence[Measurement]) -> list[Contradiction]:
    outcomes: dict[Column, dict[str, str]] = defaultdict(dict)
    for member in members:
        cell = member.cell
        if cell.ok or cell.status is Status.MISMATCH:
            what = f"{format.count(cell.coded_bytes)} B" if cell.ok else "not decoded equal"
            outcomes[cell.slice.corpus].setdefault(what, member.folder)
    first = members[0].cell
    label = protocol_label(first.slice)
    return [
        Contradiction(first.codec, column, label, first.depends_on, list(found.items()))
        for column, found in outcomes.items()
        if len(found) > 1
    ]


def _collapsed(candidates: Sequence[Row]) -> list[Row]:
    """Without those that confirm another one in all that they measured."""
    kept: list[Row] = []
    for row in sorted(candidates, key=lambda row: -len(row.measured)):  # stable: the first stays
        sizes = row.sizes.items()
        for place, other in enumerate(kept):
            if sizes and row.evidence is other.evidence and sizes <= other.sizes.items():
                kept[place] = _confirmed(other, row)
                break
        else:
            kept.append(row)
    return kept


def _confirmed(row: Row, by: Row) -> Row:
    measured = {column: list(found) for column, found in row.measured.items()}
    for column, found in by.measured.items():
        for measurement in found:
            _add(measured[column], measurement)
    return replace(row, measured=measured, contradicted=row.contradicted or by.contradicted)


def _named(of: Sequence[Row]) -> list[Row]:
    """The rows of one codec, called what tells them apart: libraries, folder; evidence, where it
    is not that of a plain row beside it."""
    named = []
    for row in of:
        alike = [other for other in of if other.evidence is row.evidence]
        shared = set.intersection(*(set(other.versions.items()) for other in alike))
        own = {name: value for name, value in row.versions.items() if (name, value) not in shared}
        words = [written(own)] if own else []
        if sum(other.versions == row.versions for other in alike) > 1:
            words.append(f"in {row.folders[0]}")
        if len(alike) > 1 and not words:
            words.append("versions unknown")
        if len(alike) < len(of) and row.evidence is not Evidence.VERIFIED:
            words.append(row.evidence)
        named.append(replace(row, name=row.codec + (f" ({'; '.join(words)})" if words else "")))
    return named


def _apart(row: Row, names: set[str]) -> Row:
    """Codecs are called what people like, even what another row is called."""
    name = row.name
    while name in names:
        name += "′"
    names.add(name)
    return replace(row, name=name)

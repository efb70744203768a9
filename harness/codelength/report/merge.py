"""Merging folders: which cells are about the same bytes, and which of them are one row."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from codelength.api.sampling import Limit
from codelength.report import format
from codelength.results.cell import Cell, CorpusSlice, Evidence, SliceKey, Status

HEX = 12

Versions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Measurement:
    """A cell, and the folder that it came in."""

    folder: str
    cell: Cell


ByCorpus = dict[str, list[Measurement]]


@dataclass(frozen=True)
class Row:
    """A codec with certain libraries, and all measurements that agree about it."""

    codec: str
    versions: Mapping[str, str]
    evidence: Evidence
    measured: Mapping[str, Sequence[Measurement]]
    """Corpus → those that are `ok`, all of one size, no run twice. The speeds of the first are
    shown. The versions of the others may differ: they confirm the size."""
    failed: Mapping[str, Sequence[Measurement]]
    """Corpus → what these versions failed at."""
    name: str = ""
    contradicted: bool = False

    @cached_property
    def cells(self) -> dict[str, Cell]:
        """The cell that is shown for each corpus."""
        failed = {corpus: found[0].cell for corpus, found in self.failed.items()}
        return failed | {corpus: found[0].cell for corpus, found in self.measured.items()}

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
    def sizes(self) -> dict[str, int]:
        """Coded bytes for each corpus."""
        return {corpus: found[0].cell.coded_bytes for corpus, found in self.measured.items()}


def match_corpora(
    folders: Mapping[str, Sequence[Cell]],
) -> tuple[list[Measurement], list[str]]:
    """Find the corpora that measurements are about.

    The first folder that has a corpus under a protocol and limit decides which bytes that is. The
    same bytes under another name are that corpus. A corpus of the first folder whose bytes changed
    between its runs is two corpora. Bytes that two limits cut alike (a limit beyond the end of a
    corpus cuts nothing) stand under both limits.

    Args:
        folders: The cells of each.

    Returns:
        The measurements, each under the name that the corpus has on the board, and a line for each
        corpus of a folder that was left out.
    """
    chosen: dict[SliceKey, tuple[str, dict[str, CorpusSlice]]] = {}
    for folder, cells in folders.items():
        for corpus_slice in (cell.slice for cell in cells):
            if corpus_slice.digest:
                owner, known = chosen.setdefault(corpus_slice.key, (folder, {}))
                if owner == folder:
                    known.setdefault(corpus_slice.digest, corpus_slice)
    places: dict[tuple[str, str], dict[Limit, CorpusSlice]] = defaultdict(dict)
    for _, known in chosen.values():
        for digest, corpus_slice in known.items():
            suffix = f"@{digest[:6]}" if len(known) > 1 else ""
            named = msgspec.structs.replace(corpus_slice, corpus=corpus_slice.corpus + suffix)
            places[corpus_slice.protocol, digest].setdefault(corpus_slice.limit, named)
    found: list[Measurement] = []
    lost: dict[tuple[str, tuple[str, ...]], list[CorpusSlice]] = defaultdict(list)
    for folder, cells in folders.items():
        for cell in cells:
            of = cell.slice
            here = places.get((of.protocol, of.digest), {}) if of.digest else {}
            for corpus_slice in here.values():
                same = corpus_slice == of
                shown = cell if same else msgspec.structs.replace(cell, slice=corpus_slice)
                found.append(Measurement(folder, shown))
            if not here:
                lost[folder, of.identity].append(of)
    return found, [
        f"{folder}: {slices[0].corpus} · {format.protocol(slices[0])}: "
        f"{format.plural(len(slices), 'cell')} left out: {_reason(slices[0], chosen)}"
        for (folder, _), slices in lost.items()
    ]


def _reason(
    corpus_slice: CorpusSlice, chosen: Mapping[SliceKey, tuple[str, Mapping[str, CorpusSlice]]]
) -> str:
    if not corpus_slice.digest:
        return "the corpus could not be read there, so its bytes are unknown"
    folder, known = chosen[corpus_slice.key]
    other = next(iter(known.values()))
    return (
        f"other bytes ({_describe(corpus_slice)}) than in {folder} ({_describe(other)}), which was "
        "named first"
    )


def _describe(corpus_slice: CorpusSlice) -> str:
    samples = format.plural(corpus_slice.samples, "sample")
    return f"digest {corpus_slice.digest[:HEX]}, {samples}, {format.count(corpus_slice.bytes)} B"


def merge_rows(measurements: Sequence[Measurement]) -> tuple[list[Row], list[str]]:
    """Merge the measurements under one protocol and limit into rows with names of their own.

    Measurements with the same codec, versions and evidence fill one row, as far as they agree in
    every size. A row whose every size stands in another row of the codec, with other libraries,
    confirms that one and is no row of its own.

    Returns:
        The rows, and a line for each contradiction: another outcome of the same codec, libraries
        and bytes.
    """
    rows: dict[str, list[Row]] = defaultdict(list)
    contradictions: list[str] = []
    for (codec, versions, kind), members in _by_entry(measurements).items():
        disputed = _find_contradictions(members)
        contradictions += disputed.values()
        for measured, failed in _group(members):
            row = Row(codec, dict(versions), kind, measured, failed)
            rows[codec].append(replace(row, contradicted=bool(disputed.keys() & row.cells.keys())))
    names: set[str] = set()
    merged = [row for of in rows.values() for row in _name_rows(_collapse(of))]
    return [_name_apart(row, names) for row in merged], contradictions


def _by_entry(
    measurements: Sequence[Measurement],
) -> dict[tuple[str, Versions, Evidence], list[Measurement]]:
    """By codec, versions and evidence.

    A failed cell goes with what its codec and versions are elsewhere; if it failed before it knew
    its versions, with the first ones of its codec.
    """
    versions: dict[str, Versions] = {}
    kinds: dict[tuple[str, Versions], Evidence] = {}
    keyed = [(m, tuple(sorted(m.cell.depends_on.items()))) for m in measurements]
    for measurement, own in keyed:
        if own:
            versions.setdefault(measurement.cell.codec, own)
        if measurement.cell.evidence:
            kinds.setdefault((measurement.cell.codec, own), measurement.cell.evidence)
    entries: dict[tuple[str, Versions, Evidence], list[Measurement]] = defaultdict(list)
    for measurement, own in keyed:
        cell = measurement.cell
        if cell.evidence:
            entries[cell.codec, own, cell.evidence].append(measurement)
        else:
            mine = own or versions.get(cell.codec, ())
            kind = kinds.get((cell.codec, mine), Evidence.VERIFIED)
            entries[cell.codec, mine, kind].append(measurement)
    return entries


def _group(members: Sequence[Measurement]) -> list[tuple[ByCorpus, ByCorpus]]:
    """What was measured and what failed, folder by folder.

    Each folder is in the first group that it does not disagree with.
    """
    folders: dict[str, list[Measurement]] = defaultdict(list)
    for member in members:
        folders[member.folder].append(member)
    groups: list[tuple[ByCorpus, ByCorpus]] = []
    for mine in folders.values():
        group = next((group for group in groups if _agree(group[0], mine)), None)
        if group is None:
            groups.append(group := ({}, {}))
        measured, failed = group
        for member in mine:
            kept = measured if member.cell.ok else failed
            _add(kept.setdefault(member.cell.slice.corpus, []), member)
    return groups


def _agree(measured: ByCorpus, members: Sequence[Measurement]) -> bool:
    known = ((measured.get(m.cell.slice.corpus), m.cell) for m in members if m.cell.ok)
    return all(not found or found[0].cell.coded_bytes == cell.coded_bytes for found, cell in known)


def _add(found: list[Measurement], more: Measurement) -> None:
    """A run that is in several folders is one run."""
    if all(other.cell.run != more.cell.run for other in found):
        found.append(more)


def _find_contradictions(members: Sequence[Measurement]) -> dict[str, str]:
    """Corpus → the same codec, libraries and bytes, and what else came out in which folder."""
    outcomes: dict[str, dict[str, str]] = defaultdict(dict)
    for member in members:
        cell = member.cell
        if cell.ok or cell.status is Status.MISMATCH:
            what = f"{format.count(cell.coded_bytes)} B" if cell.ok else "not decoded equal"
            outcomes[cell.slice.corpus].setdefault(what, member.folder)
    first = members[0].cell
    by = format.versions(first.depends_on) or "versions unknown"
    return {
        corpus: f"{first.codec} · {corpus} · {format.protocol(first.slice)}: "
        f"{', '.join(f'{outcome} in {folder}' for outcome, folder in found.items())}; all with {by}"
        for corpus, found in outcomes.items()
        if len(found) > 1
    }


def _collapse(candidates: Sequence[Row]) -> list[Row]:
    """Leave out rows that confirm another one in all that they measured."""
    kept: list[Row] = []
    for row in sorted(candidates, key=lambda row: -len(row.measured)):  # stable: the first stays
        sizes = row.sizes.items()
        for place, other in enumerate(kept):
            if sizes and row.evidence is other.evidence and sizes <= other.sizes.items():
                kept[place] = _confirm(other, row)
                break
        else:
            kept.append(row)
    return kept


def _confirm(row: Row, by: Row) -> Row:
    measured = {corpus: list(found) for corpus, found in row.measured.items()}
    for corpus, found in by.measured.items():
        for measurement in found:
            _add(measured[corpus], measurement)
    return replace(row, measured=measured, contradicted=row.contradicted or by.contradicted)


def _name_rows(of: Sequence[Row]) -> Iterator[Row]:
    """Name the rows of one codec by what tells them apart.

    Libraries, folder; evidence, where it is not that of a plain row beside it.
    """
    for row in of:
        alike = [other for other in of if other.evidence is row.evidence]
        shared = set.intersection(*(set(other.versions.items()) for other in alike))
        own = {name: value for name, value in row.versions.items() if (name, value) not in shared}
        words = [format.versions(own)] if own else []
        if sum(other.versions == row.versions for other in alike) > 1:
            words.append(f"in {row.folders[0]}")
        if len(alike) > 1 and not words:
            words.append("versions unknown")
        if len(alike) < len(of) and row.evidence is not Evidence.VERIFIED:
            words.append(row.evidence)
        yield replace(row, name=row.codec + (f" ({'; '.join(words)})" if words else ""))


def _name_apart(row: Row, names: set[str]) -> Row:
    """A codec may be called what another row is called."""
    name = row.name
    while name in names:
        name += "′"
    names.add(name)
    return replace(row, name=name)

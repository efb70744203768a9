"""The leaderboard as data: what `--json` writes and what the page shows."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from codelength import metrics
from codelength.api.media import Kind
from codelength.metrics import Mean
from codelength.report import marks as charges
from codelength.report.board import family
from codelength.report.leaderboard_tables import TITLE, summary
from codelength.report.merge import Leaderboard, Merged
from codelength.report.rows import Row
from codelength.report.submissions import Measurement
from codelength.results.cell import CorpusSlice, Environment, Status

SCHEMA = 1
"""Raised when a field changes its meaning."""


class Corpus(Struct, kw_only=True):
    """A column of a board."""

    name: str
    kind: Kind
    samples: int
    bytes: int
    digest: str
    label: str = ""
    entropy: float | None = None
    averaged: bool = True
    """False for controls and empty corpora."""


class Measured(Struct, kw_only=True, omit_defaults=True):
    """One run's figures for a cell. Speeds are raw MB in a CPU second, memory is in bytes."""

    run: int
    """Its place in `runs`."""
    folder: str
    encode: float | None = None
    decode: float | None = None
    memory: int | None = None
    versions: dict[str, str] = {}
    """Of the libraries, where they are not the row's."""


class Place(Struct, kw_only=True):
    """A row's mean over a part of a board: a ratio with its interval, and its place by that."""

    place: str
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    done: int
    of: int


class Figures(Struct, kw_only=True, omit_defaults=True):
    """A cell: the size that all of `measured` agree on, or what became of it."""

    status: Status = Status.OK
    reason: str = ""
    coded: int | None = None
    mark: str = ""
    """† where the model may have been trained on the corpus, ? where nobody says."""
    measured: list[Measured]


class Entry(Struct, kw_only=True, rename={"model_bytes": "prior"}):
    """A row of a board. `cells` has one item for each corpus of the board, null for none."""

    name: str
    codec: str
    family: str
    evidence: str
    learned: bool
    model_bytes: int | None
    """Bytes of it, as stored; null where that is not known."""
    versions: dict[str, str]
    contradicted: bool = False
    confirmed: list[str] = []
    places: dict[str, Place]
    cells: list[Figures | None]


class Part(Struct, kw_only=True):
    """What is averaged: the places of some corpora of the board."""

    name: str
    corpora: list[int]


class Ranking(Struct, kw_only=True):
    """A board: one protocol and limit."""

    protocol: str
    limit: int | None = None
    label: str
    corpora: list[Corpus]
    parts: list[Part]
    rows: list[Entry]


class Failure(Struct, kw_only=True):
    """A cell without figures, in whatever row it is."""

    codec: str
    corpus: str
    protocol: str
    limit: int | None = None
    folder: str
    status: Status
    reason: str = ""


class Run(Struct, kw_only=True):
    """Where figures come from."""

    mark: str
    folders: list[str]
    id: str
    started: str = ""
    command: str = ""
    codelength: str = ""
    commit: str = ""
    machine: dict[str, str] = {}
    libraries: dict[str, str] = {}
    threads: int = 0
    jobs: int = 0


class Document(Struct, kw_only=True):
    """All of it. `contradictions` and `left_out` are lines to be read."""

    schema: int = SCHEMA
    title: str
    summary: str
    boards: list[Ranking]
    runs: list[Run]
    contradictions: list[str]
    failed: list[Failure]
    left_out: list[str]
    cautions: list[str]
    """What the marks behind figures mean."""


def document(board: Leaderboard, title: str = TITLE) -> Document:
    """Everything on the leaderboard, in order, without a date of its own: the same results give
    the same document."""
    known = board.machines.environments
    runs = [_run(e, board) for e in known]
    runs += [Run(mark="?", folders=list(board.folders[r]), id=r) for r in board.machines.unknown]
    numbers = {run.id: number for number, run in enumerate(runs)}
    return Document(
        title=title,
        summary=summary(board),
        boards=[_ranking(merged, numbers) for merged in board.boards],
        runs=runs,
        contradictions=list(dict.fromkeys(map(str, board.contradictions))),
        failed=[_failure(measurement) for measurement in board.failed],
        left_out=list(map(str, board.left_out)),
        cautions=charges.cautions(c for merged in board.boards for c in merged.board.cells),
    )


def encoded(made: Document) -> str:
    """As JSON, indented, for people and programs."""
    return msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n"


def _run(e: Environment, board: Leaderboard) -> Run:
    return Run(
        mark=board.machines.mark(e.run),
        folders=list(board.folders[e.run]),
        id=e.run,
        started=e.started,
        command=e.command,
        codelength=e.codelength,
        commit=e.commit,
        machine=e.machine,
        libraries=e.versions,
        threads=e.threads,
        jobs=e.jobs,
    )


def _ranking(merged: Merged, numbers: Mapping[str, int]) -> Ranking:
    board = merged.board
    columns = list(board.slices)
    averaged = {column for part in merged.parts for column in part.slices}
    places = {part.name: merged.places(part) for part in merged.parts}
    # In the order of the first part; what only controls were coded with comes last.
    names = dict.fromkeys([*(places[merged.parts[0].name] if merged.parts else []), *board.codecs])
    return Ranking(
        protocol=board.protocol,
        limit=board.limit,
        label=board.protocol_label,
        corpora=[
            _corpus(name, corpus_slice, name in averaged)
            for name, corpus_slice in board.slices.items()
        ],
        parts=[
            Part(name=part.name, corpora=[columns.index(name) for name in part.slices])
            for part in merged.parts
        ],
        rows=[
            _entry(
                merged.rows[name],
                [_figures(merged.rows[name], column, numbers) for column in columns],
                {
                    part.name: _place(places[part.name][name], part.means[name])
                    for part in merged.parts
                    if name in part.codecs
                },
            )
            for name in names
        ],
    )


def _corpus(name: str, corpus_slice: CorpusSlice, averaged: bool) -> Corpus:
    return Corpus(
        name=name,
        kind=corpus_slice.kind,
        samples=corpus_slice.samples,
        bytes=corpus_slice.bytes,
        digest=corpus_slice.digest,
        label=corpus_slice.label,
        entropy=corpus_slice.entropy,
        averaged=averaged,
    )


def _entry(row: Row, cells: list[Figures | None], places: dict[str, Place]) -> Entry:
    shown = sorted(row.grid.values(), key=lambda cell: not cell.ok)
    return Entry(
        name=row.name,
        codec=row.codec,
        family=family(row.codec),
        evidence=row.evidence if row.measured else "",
        learned=any(cell.is_learned for cell in shown),
        model_bytes=metrics.total_model_bytes(shown[0]),
        versions=dict(row.versions),
        contradicted=row.contradicted,
        confirmed=row.confirmed,
        places=places,
        cells=cells,
    )


def _figures(row: Row, column: str, numbers: Mapping[str, int]) -> Figures | None:
    if column in row.measured:
        found = row.measured[column]
        measured = [_measured(measurement, row, numbers) for measurement in found]
        cell = found[0].cell
        return Figures(coded=cell.coded_bytes, mark=charges.marks([cell]), measured=measured)
    if column in row.failed:
        found = row.failed[column]
        cell = found[0].cell
        measured = [_measured(measurement, row, numbers) for measurement in found]
        return Figures(status=cell.status, reason=cell.reason, measured=measured)
    return None


def _measured(measurement: Measurement, row: Row, numbers: Mapping[str, int]) -> Measured:
    cell = measurement.cell
    return Measured(
        run=numbers[cell.run],
        folder=measurement.folder,
        encode=metrics.encode_speed(cell),
        decode=metrics.decode_speed(cell),
        memory=metrics.memory(cell),
        versions={} if cell.depends_on == row.versions else cell.depends_on,
    )


def _place(place: str, mean: Mean) -> Place:
    return Place(
        place=place, mean=mean.value, low=mean.low, high=mean.high, done=mean.done, of=mean.of
    )


def _failure(measurement: Measurement) -> Failure:
    cell = measurement.cell
    return Failure(
        codec=cell.codec,
        corpus=cell.slice.corpus,
        protocol=cell.slice.protocol,
        limit=cell.slice.limit,
        folder=measurement.folder,
        status=cell.status,
        reason=cell.reason,
    )

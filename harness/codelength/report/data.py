"""A board as data: what JSON, CSV and Parquet hold and what the HTML page shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

from msgspec import Struct

from codelength import metrics
from codelength.api.media import Kind
from codelength.metrics import find_pareto_front, geometric_mean
from codelength.report import format, marks
from codelength.report.board import Board, Grid, Part, family_of
from codelength.report.keys import Figure
from codelength.report.merge import Row
from codelength.report.submissions import Measurement
from codelength.results.cell import Cell, CorpusSlice, Environment, Status

SCHEMA = 2
"""Raised when a field changes its name or meaning."""

MEASUREMENTS = (
    *("protocol", "limit", "corpus", "kind", "corpus_bytes", "digest"),
    *("row", "codec", "class", "learned", "contradicted"),
    *("status", "coded_bytes", "ratio", "model_bytes", "adjusted_ratio"),
    *("encode_mb_per_cpu_s", "decode_mb_per_cpu_s", "memory_bytes", "shown"),
    *("folder", "versions", "run", "env", "started", "codelength", "commit", "processor"),
    *("threads", "jobs", "reason"),
)
"""The heads of a board's measurements as one flat table."""

SLICE = ("corpus", "protocol", "limit")
PAID: dict[str, Figure] = {
    "adjusted": metrics.adjusted_ratio,
    "adjusted_1gb": marks.adjusted_at_1_gb,
    "prequential": metrics.prequential_ratio,
}
SPEEDS: dict[str, Figure] = {"encode": metrics.encode_speed, "decode": metrics.decode_speed}


class Corpus(Struct, kw_only=True):
    """A column of a grid."""

    name: str
    kind: Kind
    samples: int
    bytes: int
    digest: str
    label: str = ""
    entropy: float | None = None
    averaged: bool = True
    """False for controls and empty corpora."""


class Speeds(Struct, kw_only=True, omit_defaults=True):
    """Raw MB in a CPU second, and bytes of memory."""

    encode: float | None = None
    decode: float | None = None
    memory: float | None = None


class Measured(Speeds, kw_only=True, omit_defaults=True):
    """One run's figures for a cell."""

    run: int
    """Its place in `runs`."""
    folder: str
    versions: dict[str, str] = {}
    """Of the libraries, where they are not the row's."""


class Standing(Struct, kw_only=True, omit_defaults=True):
    """A row's figures over a part of a grid, or on one corpus."""

    place: str = "-"
    """By the ratio."""
    ratio: float | None = None
    """The mean; null if a corpus has none."""
    adjusted: float | None = None
    """With the model as part of the message, at the size of each corpus."""
    adjusted_1gb: float | None = None
    """The same at 1 GB of such data."""
    prequential: float | None = None
    mark: str = ""
    """† where the model may have been trained on a corpus, ? where nobody says."""
    fronts: list[str] = []
    """The fronts that the row is on: `encode ratio`, `decode adjusted`, …; with the mark of a
    machine behind where speeds are of that machine."""


class Place(Standing, kw_only=True, omit_defaults=True):
    """A row over several corpora."""

    encode: float | None = None
    decode: float | None = None
    memory: float | None = None
    low: float | None = None
    high: float | None = None
    done: int
    of: int
    speeds: dict[str, Speeds] = {}
    """By the mark of a machine, where there are several."""


class Figures(Standing, kw_only=True, omit_defaults=True):
    """A cell: the size that all of `measured` agree on, or what became of it."""

    status: Status = Status.OK
    reason: str = ""
    coded: int | None = None
    bits_per_byte: float | None = None
    measured: list[Measured]


class Entry(Struct, kw_only=True):
    """A row of a grid. `cells` has one item for each corpus of the grid, null for none."""

    name: str
    codec: str
    family: str
    evidence: str
    learned: bool
    model_bytes: int | None
    """At the price that is charged; null if that is not known."""
    versions: dict[str, str]
    contradicted: bool = False
    confirmed: list[str] = []
    places: dict[str, Place]
    cells: list[Figures | None]


class Averaged(Struct, kw_only=True):
    """A part of a grid: some corpora, by their places."""

    name: str
    corpora: list[int]


class Ranking(Struct, kw_only=True):
    """A grid: one protocol and limit."""

    protocol: str
    limit: int | None = None
    label: str
    corpora: list[Corpus]
    parts: list[Averaged]
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
    """A whole board. `contradictions` and `left_out` are lines to be read."""

    schema: int = SCHEMA
    title: str
    summary: str
    price: str
    boards: list[Ranking]
    runs: list[Run]
    contradictions: list[str]
    failed: list[Failure]
    left_out: list[str]
    cautions: list[str]
    """What the marks behind figures mean."""


def document_of(board: Board, title: str) -> Document:
    """Put everything on the board into one document, without a date of its own.

    The same results give the same document.
    """
    machines = board.machines
    runs = [_run(e, board) for e in machines.environments]
    runs += [Run(mark="?", folders=list(board.folders[r]), id=r) for r in machines.unknown]
    numbers = {run.id: number for number, run in enumerate(runs)}
    return Document(
        title=title,
        summary=board.summarize(),
        price=board.pricing.description,
        boards=[_ranking(board, grid, numbers) for grid in board.grids],
        runs=runs,
        contradictions=list(dict.fromkeys(map(str, board.contradictions))),
        failed=[_failure(measurement) for measurement in board.failed],
        left_out=list(board.left_out),
        cautions=marks.explain_contamination(board.cells),
    )


def measurements_of(document: Document) -> Iterator[list[object]]:
    """One line for each measurement, with the values of `MEASUREMENTS`.

    `shown` is 1 for the one whose speeds the rankings show, 0 for those that confirm it.
    """
    for ranking in document.boards:
        for row in ranking.rows:
            for corpus, cell in zip(ranking.corpora, row.cells, strict=True):
                for number, measured in enumerate(cell.measured if cell else []):
                    assert cell is not None
                    run = document.runs[measured.run]
                    is_shown = int(number == 0 and cell.coded is not None)
                    yield [
                        *(ranking.protocol, ranking.limit, corpus.name, corpus.kind, corpus.bytes),
                        *(corpus.digest, row.name, row.codec, row.evidence, int(row.learned)),
                        *(int(row.contradicted), str(cell.status), cell.coded, cell.ratio),
                        *(row.model_bytes, cell.adjusted, measured.encode, measured.decode),
                        *(measured.memory, is_shown, measured.folder),
                        format.versions(measured.versions or row.versions),
                        *(run.id, run.mark, run.started, run.codelength, run.commit),
                        *(run.machine.get("processor"), run.threads, run.jobs, cell.reason),
                    ]


def _ranking(board: Board, grid: Grid, numbers: Mapping[str, int]) -> Ranking:
    columns = {corpus: number for number, corpus in enumerate(grid.slices)}
    averaged = {corpus for part in grid.parts for corpus in part.corpora}
    places = {part.name: _places(board, part) for part in grid.parts}
    cells = [_figures(grid, corpus, numbers, board) for corpus in grid.slices]
    # In the order of the first part; rows of controls alone come last.
    names = dict.fromkeys([*(grid.parts[0].places() if grid.parts else []), *grid.rows])
    return Ranking(
        protocol=grid.protocol,
        limit=grid.limit,
        label=grid.label,
        corpora=[_corpus(n, s, n in averaged) for n, s in grid.slices.items()],
        parts=[Averaged(name=p.name, corpora=[columns[c] for c in p.corpora]) for p in grid.parts],
        rows=[
            _entry(
                grid.rows[name],
                [column.get(name) for column in cells],
                {part: found[name] for part, found in places.items() if name in found},
            )
            for name in names
        ],
    )


def _places(board: Board, part: Part) -> dict[str, Place]:
    """Row → its figures over a part."""
    several = board.machines.marks(part.cells) if board.machines.are_several else []
    found = {}
    for name, place in part.places().items():
        mean, row = part.means[name], part.rows[name]
        found[name] = Place(
            place=place,
            ratio=mean.value,
            low=mean.low,
            high=mean.high,
            done=mean.done,
            of=mean.of,
            mark=marks.marks_of(part.row_cells(name)),
            memory=part.combine(name, metrics.peak_memory, max),
            **_compute(PAID | SPEEDS, partial(part.combine, name)),
            speeds={mark: _speeds_on(board, part, row, mark) for mark in several},
        )
    ranked = {name: place for name, place in found.items() if part.rows[name].evidence.is_ranked}
    _mark_fronts(ranked, ranked)
    for mark in several:
        _mark_fronts(ranked, {name: place.speeds[mark] for name, place in ranked.items()}, mark)
    return found


def _speeds_on(board: Board, part: Part, row: Row, machine: str) -> Speeds:
    """The speeds of a row over a part that were measured on one machine."""
    found = [
        [m.cell for m in row.measured.get(c, ()) if board.machines.mark(m.cell.run) == machine]
        for c in part.corpora
    ]
    if not all(found):
        return Speeds()
    cells = [cells[0] for cells in found]
    peaks = [peak for cell in cells if (peak := metrics.peak_memory(cell)) is not None]
    memory = max(peaks) if len(peaks) == len(cells) else None
    return Speeds(memory=memory, **_compute(SPEEDS, partial(_combine, cells)))


def _combine(cells: Sequence[Cell], figure: Figure) -> float | None:
    values = [value for cell in cells if (value := figure(cell)) is not None]
    return geometric_mean(values) if values and len(values) == len(cells) else None


def _mark_fronts(
    standings: Mapping[str, Standing], timed: Mapping[str, Speeds | Place], machine: str = ""
) -> None:
    """Note in each standing the fronts that it is on, under every price and direction."""
    for direction, price in product(SPEEDS, ("ratio", "adjusted", "adjusted_1gb")):
        points = {
            name: (cost, speed)
            for name, standing in standings.items()
            if (cost := getattr(standing, price)) is not None
            and name in timed
            and (speed := getattr(timed[name], direction)) is not None
        }
        front = find_pareto_front(list(points.values()))
        label = f"{direction} {price} {machine}".strip()
        for name, is_on_front in zip(points, front, strict=True):
            if is_on_front:
                standings[name].fronts = [*standings[name].fronts, label]


def _figures(
    grid: Grid, corpus: str, numbers: Mapping[str, int], board: Board
) -> dict[str, Figures]:
    """Row → its figures on one corpus."""
    found: dict[str, Figures] = {}
    for name, place in grid.places(corpus).items():
        row = grid.rows[name]
        members = row.measured.get(corpus) or row.failed[corpus]
        cell = members[0].cell
        measured = [_measured(member, row, numbers) for member in members]
        if cell.ok:
            found[name] = Figures(
                place=place,
                coded=cell.coded_bytes,
                ratio=metrics.ratio(cell),
                bits_per_byte=metrics.bits_per_byte(cell),
                mark=marks.marks_of([cell]),
                measured=measured,
                **_compute(PAID, partial(_of, cell)),
            )
        else:
            found[name] = Figures(status=cell.status, reason=cell.reason, measured=measured)
    ranked = {
        name: figures
        for name, figures in found.items()
        if figures.coded is not None and grid.rows[name].evidence.is_ranked
    }
    _mark_fronts(ranked, {name: figures.measured[0] for name, figures in ranked.items()})
    several = board.machines.are_several
    for mark in board.machines.marks(grid.column(corpus).values()) if several else ():
        timed = {
            name: found[name].measured[place]
            for name in ranked
            for place, member in enumerate(grid.rows[name].measured[corpus])
            if board.machines.mark(member.cell.run) == mark
        }
        _mark_fronts(ranked, timed, mark)
    return found


def _measured(measurement: Measurement, row: Row, numbers: Mapping[str, int]) -> Measured:
    cell = measurement.cell
    return Measured(
        run=numbers[cell.run],
        folder=measurement.folder,
        memory=metrics.peak_memory(cell),
        **_compute(SPEEDS, partial(_of, cell)),
        versions={} if cell.depends_on == row.versions else cell.depends_on,
    )


def _entry(row: Row, cells: list[Figures | None], places: dict[str, Place]) -> Entry:
    shown: Sequence[Cell] = sorted(row.cells.values(), key=lambda cell: not cell.ok)
    return Entry(
        name=row.name,
        codec=row.codec,
        family=family_of(row.codec),
        evidence=str(row.evidence) if row.measured else "",
        learned=any(cell.is_learned for cell in shown),
        model_bytes=metrics.total_model_bytes(shown[0]),
        versions=dict(row.versions),
        contradicted=row.contradicted,
        confirmed=row.confirmed,
        places=places,
        cells=cells,
    )


def _corpus(name: str, of: CorpusSlice, averaged: bool) -> Corpus:
    fields = _copy(of, "kind", "samples", "bytes", "digest", "label", "entropy")
    return Corpus(name=name, averaged=averaged, **fields)


def _run(e: Environment, board: Board) -> Run:
    fields = _copy(e, "started", "command", "codelength", "commit", "machine", "threads", "jobs")
    folders = list(board.folders[e.run])
    return Run(
        mark=board.machines.mark(e.run), folders=folders, id=e.run, libraries=e.versions, **fields
    )


def _failure(measurement: Measurement) -> Failure:
    cell = measurement.cell
    fields = _copy(cell, "codec", "status", "reason") | _copy(cell.slice, *SLICE)
    return Failure(folder=measurement.folder, **fields)


def _of(cell: Cell, figure: Figure) -> float | None:
    return figure(cell)


def _compute(
    figures: Mapping[str, Figure], compute: Callable[[Figure], float | None]
) -> dict[str, Any]:
    return {field: compute(figure) for field, figure in figures.items()}


def _copy(record: Struct, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}

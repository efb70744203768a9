"""A board as data: what JSON, CSV and Parquet hold."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codelength.metrics import rates
from codelength.metrics.inference import Mean
from codelength.report import format, marks
from codelength.report.board import Board, Grid, Part, family_of
from codelength.report.keys import KEYS
from codelength.report.merge import Measurement, Row
from codelength.report.readings import describe_readings
from codelength.results.cell import Cell, Environment

SCHEMA = 3
"""Raised when a field changes its name or meaning, or goes."""

MEASUREMENTS = (
    *("protocol", "limit", "corpus", "kind", "corpus_bytes", "digest"),
    *("row", "codec", "class", "learned", "contradicted"),
    *("status", "coded_bytes", "ratio", "model_bytes", "adjusted_ratio"),
    *("encode_mb_per_cpu_s", "decode_mb_per_cpu_s", "memory_bytes", "shown"),
    *("folder", "versions", "run", "env", "started", "codelength", "commit", "processor"),
    *("threads", "jobs", "reason"),
)
"""The heads of a board's measurements as one flat table."""

TIMED = ("encode", "decode", "memory")
"""Raw MB in a CPU second, and bytes of memory."""

RUN: dict[str, object] = {
    **dict.fromkeys(("started", "command", "codelength", "commit"), ""),
    **{"machine": {}, "threads": 0, "jobs": 0},
}
"""What is said of a run, and what of one that left no record."""

Json = dict[str, Any]
"""An object of the document. What is not known, or empty, is left out of most of them."""


def document_of(board: Board, title: str) -> Json:
    """Put everything on the board into one document, without a date of its own.

    The same results give the same document. It has a list of `boards`, one for each protocol and
    limit, whose `rows` have `places`, their figures over each of its `parts`, and `cells`, one for
    each of its `corpora`, null for none. A cell says what was `measured`, in which of the `runs`.
    """
    machines = board.machines
    runs = [_run(board, e.run, e) for e in machines.environments]
    runs += [_run(board, run) for run in machines.unknown]
    numbers = {run["id"]: number for number, run in enumerate(runs)}
    readings = {name: grid for grid in reversed(board.grids) for name in grid.readings}
    read = [f"{name}: {describe_readings(grid, name)}" for name, grid in readings.items()]
    return {
        "schema": SCHEMA,
        "title": title,
        "summary": board.summarize(),
        "price": board.pricing.description,
        "boards": [_ranking(grid, numbers) for grid in board.grids],
        "runs": runs,
        "readings": [{"corpus": n, "files": grid.readings[n]} for n, grid in readings.items()],
        "contradictions": list(dict.fromkeys(board.contradictions)),
        "failed": [_failure(measurement) for measurement in board.failed],
        "left_out": list(board.left_out),
        "problems": list(board.problems),
        "cautions": [*marks.explain_contamination(board.cells), *read],
    }


def measurements_of(document: Json) -> Iterator[list[object]]:
    """One line for each measurement, with the values of `MEASUREMENTS`.

    `shown` is 1 for the one whose speeds the rankings show, 0 for those that confirm it.
    """
    for ranking in document["boards"]:
        for row in ranking["rows"]:
            for corpus, cell in zip(ranking["corpora"], row["cells"], strict=True):
                for number, measured in enumerate(cell.get("measured", ()) if cell else ()):
                    run = document["runs"][measured["run"]]
                    coded = cell.get("coded")
                    yield [
                        *(ranking["protocol"], ranking["limit"], corpus["name"], corpus["kind"]),
                        *(corpus["bytes"], corpus["digest"], row["name"], row["codec"]),
                        *(row["evidence"], int(row["learned"]), int(row["contradicted"])),
                        *(cell.get("status", "ok"), coded, cell.get("ratio"), row["model_bytes"]),
                        *(cell.get("adjusted"), *(measured.get(name) for name in TIMED)),
                        *(int(number == 0 and coded is not None), measured["folder"]),
                        format.versions(measured.get("versions", row["versions"])),
                        *(run["id"], run["mark"], run["started"], run["codelength"]),
                        *(run["commit"], run["machine"].get("processor"), run["threads"]),
                        *(run["jobs"], cell.get("reason", "")),
                    ]


def _ranking(grid: Grid, numbers: Mapping[str, int]) -> Json:
    columns = {corpus: number for number, corpus in enumerate(grid.slices)}
    averaged = {corpus for part in grid.parts for corpus in part.corpora}
    places = {part.name: _over_part(part) for part in grid.parts}
    cells = [_on_corpus(grid.part(corpus), numbers) for corpus in grid.slices]
    # In the order of the first part; rows of controls alone come last.
    names = dict.fromkeys([*(grid.parts[0].places() if grid.parts else []), *grid.rows])
    fields = ("kind", "samples", "bytes", "digest", "label", "entropy")
    return {
        "protocol": grid.protocol,
        "limit": grid.limit,
        "label": grid.label,
        "corpora": [
            {"name": name, "averaged": name in averaged} | {key: getattr(of, key) for key in fields}
            for name, of in grid.slices.items()
        ],
        "parts": [{"name": p.name, "corpora": [columns[c] for c in p.corpora]} for p in grid.parts],
        "rows": [
            _row(grid.rows[name], Part(grid, "every", list(grid.slices)).row_cells(name))
            | {"places": {part: found[name] for part, found in places.items() if name in found}}
            | {"cells": [column.get(name) for column in cells]}
            for name in names
        ],
    }


def _over_part(part: Part) -> dict[str, Json]:
    """Row → its place and its figures over a part."""
    found = {}
    for name, place in part.places().items():
        mean, figures = part.means[name], {key: part.value(name, key) for key in KEYS}
        mark = marks.marks_of(part.row_cells(name))
        found[name] = _known(place=place, mark=mark, **figures, **_bounds(mean))
        if name in part.estimates:
            found[name] |= {"low": part.estimates[name].low, "high": part.estimates[name].high}
    return found


def _bounds(mean: Mean) -> Json:
    """What is known of a mean beside its value."""
    keys = ("low", "high", "done", "of", "clusters", "first")
    places = {"best": mean.best or None, "worst": mean.worst or None}
    return {key: getattr(mean, key) for key in keys} | places


def _on_corpus(part: Part, numbers: Mapping[str, int]) -> dict[str, Json]:
    """Row → its place and figures on one corpus, or what became of it there."""
    (corpus,) = part.corpora
    found = {}
    for name, place in part.places().items():
        row = part.rows[name]
        if name in part.estimates:
            e = part.estimates[name]
            found[name] = {"place": place, "estimate": e.value, "low": e.low, "high": e.high}
            continue
        members = row.measured.get(corpus) or row.failed[corpus]
        cell = members[0].cell
        measured = [_measured(member, row, numbers) for member in members]
        if cell.ok:
            ratios = {key: part.value(name, key) for key in ("ratio", "adjusted")}
            found[name] = _known(
                place=place,
                mark=marks.marks_of([cell]),
                coded=cell.coded_bytes,
                bits_per_byte=rates.bits_per_byte(cell),
                measured=measured,
                **ratios,
            )
        else:
            found[name] = _known(status=cell.status, reason=cell.reason, measured=measured)
    return found


def _measured(measurement: Measurement, row: Row, numbers: Mapping[str, int]) -> Json:
    """One run's figures for a cell; versions of libraries where they are not the row's."""
    cell = measurement.cell
    return _known(
        run=numbers[cell.run],
        folder=measurement.folder,
        versions={} if cell.depends_on == row.versions else cell.depends_on,
        **{key: KEYS[key].figure(cell) for key in TIMED},
    )


def _row(row: Row, cells: Sequence[Cell]) -> Json:
    cells = sorted(cells, key=lambda cell: not cell.ok)
    return {
        "name": row.name,
        "codec": row.codec,
        "family": family_of(row.codec),
        "evidence": str(row.evidence) if any(cell.ok for cell in cells) else "",
        "learned": any(cell.is_learned for cell in cells),
        "model_bytes": rates.total_model_bytes(cells[0]),
        "versions": dict(row.versions),
        "contradicted": row.contradicted,
        "confirmed": row.confirmed,
    }


def _run(board: Board, run: str, environment: Environment | None = None) -> Json:
    """Where figures come from; without a record there is little to say."""
    facts = {name: getattr(environment, name, empty) for name, empty in RUN.items()}
    libraries = environment.versions if environment else {}
    folders = list(board.folders[run])
    where = {"mark": board.machines.mark(run), "folders": folders, "id": run}
    return {**where, **facts, "libraries": libraries}


def _failure(measurement: Measurement) -> Json:
    """A cell without figures, in whatever row it is."""
    cell, folder = measurement.cell, measurement.folder
    why = {"status": cell.status, "reason": cell.reason}
    return {**cell.key._asdict(), "folder": folder, **why}


def _known(**values: object) -> Json:
    """Leave out what is not known, and what is empty."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}

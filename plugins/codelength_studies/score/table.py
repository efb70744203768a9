"""Scores as tables: every figure behind ≈, and never ranked above what was measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from codelength import metrics
from codelength.report import Column, Table, format
from codelength.report.export.files import picture, put_page
from codelength.results.cell import Cell, CorpusSlice, Environment
from codelength.results.score import Score
from codelength_studies.score.plot import Target, plot

ABOUT = "≈"
PAGE = "scores.md"

COLUMNS = (
    Column("rank"),
    Column("codec", "left", fixed=True),
    Column("ratio\n%"),
    Column("bpb"),
    Column("adjusted\n%"),
    Column("adjusted\nat 1 GB %"),
    Column("MB/s"),
    Column("coded −\nideal"),
    Column("bits a\nblob"),
    Column("of a sample of", "left"),
)


def scores(found: Sequence[Score], cells: Iterable[Cell]) -> list[Table]:
    """A table for each target: what was measured of it, ranked, then its scores, without rank."""
    return [_table(target) for target in _targets(found, cells)]


def _targets(found: Sequence[Score], cells: Iterable[Cell]) -> list[Target]:
    """What was scored, with all that is known of it, the smallest first."""
    slices: dict[tuple[str, ...], CorpusSlice] = {
        score.slice.identity: score.slice for score in found
    }
    measured: dict[tuple[str, ...], list[Cell]] = {key: [] for key in slices}
    for cell in sorted((cell for cell in cells if cell.ok), key=lambda cell: cell.coded_bytes):
        measured.get(cell.slice.identity, []).append(cell)
    ordered = sorted(found, key=lambda score: score.bits)
    return [
        Target(
            corpus_slice,
            measured[key],
            [score for score in ordered if score.slice.identity == key],
        )
        for key, corpus_slice in slices.items()
    ]


def _table(target: Target) -> Table:
    corpus_slice = target.slice
    places = metrics.assign_ranks([cell.coded_bytes for cell in target.measured])
    rows = [_measured(cell, str(rank)) for cell, rank in zip(target.measured, places, strict=True)]
    rows += [_scored(score) for score in target.scored]
    limit = f" · first {format.size(corpus_slice.limit)}" if corpus_slice.limit else ""
    where = f"{corpus_slice.corpus} · protocol {corpus_slice.protocol}{limit}"
    title = f"{where} · {format.count(corpus_slice.bytes)} bytes"
    made = (
        f"{ABOUT}: an estimate, the ideal code length −Σ log2 p under the integer frequencies that "
        "the coder would use; nothing was coded, and no estimate is ranked. Smaller is better. "
        "“coded − ideal” is by how much the blobs of a sample exceed its ideal code length, in "
        "percent, and in bits for each blob; the sample comes from all over the corpus and was "
        "decoded in another process. MB/s: raw bytes in a CPU second, scored or encoded."
    )
    notes = []
    if corpus_slice.entropy is not None:
        notes.append(
            f"The entropy of the source is {format.bits(corpus_slice.entropy)} bits a byte."
        )
    if corpus_slice.label:
        notes.append(f"{corpus_slice.corpus}: {corpus_slice.label}.")
    return Table(title, COLUMNS, rows, made, notes)


def _measured(cell: Cell, rank: str) -> list[str]:
    return [
        rank,
        cell.codec,
        format.percent(metrics.ratio(cell)),
        format.bits(metrics.bits_per_byte(cell)),
        format.percent(metrics.adjusted_ratio(cell)),
        format.percent(metrics.adjusted_ratio(cell, metrics.GB)),
        format.significant(metrics.encode_speed(cell)),
        "coded",
        "",
        "all of it",
    ]


def _scored(score: Score) -> list[str]:
    check = score.check
    speed = score.slice.bytes / score.cpu_seconds / 1e6 if score.cpu_seconds else None
    return [
        ABOUT,
        score.codec,
        f"{ABOUT}{format.percent(score.ratio)}",
        f"{ABOUT}{format.bits(score.bits_per_byte)}",
        f"{ABOUT}{format.percent(score.adjusted(score.slice.bytes))}",
        f"{ABOUT}{format.percent(score.adjusted(metrics.GB))}",
        format.significant(speed),
        f"{100 * check.excess:+.2f} %" if check.bits else format.NA,
        f"{check.bits_a_blob:+.1f}" if check.blobs else format.NA,
        f"{format.size(check.bytes)} in {format.count(check.blobs)} blobs",
    ]


def write(
    found: Sequence[Score],
    cells: Iterable[Cell],
    environments: Mapping[str, Environment],
    out: Path,
) -> Path:
    """Writes `out`/scores.md, and returns its path. Raises OSError."""
    targets = _targets(found, cells)
    tables = [_table(target) for target in targets]
    runs = [environments[run] for run in dict.fromkeys(s.run for s in found) if run in environments]
    parts = ["# Scores", tables[0].made if tables else "Nothing was scored."]
    if found:
        what = "ideal code lengths beside what was measured"
        parts += [picture(out, "scores", what, partial(plot, targets))]
    parts += [replace(table, made="").markdown(2) for table in tables]
    parts += ["## How", *(_run(environment) for environment in runs), "## Digests"]
    slices = [target.slice for target in targets]
    parts += [
        "\n".join(
            f"- {corpus_slice.corpus} · {corpus_slice.protocol}: `{corpus_slice.digest}`"
            for corpus_slice in slices
        )
    ]
    return put_page(out / PAGE, parts)


def _run(e: Environment) -> str:
    made = f"commit `{e.commit}`" if e.commit else f"release {e.codelength}"
    return (
        f"`{e.command}`, started {e.started}, {e.jobs} process{'es' * (e.jobs > 1)}, codelength at "
        f"{made}, {e.machine.get('processor', 'unknown processor')}."
    )

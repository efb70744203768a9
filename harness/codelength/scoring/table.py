"""Scores as tables: every figure behind ≈, and never ranked above what was measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from codelength import accounting
from codelength.report import Column, Table, figures
from codelength.report.write import picture, put_page
from codelength.result import Cell, Cut, Environment, cut_key
from codelength.scoring.plot import Target, plot
from codelength.scoring.records import Score

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
    cuts: dict[tuple[str, ...], Cut] = {cut_key(score.cut): score.cut for score in found}
    measured: dict[tuple[str, ...], list[Cell]] = {key: [] for key in cuts}
    for cell in sorted((cell for cell in cells if cell.ok), key=lambda cell: cell.coded_bytes):
        measured.get(cut_key(cell.cut), []).append(cell)
    ordered = sorted(found, key=lambda score: score.bits)
    return [
        Target(cut, measured[key], [score for score in ordered if cut_key(score.cut) == key])
        for key, cut in cuts.items()
    ]


def _table(target: Target) -> Table:
    cut = target.cut
    places = accounting.ranks([cell.coded_bytes for cell in target.measured])
    rows = [_measured(cell, str(rank)) for cell, rank in zip(target.measured, places, strict=True)]
    rows += [_scored(score) for score in target.scored]
    limit = f" · first {figures.size(cut.limit)}" if cut.limit else ""
    title = f"{cut.corpus} · protocol {cut.protocol}{limit} · {figures.count(cut.bytes)} bytes"
    made = (
        f"{ABOUT}: an estimate, the ideal code length −Σ log2 p under the integer frequencies that "
        "the coder would use; nothing was coded, and no estimate is ranked. Smaller is better. "
        "“coded − ideal” is by how much the blobs of a sample exceed its ideal code length, in "
        "percent, and in bits for each blob; the sample comes from all over the corpus and was "
        "decoded in another process. MB/s: raw bytes in a CPU second, scored or encoded."
    )
    notes = []
    if cut.entropy is not None:
        notes.append(f"The entropy of the source is {figures.bits(cut.entropy)} bits a byte.")
    if cut.label:
        notes.append(f"{cut.corpus}: {cut.label}.")
    return Table(title, COLUMNS, rows, made, notes)


def _measured(cell: Cell, rank: str) -> list[str]:
    return [
        rank,
        cell.codec,
        figures.percent(accounting.ratio(cell)),
        figures.bits(accounting.bits_per_byte(cell)),
        figures.percent(accounting.adjusted(cell)),
        figures.percent(accounting.adjusted(cell, accounting.GB)),
        figures.significant(accounting.encode_speed(cell)),
        "coded",
        "",
        "all of it",
    ]


def _scored(score: Score) -> list[str]:
    check = score.check
    speed = score.cut.bytes / score.cpu_seconds / 1e6 if score.cpu_seconds else None
    return [
        ABOUT,
        score.codec,
        f"{ABOUT}{figures.percent(score.ratio)}",
        f"{ABOUT}{figures.bits(score.bits_per_byte)}",
        f"{ABOUT}{figures.percent(score.adjusted(score.cut.bytes))}",
        f"{ABOUT}{figures.percent(score.adjusted(accounting.GB))}",
        figures.significant(speed),
        f"{100 * check.excess:+.2f} %" if check.bits else figures.NA,
        f"{check.bits_a_blob:+.1f}" if check.blobs else figures.NA,
        f"{figures.size(check.bytes)} in {figures.count(check.blobs)} blobs",
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
    cuts = [target.cut for target in targets]
    parts += ["\n".join(f"- {cut.corpus} · {cut.protocol}: `{cut.digest}`" for cut in cuts)]
    return put_page(out / PAGE, parts)


def _run(e: Environment) -> str:
    made = f"commit `{e.commit}`" if e.commit else f"release {e.codelength}"
    return (
        f"`{e.command}`, started {e.started}, {e.jobs} process{'es' * (e.jobs > 1)}, codelength at "
        f"{made}, {e.machine.get('processor', 'unknown processor')}."
    )

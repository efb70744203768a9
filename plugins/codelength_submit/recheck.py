"""`codelength recheck`: a sample of somebody's cells, measured again."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from codelength.api.codec import dependencies_of
from codelength.api.errors import CodelengthError
from codelength.cli import fail
from codelength.cli.options import Folder, with_plugins, with_timeout
from codelength.cli.output import print_sections
from codelength.measure.bench import measure_cell
from codelength.measure.job import Job, Limits, Recipe
from codelength.measure.plan import survey
from codelength.plugins import Plugins
from codelength.report.progress import Meter
from codelength.report.table import Bad, Column, Table
from codelength.results.cell import Cell, Evidence
from codelength.results.store import load_existing

SAMPLE = 5

SAME, OTHER, UNKNOWN = "same bytes", "other bytes", "not compared"


@dataclass(frozen=True)
class Outcome:
    """What became of a cell when it was measured again."""

    cell: Cell
    verdict: str
    reason: str = ""


@click.command()
@click.argument("folder", type=Folder(), metavar="DIR")
@click.option(
    "--sample",
    "count",
    type=click.IntRange(1),
    default=SAMPLE,
    show_default=True,
    help="How many cells are measured again.",
)
@click.option(
    "--seed",
    default="",
    metavar="TEXT",
    help="What decides which: something that the author could not know, as a commit.",
)
@with_timeout(600)
@with_plugins
def command(folder: Path, count: int, seed: str, timeout: float, plugins: Plugins) -> int:
    """Measure a sample of a results folder again, and compare the bytes.

    Encodes, decodes in another process and compares, as a run does. The coded size and the digest
    of the blobs have to be those of the folder. A cell whose library has another version here
    cannot be compared.

    \b
    codelength recheck submissions/alice --sample 5 --seed $GITHUB_SHA
    codelength recheck hf://datasets/org/board/submissions/alice

    \b
    Exit codes: 0 all that was compared is the same, 2 bad usage,
    3 nothing could be compared, 4 something is not the same.
    """
    cells = [
        cell
        for cell in load_existing(folder).current
        if cell.ok and cell.evidence is not Evidence.ESTIMATE
    ]
    chosen = choose_cells(cells, count, seed)
    with Meter(sys.stderr) as meter:
        outcomes = []
        for number, cell in enumerate(chosen):
            meter.now(f"{cell.codec} on {cell.slice.corpus}", number / len(chosen))
            outcomes.append(measure_again(plugins, cell, timeout))
    print_sections(to_table(outcomes, len(cells)))
    verdicts = {outcome.verdict for outcome in outcomes}
    if OTHER in verdicts:
        return fail("a cell is not what its folder says", 4)
    return 0 if SAME in verdicts else fail("nothing could be compared", 3)


def choose_cells(cells: Sequence[Cell], count: int, seed: str) -> list[Cell]:
    """Choose some cells by a hash of their keys and of `seed`, each codec once before any twice."""

    def draw(cell: Cell) -> str:
        return hashlib.sha256(f"{seed}\0{cell.key}".encode()).hexdigest()

    turns: dict[str, int] = {}
    order = []
    for cell in sorted(cells, key=draw):
        turns[cell.codec] = turns.get(cell.codec, 0) + 1
        order.append((turns[cell.codec], draw(cell), cell))
    return [cell for _, _, cell in sorted(order, key=lambda one: one[:2])[:count]]


def measure_again(plugins: Plugins, cell: Cell, timeout: float) -> Outcome:
    """Measure a cell again and compare it."""
    before = cell.slice
    try:
        entry = plugins.codec(cell.codec)
        entry.item.check_available()
        corpus = plugins.corpus(before.corpus)
        corpus.item.check_available()
        rules = [plugins.protocol(before.protocol)]
        here = dependencies_of(entry.item)
    except CodelengthError as error:
        return Outcome(cell, UNKNOWN, str(error))
    measured = {**cell.versions, **cell.digests}
    if other := {name for name in measured if here.get(name) != measured[name]}:
        return Outcome(cell, UNKNOWN, f"{', '.join(sorted(other))} is another one here")
    (target,) = survey([corpus], rules, before.limit, lambda _: None)
    if target.problem:
        return Outcome(cell, UNKNOWN, target.problem)
    if target.slice.digest != before.digest:
        return Outcome(cell, OTHER, "the corpus has other bytes under the same name")
    recipe = Recipe.of(plugins, entry, target.plugins, target.places)
    again = measure_cell(Job(recipe, target.slice, Limits(timeout), cell.run))
    if not again.ok:
        return Outcome(cell, OTHER, f"{again.status}: {again.reason}")
    if again.blobs != cell.blobs and cell.evidence is Evidence.SAME_MACHINE:
        return Outcome(cell, UNKNOWN, "it gives the same bytes on one machine only")
    if again.coded_bytes != cell.coded_bytes:
        return Outcome(cell, OTHER, f"{again.coded_bytes:,} bytes here, {cell.coded_bytes:,} there")
    if again.blobs != cell.blobs:
        return Outcome(cell, OTHER, "as many bytes, and other ones")
    return Outcome(cell, SAME)


def to_table(outcomes: Sequence[Outcome], total: int) -> Table:
    """Return what is shown."""
    columns = (
        Column("codec", "left"),
        Column("corpus", "left"),
        Column("coded\nbytes"),
        Column("again", "left"),
        Column("why", "left", wrap=True),
    )
    rows = [
        [
            outcome.cell.codec,
            f"{outcome.cell.slice.corpus} ({outcome.cell.slice.protocol})",
            f"{outcome.cell.coded_bytes:,}",
            Bad(outcome.verdict) if outcome.verdict == OTHER else outcome.verdict,
            outcome.reason,
        ]
        for outcome in outcomes
    ]
    return Table(f"{len(outcomes)} of {total} cells, measured again", columns, rows)

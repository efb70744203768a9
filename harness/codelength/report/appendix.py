"""How the figures came about: runs, machines, libraries, and which bytes were coded."""

from collections.abc import Iterable, Sequence

from codelength import metrics
from codelength.api.model_card import ModelCard
from codelength.report import format
from codelength.report.board import boards
from codelength.report.machines import Machines
from codelength.report.table import Column, Table
from codelength.results.cell import WEIGHTS, Cell, CorpusSlice

HEX = 12


def provenance(cells: Sequence[Cell], machines: Machines) -> list[Table]:
    """Runs, machines, libraries, models and corpora."""
    found = [runs(cells, machines), *hosts(machines), libraries(cells), models(cells)]
    found.append(corpora(cells))
    return [table for table in found if table.rows]


def runs(cells: Sequence[Cell], machines: Machines) -> Table:
    """The commands that the cells were measured by."""
    rows = []
    for e in machines.environments:
        mine = sum(cell.run == e.run for cell in cells)
        row = [machines.mark(e.run), e.started, format.count(mine), e.codelength]
        commit, plus, changes = e.commit.partition("+")
        row.append(commit[:HEX] + plus + changes or "n/a")  # a dirty tree's mark stays
        rows.append([*row, str(e.threads), str(e.jobs), e.command])
    for run in machines.unknown:
        mine = sum(cell.run == run for cell in cells)
        rows.append(["?", "n/a", format.count(mine), *["n/a"] * 4, f"no record of run {run}"])
    heads = ["started", "cells", "codelength", "commit", "threads", "jobs"]
    right = {"cells", "threads", "jobs"}
    columns = [Column("env", "left", fixed=True)]
    columns += [Column(head, "right" if head in right else "left") for head in heads]
    columns += [Column("command", "left", wrap=True)]
    made = "Runs whose env is the same number ran on one machine with the same threads and jobs."
    return Table("Runs", columns, rows, made)


def hosts(machines: Machines) -> list[Table]:
    """One table for each environment: its machine, and the versions of what ran on it."""
    found, seen = [], set()
    for e in machines.environments:
        number = machines.mark(e.run)
        if number in seen:
            continue
        seen.add(number)
        facts = [*e.machine.items(), ("threads", str(e.threads)), ("jobs", str(e.jobs))]
        facts += sorted(e.versions.items())
        columns = [Column("what", "left"), Column("is", "left", wrap=True)]
        rows = [[name, value] for name, value in facts]
        made = f"As recorded when run {e.run} started, {e.started}."
        found.append(Table(f"Environment {number}", columns, rows, made))
    return found


def libraries(cells: Iterable[Cell]) -> Table:
    """The versions of the libraries behind each codec: other ones may code other sizes."""
    versions: dict[tuple[tuple[str, str], ...], set[str]] = {}
    for cell in cells:
        if cell.depends_on:
            versions.setdefault(tuple(sorted(cell.depends_on.items())), set()).add(cell.codec)
    rows = [
        [", ".join(f"{name} {version}" for name, version in key), ", ".join(sorted(codecs))]
        for key, codecs in sorted(versions.items())
    ]
    columns = [Column("libraries", "left"), Column("behind", "left", wrap=True)]
    made = "Sizes are exact for these versions; another build of a library may code other ones."
    return Table("Libraries", columns, rows, made)


def models(cells: Iterable[Cell]) -> Table:
    """The priors behind codecs, and what their cards say: what they were trained on, until when."""
    found: dict[tuple[str, ...], None] = {}
    for cell in cells:
        if cell.ok and cell.model_bytes:
            card = cell.card or ModelCard()
            digest = cell.digests.get(WEIGHTS, "unknown").removeprefix("sha256:")[:HEX]
            row = [cell.codec, digest, format.count(metrics.total_model_bytes(cell))]
            row += [format.count(card.parameters), card.until or "unknown"]
            found[*row, card.data or "unknown", ", ".join(card.excludes) or "nothing stated"] = None
    columns = [Column("codec", "left", fixed=True), Column("weights", "left"), Column("bytes")]
    columns += [Column("parameters"), Column("trained until", "left")]
    columns += [Column("trained on", "left", wrap=True), Column("not on", "left", wrap=True)]
    made = (
        "As the card of each model states; nobody checks a statement here. Trained until: nothing "
        "in its data was made later."
    )
    return Table("Models", columns, sorted(map(list, found)), made)


def corpora(cells: Sequence[Cell]) -> Table:
    """What was coded, under each protocol, with the head of its digest."""
    rows = []
    for board in boards(cells):
        for name, corpus_slice in board.slices.items():
            row = [
                name,
                board.protocol_label,
                corpus_slice.kind,
                format.count(corpus_slice.samples),
            ]
            row += [
                format.count(corpus_slice.bytes),
                corpus_slice.digest[:HEX],
                corpus_slice.published or "unknown",
            ]
            rows.append([*row, corpus_slice.label])
    columns = [
        Column("corpus", "left", fixed=True),
        Column("protocol", "left"),
        Column("kind", "left"),
        Column("samples"),
        Column("bytes"),
        Column("digest", "left"),
        Column("published", "left"),
        Column("label", "left", wrap=True),
    ]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    made = "The SHA-256 over names, media and bytes of all samples as cut: equal only if they are."
    return Table("Corpora", columns, rows, made)


def digests(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """Each corpus, as cut, with its full digest."""
    slices: dict[tuple[str, ...], CorpusSlice] = {cell.slice.identity: cell.slice for cell in cells}
    named = [
        (
            f"{corpus_slice.corpus} · {corpus_slice.protocol}"
            + (f" · first {corpus_slice.limit:,} B" if corpus_slice.limit else ""),
            corpus_slice,
        )
        for corpus_slice in slices.values()
    ]
    return sorted((name, corpus_slice.digest) for name, corpus_slice in named)

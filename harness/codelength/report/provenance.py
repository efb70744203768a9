"""How the figures came about: runs, machines, libraries, models, and which bytes were coded."""

from collections import defaultdict

from codelength.api.model_card import ModelCard
from codelength.metrics import rates
from codelength.report import format
from codelength.report.board import Board
from codelength.report.format import NA
from codelength.report.merge import HEX
from codelength.report.table import Column, Table
from codelength.results.cell import WEIGHTS


def provenance_tables(board: Board) -> list[Table]:
    """Runs, machines, libraries, models and corpora."""
    tables = [runs_table(board), measurements_table(board), *environment_tables(board)]
    tables += [libraries_table(board)]
    tables += [models_table(board), corpora_table(board)]
    return [table for table in tables if table.rows]


def runs_table(board: Board) -> Table:
    """The commands that the cells were measured by."""
    cells: dict[str, int] = defaultdict(int)
    for grid in board.grids:
        for members in (m for r in grid.rows.values() for m in (r.measured, r.failed)):
            for measurement in (one for found in members.values() for one in found):
                cells[measurement.cell.run] += 1
    machines = board.machines
    rows = []
    for e in machines.environments:
        commit, plus, changes = e.commit.partition("+")  # a dirty tree's mark stays
        row = [machines.mark(e.run), ", ".join(board.folders[e.run]), e.started]
        where = [e.machine[fact] for fact in ("processor", "node", "device") if fact in e.machine]
        row += [format.count(cells[e.run]), ", ".join(where) or NA, e.codelength]
        row += [commit[:HEX] + plus + changes or NA, str(e.threads), str(e.jobs), e.command]
        rows.append(row)
    for run in machines.unknown:
        row = ["?", ", ".join(board.folders[run]), NA, format.count(cells[run]), *[NA] * 5]
        rows.append([*row, f"no record of run {run}"])
    columns = [Column("env", "left", fixed=True), Column("from", "left", wrap=True)]
    columns += [Column("started", "left"), Column("cells"), Column("processor", "left")]
    columns += [Column("codelength", "left"), Column("commit", "left")]
    columns += [Column("threads"), Column("jobs"), Column("command", "left", wrap=True)]
    method = "Runs whose env is the same number ran on one machine with the same threads and jobs."
    return Table("Runs", columns, rows, method)


def measurements_table(board: Board) -> Table:
    """Everyone's speeds and memory, where several measured the same."""
    rows = []
    for grid in board.grids:
        for name, row in grid.rows.items():
            for corpus, found in row.measured.items():
                for one in found if len(found) > 1 else ():
                    cell = one.cell
                    is_other = cell.depends_on != row.versions
                    speeds = [rates.encode_speed(cell), rates.decode_speed(cell)]
                    figures = [*map(format.significant, speeds)]
                    figures.append(format.megabytes(rates.peak_memory(cell)))
                    where = [one.folder, board.machines.mark(cell.run)]
                    versions = format.versions(cell.depends_on) if is_other else ""
                    rows.append([name, corpus, grid.label, *where, *figures, versions])
    columns = [Column("codec", "left", fixed=True), Column("corpus", "left")]
    columns += [Column("protocol", "left"), Column("from", "left"), Column("env", "left")]
    columns += [Column("enc\nMB/s"), Column("dec\nMB/s"), Column("mem\nMB")]
    columns += [Column("libraries, where others", "left", wrap=True)]
    method = "The same sizes, found by several runs. The rankings show the speeds of the first."
    return Table("Measured more than once", columns, rows, method)


def environment_tables(board: Board) -> list[Table]:
    """One table for each environment: its machine, and the versions of what ran on it."""
    tables: dict[str, Table] = {}
    for e in board.machines.environments:
        facts = [
            *e.machine.items(),
            ("threads", str(e.threads)),
            ("jobs", str(e.jobs)),
            ("sandbox", e.sandbox or NA),
        ]
        rows = [[name, value] for name, value in [*facts, *sorted(e.versions.items())]]
        columns = [Column("what", "left"), Column("is", "left", wrap=True)]
        method = f"As recorded when run {e.run} started, {e.started}."
        number = board.machines.mark(e.run)
        tables.setdefault(number, Table(f"Environment {number}", columns, rows, method))
    return list(tables.values())


def libraries_table(board: Board) -> Table:
    """The versions of the libraries behind each row, and behind those that confirm it."""
    found: dict[str, set[str]] = defaultdict(set)
    for grid in board.grids:
        for row in grid.rows.values():
            for measured in row.measured.values():
                for measurement in measured:
                    found[format.versions(measurement.cell.depends_on)].add(row.name)
    rows = [[versions or NA, ", ".join(sorted(names))] for versions, names in sorted(found.items())]
    columns = [Column("libraries", "left"), Column("behind", "left", wrap=True)]
    method = "Sizes are exact for these versions; another build of a library may code other ones."
    return Table("Libraries", columns, rows, method)


def models_table(board: Board) -> Table:
    """The models behind codecs, and what their cards say: what they were trained on, until when."""
    found: dict[tuple[str, ...], None] = {}
    for cell in board.cells:
        if cell.ok and cell.model_bytes:
            card = cell.card or ModelCard()
            digest = cell.digests.get(WEIGHTS, "unknown").removeprefix("sha256:")[:HEX]
            row = [cell.codec, digest, format.count(rates.total_model_bytes(cell))]
            row += [format.count(card.parameters), card.until or "unknown"]
            found[*row, card.data or "unknown", ", ".join(card.excludes) or "nothing stated"] = None
    columns = [Column("codec", "left", fixed=True), Column("weights", "left"), Column("bytes")]
    columns += [Column("parameters"), Column("trained until", "left")]
    columns += [Column("trained on", "left", wrap=True), Column("not on", "left", wrap=True)]
    method = (
        "As the card of each model states; nobody checks a statement here. Trained until: nothing "
        "in its data was made later."
    )
    return Table("Models", columns, sorted(map(list, found)), method)


def corpora_table(board: Board) -> Table:
    """What was coded, under each protocol, with its digest."""
    rows = [
        [
            *(name, grid.label, s.kind, format.count(s.samples), format.count(s.bytes)),
            *(s.digest, s.published or "unknown", s.label),
        ]
        for grid in board.grids
        for name, s in grid.slices.items()
    ]
    columns = [Column("corpus", "left", fixed=True), Column("protocol", "left")]
    columns += [Column("kind", "left"), Column("samples"), Column("bytes")]
    columns += [Column("digest", "left"), Column("published", "left")]
    columns += [Column("label", "left", wrap=True)]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    method = (
        "The SHA-256 over names, media and bytes of all samples as cut: equal only if they are."
    )
    return Table("Corpora", columns, rows, method)

"""The leaderboard in words: for terminals, and as one Markdown text."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from codelength import metrics
from codelength.report import format, marks, overview
from codelength.report.appendix import HEX, corpora, digests, hosts
from codelength.report.board import Board
from codelength.report.failures import URGENT
from codelength.report.format import NA
from codelength.report.merge import ABOUT, Leaderboard, Merged
from codelength.report.rankings import key_named
from codelength.report.rows import Row, written
from codelength.report.table import Column, Table
from codelength.results.cell import Cell

TITLE = "Leaderboard of lossless compressors"

MADE = (
    "Geometric mean over the corpora of coded / raw bytes, smaller is better, each corpus with the "
    "same weight; n/a, and how many corpora there are, where one is missing. The interval is a "
    "bootstrap over the samples within each corpus. Speeds: raw MB in a CPU second; peak: what the "
    "codec added to its process at most."
)
CLASSES = (
    "Class: verified, every blob was decoded by another process and compared; same-machine, so it "
    "was, but it decodes only where it was encoded; ≈ estimate, nothing was coded, so it has no "
    "place. Learned: trained weights, which adj counts as part of the message. Contradicted: see "
    "below. Confirmed: how many other folders found the same sizes in runs of their own."
)
MERGED = (
    "Cells are merged where corpus digest and protocol are the same. A row is a codec with certain "
    "libraries; those with other libraries or from other machines are in the same row only if they "
    "found the same sizes."
)


def tables(board: Leaderboard, key: str = "ratio") -> list[Table]:
    """For a terminal, the overall ranking of each protocol behind those by kind of media; then
    what is wrong, what was left out, and who measured."""
    found = []
    for merged in board.boards:
        whole, *kinds = merged.parts or [merged.board]
        found += [standings(board, merged, part, key) for part in [*kinds, whole]]
    return [*found, *_remarks(board), runs(board)]


def markdown(board: Leaderboard, title: str = TITLE, key: str = "ratio") -> str:
    """The same as a document, with the machines and the digests."""
    parts = [f"# {title}", summary(board), MERGED, CLASSES]
    for merged in board.boards:
        parts.append(f"## Protocol {merged.board.protocol_label}")
        found = [standings(board, merged, part, key) for part in merged.parts or [merged.board]]
        parts += [table.markdown() for table in found]
    parts += [table.markdown(2) for table in _remarks(board)]
    parts += ["## Provenance", runs(board).markdown(), libraries(board).markdown()]
    parts += [table.markdown() for table in hosts(board.machines)]
    cells = [cell for merged in board.boards for cell in merged.board.cells]
    parts += [corpora(cells).markdown(), "### Digests"]
    parts += ["\n".join(f"- {name}: `{digest}`" for name, digest in digests(cells))]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def summary(board: Leaderboard) -> str:
    """One sentence: how much of what, by how many."""
    rows = [row for merged in board.boards for row in merged.rows.values()]
    corpora = {column for merged in board.boards for column in merged.board.slices}
    cells = {
        (
            name,
            cell.slice.protocol,
            cell.slice.digest,
        ): cell.ok  # on the boards of two limits, perhaps
        for merged in board.boards
        for name, row in merged.rows.items()
        for cell in row.grid.values()
    }
    folders = {folder for found in board.folders.values() for folder in found}
    return (
        f"{_many(len({row.codec for row in rows}), 'codec')}, "
        f"{_many(len(corpora), 'corpus', 'corpora')}, "
        f"{_many(len(cells), 'cell')}, of which {format.count(sum(cells.values()))} ok; "
        f"{_many(len(board.folders), 'run')} in {_many(len(folders), 'folder')}."
    )


def standings(board: Leaderboard, merged: Merged, part: Board, key: str) -> Table:
    """One ranking: the mean, what it is made of, speeds, and what stands behind the row."""
    machines, places = board.machines, merged.places(part, key)
    whole = part.name == "all" and len(merged.parts) > 1
    kinds = merged.parts[1:] if whole else []
    marked = machines.differ(part.cells)
    lines = []
    for name, place in places.items():
        row, cells = merged.rows[name], part.row(name)
        mean = part.means[name]
        line = [place, name, _rate(row, mean.value, cells), overview.mean_interval(mean)]
        if whole:
            line += [_rate(row, _mean(kind, name), kind.row(name)) for kind in kinds]
        else:
            line += [_rate(row, metrics.ratio(cell) if cell else None, [cell]) for cell in cells]
        paid = [overview.mean_of(part, name, value) for _, value in marks.COLUMNS]
        line += [_rate(row, rate, []) for rate in paid]
        line += [
            format.significant(overview.mean_of(part, name, metrics.encode_speed)),
            format.significant(overview.mean_of(part, name, metrics.decode_speed)),
            format.megabytes(overview.memory_of(part, name)),
        ]
        line += [" ".join(machines.marks(filter(None, part.row(name))))] if marked else []
        lines.append([*line, described(row), _confirmed(row), ", ".join(row.folders)])
    heads = [f"{part.name}\n%", overview.interval_head(part)]
    heads += [f"{kind.name}\n%" for kind in kinds]
    heads += [] if whole else map(overview.stacked, part.slices)
    heads += [head for head, _ in marks.COLUMNS]
    heads += ["enc\nMB/s", "dec\nMB/s", "peak\nMB"]
    columns = [Column("#", fixed=True), Column("codec", "left", fixed=True), *map(Column, heads)]
    columns += [Column("env", "left")] * marked
    columns += [Column("class", "left"), Column("confirmed"), Column("from", "left", wrap=True)]
    by = key_named(key)
    title = " · ".join(
        [
            "Overall" if part.name == "all" else part.name,
            part.protocol_label,
            _many(len(part.slices), "corpus", "corpora"),
            f"by {by.title}, {by.direction}",
        ]
    )
    notes = [*marks.cautions(part.cells), *marks.notes(part.pricing, part.cells)]
    notes += [*overview.rigidity(part), *machines.caution(part.cells), *part.labels]
    left = len(merged.board.slices) - len(part.slices)
    if part.name == "all" and left:
        notes.insert(0, f"{_many(left, 'corpus', 'corpora')} (controls, empty) not averaged.")
    if places and all(mean.value is None for mean in part.means.values()):
        notes.insert(0, _incomplete(part))
    return Table(title, columns, lines, MADE, notes)


def described(row: Row) -> str:
    """`verified`, `learned, same-machine`, `≈ estimate`, and whether someone contradicts it."""
    words = ["learned"] if any(cell.is_learned for cell in row.grid.values()) else []
    if row.measured:
        words.append("≈ " * (not row.evidence.is_ranked) + row.evidence)
    else:
        words += sorted({str(cell.status) for cell in row.grid.values()})
    return ", ".join([*words, *["contradicted"] * row.contradicted])


def runs(board: Leaderboard) -> Table:
    """Who measured when, where and with what."""
    rows = []
    for e in board.machines.environments:
        commit, plus, changes = e.commit.partition("+")
        row = [board.machines.mark(e.run), ", ".join(board.folders[e.run]), e.started]
        row += [e.machine.get("processor", NA), f"{e.threads}, {e.jobs}", e.codelength]
        rows.append([*row, commit[:HEX] + plus + changes or NA, e.command])
    rows += [
        ["?", ", ".join(board.folders[run]), *[NA] * 5, f"no record of run {run}"]
        for run in board.machines.unknown
    ]
    heads = ["started", "processor", "threads, jobs", "codelength", "commit"]
    columns = [Column("env", "left", fixed=True), Column("from", "left", wrap=True)]
    columns += [*(Column(head, "left") for head in heads), Column("command", "left", wrap=True)]
    made = "Runs whose env is the same number ran on one machine with the same threads and jobs."
    return Table("Runs", columns, rows, made)


def libraries(board: Leaderboard) -> Table:
    """The libraries behind each row, and those of the rows that confirm it."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in (row for merged in board.boards for row in merged.rows.values()):
        for measured in row.measured.values():
            for measurement in measured:
                found[written(measurement.cell.depends_on)].add(row.name)
    rows = [[versions or NA, ", ".join(sorted(names))] for versions, names in sorted(found.items())]
    columns = [Column("libraries", "left"), Column("behind", "left", wrap=True)]
    made = "Sizes are exact for these versions; another build of a library may code other ones."
    return Table("Libraries", columns, rows, made)


def _remarks(board: Leaderboard) -> Iterator[Table]:
    if board.contradictions:
        made = (
            "Same codec, same libraries, same bytes, and another outcome: one of the two is wrong, "
            "or the codec depends on something that it does not tell."
        )
        yield _listed("Contradictions", map(str, board.contradictions), made)
    if board.failed:
        yield _failures(board)
    if board.left_out:
        made = "Not merged, because these are not the same bytes under the same protocol."
        yield _listed("Left out", map(str, board.left_out), made)


def _listed(title: str, lines: Iterable[str], made: str) -> Table:
    rows = [[line] for line in dict.fromkeys(lines)]
    return Table(f"{title} · {len(rows)}", [Column("what", "left", wrap=True)], rows, made)


def _failures(board: Leaderboard) -> Table:
    found: dict[tuple[int, str, str, str, str], dict[str, None]] = defaultdict(dict)
    for measurement in board.failed:
        cell = measurement.cell
        place = (URGENT.index(cell.status), cell.codec, measurement.folder)
        label = cell.slice.protocol
        found[(*place, label, " ".join(cell.reason.split()))][cell.slice.corpus] = None
    rows = [
        [str(URGENT[urgency]), codec, ", ".join(sorted(corpora)), protocol, folder, reason]
        for (urgency, codec, folder, protocol, reason), corpora in sorted(found.items())
    ]
    heads = ["status", "codec", "corpus", "protocol", "from", "reason"]
    columns = [Column(head, "left", wrap=head in ("corpus", "reason")) for head in heads]
    made = "Every cell without figures. None of them is in any mean."
    return Table(f"Not ok · {_many(sum(map(len, found.values())), 'cell')}", columns, rows, made)


def _incomplete(part: Board) -> str:
    held = {corpus: sum(cell.ok for cell in part.column(corpus).values()) for corpus in part.slices}
    rarest = min(held, key=lambda corpus: held[corpus])
    return (
        f"No codec has all {len(part.slices)} corpora, so there is no mean; {rarest} has the "
        "fewest codecs. --corpora ranks by some corpora only."
    )


def _mean(part: Board, name: str) -> float | None:
    return part.means[name].value if name in part.codecs else None


def _rate(row: Row, rate: float | None, cells: Iterable[Cell | None]) -> str:
    if rate is None:
        return NA
    return ABOUT * (not row.evidence.is_ranked) + format.percent(rate) + marks.marks(cells)


def _confirmed(row: Row) -> str:
    return str(len(row.confirmed) or "")


def _many(count: int, one: str, more: str = "") -> str:
    return f"{format.count(count)} {one if count == 1 else more or one + 's'}"

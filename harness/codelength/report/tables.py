"""The rankings of a board as tables: over all corpora, over those of a kind, on one corpus."""

from collections.abc import Callable, Mapping

from codelength import metrics
from codelength.metrics import find_pareto_front
from codelength.report import format, marks
from codelength.report.board import Board, Grid, Part
from codelength.report.format import NA
from codelength.report.keys import find_key
from codelength.report.merge import Row
from codelength.report.table import Column, Table, stack_head
from codelength.results.cell import Cell, Evidence

MEANS_MADE = (
    "Geometric mean over the corpora of coded / raw bytes, smaller is better, each corpus with the "
    "same weight. A codec has a mean only where it decoded every corpus correctly; otherwise the "
    "table says n/a, and how many it did. The 95% interval is a percentile bootstrap of "
    f"{metrics.RESAMPLES} resamples of the samples within each corpus; it says nothing about "
    "other corpora. Speeds are geometric means, in raw MB for each CPU second; peak is the most "
    "memory that the codec added to its process, in either direction, on any corpus."
)
CORPUS_MADE = (
    "Encoded, decoded by a process of its own, and compared. Speed (MB/s): raw megabytes in a CPU "
    "second, the median repetition; memory (MB): what the codec added to its process at the peak."
)
EVIDENCE = (
    "Class: verified, every blob was decoded by another process and compared; same-machine, so it "
    "was, but it decodes only where it was encoded; ≈ estimate, nothing was coded, so it has no "
    "place. Learned: trained weights, which adj counts as part of the message. Contradicted: see "
    "below. Confirmed: how many other folders found the same sizes in runs of their own."
)


def overall_table(board: Board, grid: Grid, key: str = "ratio") -> Table:
    """Rank the rows over all corpora that are averaged."""
    part = grid.averaged
    table = part_table(board, part, key)
    notes = list(table.notes)
    left = len(grid.slices) - len(part.corpora)
    if left and grid.parts:
        many = format.plural(left, "corpus", "corpora")
        notes.insert(0, f"{many} (controls, empty) not averaged.")
    if not grid.parts:
        notes.insert(0, "Nothing to average: all corpora are controls, or empty.")
    return Table(table.title, table.columns, table.rows, table.made, notes)


def part_table(board: Board, part: Part, key: str = "ratio") -> Table:
    """Rank the rows over a part.

    The mean, the means by kind or the ratios on each corpus, speeds, memory, and what stands behind
    the row.
    """
    grid, machines, by = part.grid, board.machines, find_key(key)
    kinds = grid.parts[1:] if part.name == "all" else []
    corpora = [] if kinds or len(part.corpora) == 1 else part.corpora
    paid = marks.paid_columns(part.cells)
    differ = machines.differ(part.cells)
    shows_class = board.is_merged or not all(_is_plain(row) for row in part.rows.values())
    rows = []
    for name, place in part.places(key).items():
        row, mean, cells = part.rows[name], part.means[name], part.row_cells(name)
        line = [place, marks.name_of(row), marks.mark_rate(mean.value, row, cells)]
        line.append(
            f"{mean.done} of {mean.of}"
            if mean.value is None
            else format.interval(mean.low, mean.high)
        )
        line += [marks.mark_rate(k.means[name].value, row, k.row_cells(name)) for k in kinds]
        for corpus in corpora:
            known = [row.cells[corpus]] if corpus in row.cells else []
            rate = metrics.ratio(known[0]) if known else None
            line.append(marks.mark_rate(rate, row, known))
        line += [marks.mark_rate(part.combine(name, figure), row) for _, figure in paid]
        line += [
            format.significant(part.combine(name, metrics.encode_speed)),
            format.significant(part.combine(name, metrics.decode_speed)),
            format.megabytes(part.combine(name, metrics.peak_memory, max)),
        ]
        line += [" ".join(machines.marks(cells))] if differ else []
        line += [describe_evidence(row)] if shows_class else []
        line += [str(len(row.confirmed) or ""), ", ".join(row.folders)] if board.is_merged else []
        rows.append(line)
    single = len(part.corpora) == 1
    columns = [Column("#", fixed=True), Column("codec", "left", fixed=True)]
    columns.append(Column("raw\n%" if single else f"{part.name}\n%"))
    columns.append(Column(marks.interval_head(part), drop=4))
    columns += [Column(f"{kind.name}\n%", drop=2) for kind in kinds]
    columns += [Column(stack_head(corpus), drop=3) for corpus in corpora]
    columns += [Column(head, drop=5) for head, _ in paid]
    columns += [Column(head, drop=1) for head in ("enc\nMB/s", "dec\nMB/s")]
    columns += [Column("peak\nMB", drop=4)]
    columns += [Column("env", "left", drop=6)] if differ else []
    columns += [Column("class", "left", drop=6)] if shows_class else []
    if board.is_merged:
        columns += [Column("confirmed", drop=7), Column("from", "left", wrap=True, drop=7)]
    title = " · ".join(
        [
            "Overall" if part.name == "all" else part.name,
            grid.label,
            part.corpora[0] if single else format.plural(len(part.corpora), "corpus", "corpora"),
            f"by {by.title}, {by.direction}",
        ]
    )
    notes = marks.explain(part.cells, part.rows.values(), grid.pricing)
    notes += [*marks.explain_rigidity(part), *machines.caution(part.cells)]
    notes += marks.corpus_labels(grid, part.corpora)
    if part.rows and all(mean.value is None for mean in part.means.values()):
        notes.insert(0, _incomplete(part))
    return Table(title, columns, rows, MEANS_MADE, notes)


def corpus_table(board: Board, grid: Grid, corpus: str, key: str = "ratio") -> Table:
    """Rank the rows on one corpus.

    Those without figures are at the bottom, with what became of them.
    """
    by, machines, of = find_key(key), board.machines, grid.slices[corpus]
    column = grid.column(corpus)
    cells = list(column.values())
    shown = _corpus_columns(grid, corpus, cells)
    fronts = find_fronts(column, grid.rows)
    differ, failed = machines.differ(cells), not all(cell.ok for cell in cells)
    rows = []
    for name, place in grid.places(corpus, key).items():
        cell, row = column[name], grid.rows[name]
        line = [place, marks.name_of(row)]
        line += [figure(cell, row) for _, figure in shown]
        line.append(fronts[name] if cell.ok else str(cell.status))
        line += [machines.mark(cell.run) if cell.ok else ""] if differ else []
        rows.append(line)
    columns = [Column("#", fixed=True), Column("codec", "left", fixed=True)]
    columns += [Column(head) for head, _ in shown]
    columns.append(Column("front or\nstatus" if failed else "front", "left"))
    columns += [Column("env", "left")] if differ else []
    title = f"{describe_corpus(grid, corpus)} · by {by.title}, {by.direction}"
    notes = marks.explain(cells, (grid.rows[name] for name in column), grid.pricing)
    if any(fronts.values()):
        notes.append("front: no other codec is both smaller and faster to encode (e), decode (d).")
    if of.header_once:
        notes.append(
            "header once: as in the published protocol, a codec's fixed header (its blob for one "
            "zero byte) counted for one sample only; the ratio counts every byte."
        )
    if of.entropy is not None:
        notes.append("excess: bits per byte above the entropy of the source.")
    if not of.bytes:
        notes.append("The corpus has no bytes, so no ratio.")
    return Table(title, columns, rows, CORPUS_MADE, [*notes, *machines.caution(cells)])


def controls_table(grid: Grid) -> Table | None:
    """What each row spends above the entropy of sources that are known; None without controls."""
    slices = {n: s for n, s in grid.slices.items() if s.entropy is not None}
    if not slices:
        return None
    rows = [["true entropy", *(format.bits(s.entropy) for s in slices.values())]]
    for name, row in grid.rows.items():
        cells = [row.cells.get(corpus) for corpus in slices]
        if any(cells):
            rows.append([name, *(_excess(cell) if cell else NA for cell in cells)])
    columns = [Column("codec", "left", fixed=True), *(Column(stack_head(name)) for name in slices)]
    made = (
        "Sources drawn from a known distribution: measured bits per byte, less its entropy. They "
        "are checks, and count in no mean. A draw may by chance be a little cheaper than its "
        "entropy; a codec that is much cheaper is a mistake somewhere."
    )
    measured = [cell for corpus in slices for cell in grid.column(corpus).values()]
    notes = [*marks.explain_contamination(measured), *marks.corpus_labels(grid, slices)]
    title = f"controls · {grid.label} · bpb above the true entropy, smaller is better"
    return Table(title, columns, rows, made, notes)


def describe_corpus(grid: Grid, corpus: str) -> str:
    """What a corpus is, in a title: `text8 · whole · text, 10 samples, 1,000 B`."""
    of = grid.slices[corpus]
    size = f"{of.kind}, {format.plural(of.samples, 'sample')}, {format.count(of.bytes)} B"
    parts = [corpus, grid.label, size]
    if of.entropy is not None:
        parts.append(f"true entropy {format.bits(of.entropy)} bpb")
    return " · ".join([*parts, *([of.label] if of.label else [])])


def describe_evidence(row: Row) -> str:
    """`verified`; `learned, same-machine`; `≈ estimate`; and whether someone contradicts it."""
    words = ["learned"] if any(cell.is_learned for cell in row.cells.values()) else []
    if row.measured:
        words.append("≈ " * (not row.evidence.is_ranked) + row.evidence)
    else:
        words += sorted({str(cell.status) for cell in row.cells.values()})
    return ", ".join([*words, *["contradicted"] * row.contradicted])


def find_fronts(column: Mapping[str, Cell], rows: Mapping[str, Row]) -> dict[str, str]:
    """The letters of each row of a corpus.

    E where no other row is both smaller and faster to encode, d the same to decode.
    """
    letters = dict.fromkeys(column, "")
    for letter, speed in (("e", metrics.encode_speed), ("d", metrics.decode_speed)):
        points = {
            name: (float(cell.coded_bytes), fast)
            for name, cell in column.items()
            if rows[name].evidence.is_ranked and (fast := speed(cell)) is not None
        }
        front = find_pareto_front(list(points.values()))
        for name, is_on_front in zip(points, front, strict=True):
            letters[name] += letter if is_on_front else ""
    return letters


def _corpus_columns(
    grid: Grid, corpus: str, cells: list[Cell]
) -> list[tuple[str, Callable[[Cell, Row], str]]]:
    of = grid.slices[corpus]
    shown: list[tuple[str, Callable[[Cell, Row], str]]] = [
        ("raw\n%", lambda cell, row: marks.mark_rate(metrics.ratio(cell), row, [cell])),
        ("bpb", lambda cell, _: format.bits(metrics.bits_per_byte(cell))),
    ]
    if of.entropy is not None:
        shown.append(("excess\nbpb", lambda cell, _: format.bits(metrics.excess(cell))))
    for head, paid in marks.paid_columns(cells):
        shown.append((head, lambda cell, _, paid=paid: format.percent(paid(cell))))  # type: ignore[misc]
    if of.header_once:
        once = metrics.header_once_ratio
        shown.append(("header\nonce %", lambda cell, _: format.percent(once(cell))))
    encode, decode = grid.figures(metrics.encode_speed), grid.figures(metrics.decode_speed)
    return [
        *shown,
        ("enc\nMB/s", lambda _, row: format.significant(encode[row.name].get(corpus))),
        ("dec\nMB/s", lambda _, row: format.significant(decode[row.name].get(corpus))),
        ("enc\nMB", lambda cell, _: format.megabytes(_phase_memory(cell, "encode"))),
        ("dec\nMB", lambda cell, _: format.megabytes(_phase_memory(cell, "decode"))),
    ]


def _phase_memory(cell: Cell, direction: str) -> int | None:
    phase = cell.encode if direction == "encode" else cell.decode
    return phase.memory_bytes if cell.ok and phase else None


def _excess(cell: Cell) -> str:
    text = format.bits(metrics.excess(cell))
    return text if text == NA else text + marks.marks_of([cell])


def _is_plain(row: Row) -> bool:
    return describe_evidence(row) == Evidence.VERIFIED or not row.measured


def _incomplete(part: Part) -> str:
    held = {c: sum(cell.ok for cell in part.grid.column(c).values()) for c in part.corpora}
    rarest = min(held, key=lambda corpus: held[corpus])
    return (
        f"No codec has all {len(part.corpora)} corpora, so there is no mean; {rarest} has the "
        "fewest codecs. 'codelength leaderboard --corpora' ranks by some corpora only."
    )

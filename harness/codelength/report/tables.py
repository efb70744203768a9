"""The tables of a board: rankings over all corpora, those of a kind, or one; controls; ledgers."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from codelength import metrics
from codelength.report import format, marks
from codelength.report.board import Board, Grid, Part
from codelength.report.format import NA
from codelength.report.keys import Figure, find_key
from codelength.report.merge import Row
from codelength.report.readings import describe_readings
from codelength.report.table import Column, Table, build_table, stack_head
from codelength.results.cell import Cell, Evidence, Phase

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
    "was, but only where it was encoded; ≈ estimate, nothing was coded, so it has no "
    "place. Learned: trained weights, which adj counts as part of the message. Contradicted: see "
    "below. Confirmed: how many other folders found the same sizes in runs of their own."
)


def overall_table(board: Board, grid: Grid, key: str = "ratio") -> Table:
    """Rank the rows over all corpora that are averaged."""
    part = grid.averaged
    table = part_table(board, part, key)
    left = format.plural(len(grid.slices) - len(part.corpora), "corpus", "corpora")
    if not grid.parts:
        note = "Nothing to average: all corpora are controls, or empty."
    elif len(grid.slices) > len(part.corpora):
        is_twice = any(grid.as_bytes(corpus) for corpus in grid.slices)
        twice = ", decoded files that are also there as bytes" * is_twice
        note = f"{left} (controls, empty{twice}) not averaged."
    else:
        return table
    return replace(table, notes=[note, *table.notes])


def part_table(board: Board, part: Part, key: str = "ratio") -> Table:
    """Rank the rows over a part.

    The mean, the means by kind or the ratios on each corpus, speeds, memory, and what stands behind
    the row.
    """
    grid, rows, means, machines = part.grid, part.rows, part.means, board.machines
    places, by, single = part.places(key), find_key(key), len(part.corpora) == 1
    kinds = grid.parts[1:] if part.name == "all" else []
    corpora = [] if kinds or single else part.corpora

    def interval(name: str) -> str:
        mean = means[name]
        if mean.value is None:
            return f"{mean.done} of {mean.of}"
        return format.interval(mean.low, mean.high)

    def environments(name: str) -> str:
        return " ".join(machines.marks(part.row_cells(name)))

    columns = [
        Column("#", fixed=True, show=lambda name: places[name]),
        Column("codec", "left", fixed=True, show=lambda name: marks.name_of(rows[name])),
        Column("raw\n%" if single else f"{part.name}\n%", show=_rate_of(part)),
        Column(marks.interval_head(part), drop=4, show=interval),
        *(Column(f"{kind.name}\n%", drop=2, show=_rate_of(kind)) for kind in kinds),
        *(Column(stack_head(c), drop=3, show=_rate_of(grid.part(c))) for c in corpora),
        *_paid_columns(part),
        *_speed_columns(part),
        Column("peak\nMB", drop=4, show=lambda name: format.megabytes(part.value(name, "memory"))),
    ]
    if machines.differ(part.cells):
        columns.append(Column("env", "left", drop=6, show=environments))
    if board.is_merged or not all(_is_plain(row) for row in rows.values()):
        columns.append(
            Column("class", "left", drop=6, show=lambda name: describe_evidence(rows[name]))
        )
    if board.is_merged:
        columns.append(
            Column("confirmed", drop=7, show=lambda name: str(len(rows[name].confirmed) or ""))
        )
        columns.append(
            Column(
                "from", "left", wrap=True, drop=7, show=lambda name: ", ".join(rows[name].folders)
            )
        )
    many = part.corpora[0] if single else format.plural(len(part.corpora), "corpus", "corpora")
    what = "Overall" if part.name == "all" else part.name
    notes = [
        *([_incomplete(part)] if rows and all(m.value is None for m in means.values()) else []),
        *marks.explain(part.cells, rows.values(), grid.pricing),
        *marks.explain_rigidity(part),
        *machines.caution(part.cells),
        *corpus_notes(grid, part.corpora),
    ]
    title = f"{what} · {grid.label} · {many} · by {by.title}, {by.direction}"
    return build_table(title, places, columns, MEANS_MADE, notes)


def corpus_table(board: Board, grid: Grid, corpus: str, key: str = "ratio") -> Table:
    """Rank the rows on one corpus.

    Those without figures are at the bottom, with what became of them.
    """
    by, machines, of, part = find_key(key), board.machines, grid.slices[corpus], grid.part(corpus)
    rows, column, places = part.rows, grid.column(corpus), part.places(key)
    cells = list(column.values())
    letters = {"e": part.front("encode"), "d": part.front("decode")}

    def shown(figure: Figure, to_text: Callable[[float | None], str]) -> Callable[[str], str]:
        return lambda name: to_text(figure(column[name]))

    def outcome(name: str) -> str:
        if not column[name].ok:
            return str(column[name].status)
        return "".join(letter for letter, front in letters.items() if name in front)

    columns = [
        Column("#", fixed=True, show=lambda name: places[name]),
        Column("codec", "left", fixed=True, show=lambda name: marks.name_of(rows[name])),
        Column("raw\n%", show=_rate_of(part)),
        Column("bpb", show=shown(metrics.bits_per_byte, format.bits)),
    ]
    if of.entropy is not None:
        columns.append(Column("excess\nbpb", show=shown(metrics.excess, format.bits)))
    columns += _paid_columns(part)
    if of.header_once:
        once = shown(metrics.header_once_ratio, format.percent)
        columns.append(Column("header\nonce %", show=once))
    columns += _speed_columns(part)
    columns += [
        Column("enc\nMB", show=lambda name: _memory(column[name], column[name].encode)),
        Column("dec\nMB", show=lambda name: _memory(column[name], column[name].decode)),
    ]
    all_ok = all(cell.ok for cell in cells)
    columns.append(Column("front" if all_ok else "front or\nstatus", "left", show=outcome))
    if machines.differ(cells):
        columns.append(
            Column("env", "left", show=lambda name: " ".join(machines.marks([column[name]])))
        )
    notes = marks.explain(cells, rows.values(), grid.pricing)
    if any(letters.values()):
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
    notes += machines.caution(cells)
    if read := describe_readings(grid, corpus):
        notes.append(f"{corpus}: {read}")
    title = f"{describe_corpus(grid, corpus)} · by {by.title}, {by.direction}"
    return build_table(title, places, columns, CORPUS_MADE, notes)


def _rate_of(part: Part) -> Callable[[str], str]:
    """Print the ratio of a row over a part, with its marks."""

    def show(name: str) -> str:
        row = part.grid.rows[name]
        return marks.mark_rate(part.value(name, "ratio"), row, part.row_cells(name))

    return show


def _paid_columns(part: Part) -> list[Column]:
    """What the ratios are with the model, if a row has one."""

    def paid(figure: Figure) -> Callable[[str], str]:
        return lambda name: marks.mark_rate(part.combine(name, figure), part.grid.rows[name])

    found = marks.paid_columns(part.cells)
    return [Column(head, drop=5, show=paid(figure)) for head, figure in found]


def _speed_columns(part: Part) -> list[Column]:
    def speed(key: str) -> Callable[[str], str]:
        return lambda name: format.significant(part.value(name, key))

    heads = {"enc\nMB/s": "encode", "dec\nMB/s": "decode"}
    return [Column(head, drop=1, show=speed(key)) for head, key in heads.items()]


def _memory(cell: Cell, phase: Phase | None) -> str:
    return format.megabytes(phase.memory_bytes if cell.ok and phase else None)


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
    notes = [*marks.explain_contamination(measured), *corpus_notes(grid, slices)]
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


def ledger_table(grid: Grid, corpus: str) -> Table | None:
    """Sum the bytes of all blobs of a corpus by purpose, the model beside them.

    None if no codec has a ledger there.
    """
    cells = {n: cell for n, cell in grid.column(corpus).items() if cell.ok and cell.ledger}
    if not cells:
        return None
    totals: Counter[str] = Counter()
    for cell in cells.values():
        totals.update(cell.ledger)
    entries = sorted(totals, key=lambda entry: (entry != "payload", -totals[entry], entry))
    made = (
        "Bytes of all blobs together, as each codec accounts for them; what stands between coded "
        "and header sums to coded. Header of one is the size of the blob for a single zero byte"
    )
    notes = []
    figures: list[tuple[str, Callable[[Cell], int | None]]] = [("coded", lambda c: c.coded_bytes)]
    figures += [(entry, partial(_ledger_entry, entry)) for entry in entries]
    if any(_off_the_books(cell) for cell in cells.values()):
        figures.append(("off the\nbooks", _off_the_books))
        notes.append("off the books: coded bytes that the codec's ledger leaves out.")
    figures.append(("header\nof one", lambda cell: cell.header_bytes))
    if any(cell.model_bytes for cell in cells.values()):
        figures.append(("model", metrics.total_model_bytes))
        made += "; the model is what the receiver must already hold"
        notes.append(grid.pricing.description)
    columns = [Column("codec", "left", fixed=True), *(Column(head) for head, _ in figures)]
    rows = [
        [name, *(format.count(figure(cell)) for _, figure in figures)]
        for name, cell in sorted(cells.items(), key=lambda item: (item[1].coded_bytes, item[0]))
    ]
    title = f"Ledger · {corpus} · {grid.label} · bytes"
    return Table(title, columns, rows, f"{made}.", notes)


def _ledger_entry(entry: str, cell: Cell) -> int:
    return cell.ledger.get(entry, 0)


def _off_the_books(cell: Cell) -> int:
    return cell.coded_bytes - sum(cell.ledger.values())


def corpus_notes(grid: Grid, corpora: Iterable[str]) -> list[str]:
    """What must be known about corpora whose bytes are not the standard ones, or are of files."""
    notes = []
    for name in corpora:
        label = grid.slices[name].label
        texts = [f"{label}."] * bool(label) + [describe_readings(grid, name)]
        if text := " ".join(filter(None, texts)):
            notes.append(f"{name}: {text}")
    return notes


def describe_evidence(row: Row) -> str:
    """`verified`; `learned, same-machine`; `≈ estimate`; and whether someone contradicts it."""
    words = ["learned"] if any(cell.is_learned for cell in row.cells.values()) else []
    if row.measured:
        words.append("≈ " * (not row.evidence.is_ranked) + row.evidence)
    else:
        words += sorted({str(cell.status) for cell in row.cells.values()})
    return ", ".join([*words, *["contradicted"] * row.contradicted])


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

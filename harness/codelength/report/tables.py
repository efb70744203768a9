"""The tables of a board: who wins each kind of media, rankings, controls, ledgers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from codelength.metrics import rates
from codelength.metrics.inference import METHOD
from codelength.report import format, marks, uncertainty
from codelength.report.board import ESTIMATED, OVER, Board, Grid, Part, family_of
from codelength.report.format import NA
from codelength.report.keys import Figure, find_key
from codelength.report.merge import Row
from codelength.report.table import Bad, Bold, Column, Table, build_table, stack_head
from codelength.results.cell import Cell, CorpusSlice, Evidence, Status

MEANS_METHOD = (
    "Size: coded / raw bytes, smaller is better; the geometric mean over the corpora, each kind of "
    "media with the same weight, and within it each corpus. A codec has a mean only where it "
    "decoded every corpus correctly; otherwise the table says how many it did. The 95% interval is "
    f"{METHOD} Speeds are geometric means, in raw MB for each CPU second; memory is "
    "the most that the codec added to its process, in either direction, on any corpus."
)
CORPUS_METHOD = (
    "Encoded, decoded by a process of its own, and compared. Speed: raw megabytes in a CPU second, "
    "the median repetition; memory: what the codec added to its process at the peak."
)
EVIDENCE = (
    "Class: verified, every blob was decoded by another process and compared; same-machine, so it "
    "was, but only where it was encoded; ≈ estimate, nothing was coded, so it has no "
    "place. Learned: trained weights, which adj counts as part of the message. Contradicted: see "
    "below. Confirmed: how many other folders found the same sizes in runs of their own."
)
FAST = 100.0
"""MB in a CPU second from which on decoding is fast, in the answer."""

REFERENCE = "gzip"
"""The format that everybody knows: sizes are set beside its best row."""

BLOCKS = " ▏▎▍▌▋▊▉█"
BAR = 10
"""Characters of a bar for the largest size."""


def answer_table(grid: Grid) -> Table | None:
    """Name the winners of each kind of media; None if nothing was decoded."""
    labels, rows = grid.labels, []

    def said(part: Part, name: str | None) -> str:
        return NA if name is None else f"{labels[name]} {_size(part, name)}%"

    for part in grid.parts[1:] or [grid.averaged]:
        winners = find_winners(part)
        kind = part.name if part.name != "all" else grid.slices[part.corpora[0]].kind
        if any(winners):
            rows.append([kind, *(Bold(said(part, name)) for name in winners)])
    fast = f"decodes {FAST:.0f} MB/s"
    columns = [Column(head, "left") for head in ("kind", "smallest", fast, "fastest")]
    method = (
        "By kind of media: the smallest, the smallest of those that decode at least "
        f"{FAST:.0f} MB in a CPU second, and of those that make data smaller, the one that takes "
        "the least CPU time to encode and decode."
    )
    return Table(f"Winners · {grid.label}", columns, rows, method) if rows else None


def find_winners(part: Part) -> list[str | None]:
    """Name the smallest row, the smallest that decodes fast, and the fastest; None: no such row.

    One that was measured on a sample wins only if its whole interval lies below the others.
    """
    sizes = {
        name: rate
        for name in part.grid.groups[""]
        if name in part.rows and (rate := part.value(name, "ratio")) is not None
    }
    least = min((rate for name, rate in sizes.items() if name not in part.estimates), default=0.0)
    for name, estimate in part.estimates.items():
        if name in sizes and estimate.high >= least:
            del sizes[name]
    encode, decode = ({n: part.value(n, key) or 0 for n in sizes} for key in ("encode", "decode"))
    by_size = sorted(sizes, key=lambda name: (sizes[name], -decode[name]))
    times = {n: 1 / encode[n] + 1 / decode[n] for n in by_size if encode[n] and decode[n]}
    smaller = [name for name in times if sizes[name] < 1]
    fast = [name for name in smaller if decode[name] >= FAST]
    fastest = min(smaller, key=times.__getitem__, default=None)
    return [next(iter(by_size), None), next(iter(fast), None), fastest]


def ranking_table(board: Board, part: Part, key: str = "ratio") -> Table:
    """Rank the rows over a part: a single corpus, those of a kind of media, or all.

    Columns that would say nothing are absent. The best of a column is bold.
    """
    grid, rows, by, places = part.grid, part.rows, find_key(key), part.places(key)
    of = grid.slices[part.corpora[0]] if len(part.corpora) == 1 else None
    column = grid.column(of.corpus) if of else {}
    ranked = [name for name in grid.groups[""] if name in rows]
    known = {name: part.value(name, "ratio") for name in places}
    smaller = [name for name in ranked if (known[name] or 1) < 1]

    def figures(
        head: str,
        values: Mapping[str, float | None],
        show: Callable[[str, float | None], str],
        drop: int = 0,
        larger: bool | None = False,
    ) -> Column:
        """A column of figures. Its best, of the rows that make data smaller, is bold."""
        rivals = {v for name in smaller or ranked if (v := values.get(name)) is not None}
        best = None
        if larger is not None and len(rivals) > 1:
            best = max(rivals) if larger else min(rivals)

        def shown(name: str) -> str:
            value = values.get(name)
            text = show(name, value)
            return Bold(text) if value == best is not None and name in ranked else text

        return Column(head, drop=drop, show=shown)

    def sizes(head: str, over: Part, drop: int = 0) -> Column:
        values = {name: over.value(name, "ratio") for name in places}
        return figures(head, values, lambda name, _: _size(over, name), drop)

    def per_cell(head: str, figure: Figure, show: Callable[[float | None], str]) -> Column:
        def shown(name: str) -> str:
            text = show(figure(column[name])) if name in column else ""
            is_guess = text not in ("", NA) and not rows[name].evidence.is_ranked
            return f"{ESTIMATED}{text}" if is_guess else text

        return Column(head, drop=3, show=shown)

    def speeds(head: str, speed: str) -> Column:
        values = {name: part.value(name, speed) for name in places}
        return figures(head, values, lambda _, v: format.significant(v), drop=1, larger=True)

    memory = {name: part.value(name, "memory") for name in places}
    columns = [
        Column("#", fixed=True, show=lambda name: places[name]),
        Column("codec", "left", fixed=True, show=lambda name: marks.name_of(rows[name])),
        sizes("size\n%", part),
        Column("", "left", drop=2, show=_bars(known)),
    ]
    compared = _times_smaller(known, rows)
    if compared:
        head = f"× smaller\nthan {REFERENCE}"
        columns.append(figures(head, compared, lambda _, v: format.times(v), 2, larger=None))
    columns += [speeds("enc\nMB/s", "encode"), speeds("dec\nMB/s", "decode")]
    columns.append(figures("mem\nMB", memory, lambda _, v: format.megabytes(v), drop=1))
    columns += uncertainty.columns(part)
    if of:
        columns.append(Column("coded\nbytes", drop=3, show=lambda name: _coded(column.get(name))))
        columns.append(per_cell("bpb", rates.bits_per_byte, format.bits))
        if of.entropy is not None:
            columns.append(per_cell("excess\nbpb", rates.excess, format.bits))
    else:
        kinds = grid.parts[1:] if part.name == "all" else []
        below = kinds or [grid.part(corpus) for corpus in part.corpora]
        columns += [sizes(stack_head(one.name) + "\n%", one, drop=4) for one in below]
    columns += _paid_columns(part)
    if of and of.header_once:
        columns.append(per_cell("header\nonce %", rates.header_once_ratio, format.percent))
    columns += _origin_columns(board, part)
    notes = _notes_on(board, part, of)
    title = f"{_describe(part)} · by {by.title}, {by.direction}"
    table = build_table(title, places, columns, CORPUS_METHOD if of else MEANS_METHOD, notes)
    return replace(table, facts=[_facts(part, name) for name in places])


def _facts(part: Part, name: str) -> dict[str, str]:
    """What the script of a page knows of a row."""
    row = part.rows[name]
    is_learned = any(cell.is_learned for cell in part.row_cells(name))
    tags = f"{'learned' if is_learned else 'classical'} {row.evidence}"
    figures = {"size": "ratio", "encode": "encode", "decode": "decode"}
    known = {key: part.value(name, by) for key, by in figures.items()}
    return {"name": name, "tags": tags} | {k: f"{v:.5g}" for k, v in known.items() if v is not None}


def _notes_on(board: Board, part: Part, of: CorpusSlice | None) -> list[str]:
    """What the marks mean, and what must be known about the corpora."""
    grid, rows = part.grid, part.rows
    notes = marks.explain(part.cells, rows.values(), grid.pricing)
    if part.name == "all" and (over := {grid.labels[n]: u for n, u in grid.over.items()}):
        listed = "; ".join(f"{name} {', '.join(map(str, uses))}" for name, uses in over.items())
        notes.insert(0, f"{OVER}: takes more than the budget, all corpora together: {listed}.")
    if of and of.header_once:
        notes.append(
            "header once: as in the published protocol, a codec's fixed header (its blob for one "
            "zero byte) counted for one sample only; the size counts every byte."
        )
    if of and not of.bytes:
        notes.append("The corpus has no bytes, so no size.")
    if of and of.entropy is not None:
        notes.append("excess: bits per byte above the entropy of the source.")
    if not of:
        means = [part.means[name] for name in rows]
        notes = [*([_incomplete(part)] if all(m.value is None for m in means) else []), *notes]
    left = len(grid.slices) - len(part.corpora)
    if part.name == "all" and not grid.parts:
        notes.insert(0, "Nothing to average: all corpora are controls, or empty.")
    elif part.name == "all" and left:
        is_twice = any(grid.as_bytes(corpus) for corpus in grid.slices)
        twice = ", decoded files that are also there as bytes" * is_twice
        many = format.plural(left, "corpus", "corpora")
        notes.insert(0, f"{many} (controls, empty{twice}) not averaged.")
    notes = [*uncertainty.notes(part), *notes]
    return [*notes, *board.machines.caution(part.cells), *corpus_notes(grid, part.corpora)]


def _describe(part: Part) -> str:
    """What a ranking is of: `Overall · whole · 8 corpora`, or a corpus with its size."""
    single, budget = len(part.corpora) == 1, part.grid.pricing.budget
    track = f" · {budget}" if budget else ""
    if single and part.name != "all":
        return describe_corpus(part.grid, part.corpora[0]) + track
    what = "Overall" if part.name == "all" else part.name
    many = part.corpora[0] if single else format.plural(len(part.corpora), "corpus", "corpora")
    return f"{what} · {part.grid.label} · {many}{track}"


def _size(part: Part, name: str) -> str:
    """The size of a row over a part, with its marks; of one without a size, what became of it."""
    row, cells = part.grid.rows[name], part.row_cells(name)
    rate = part.value(name, "ratio")
    if rate is not None or not cells or all(cell.ok for cell in cells):
        return ESTIMATED * (name in part.estimates) + marks.mark_rate(rate, row, cells)
    bad = [cell.status for cell in cells if not cell.ok]
    alone = len(part.corpora) == 1
    text = str(bad[0]) if alone else f"{len(cells) - len(bad)} of {len(part.corpora)}"
    return text if set(bad) <= {Status.UNSUPPORTED} else Bad(text)


def _bars(sizes: Mapping[str, float | None]) -> Callable[[str], str]:
    """Draw a size as a bar; the largest one is as long as `BAR`."""
    most = max((min(size, 1.0) for size in sizes.values() if size is not None), default=1.0)

    def show(name: str) -> str:
        eighths = round(8 * BAR * min(sizes[name] or 0, most) / (most or 1))
        return (BLOCKS[8] * (eighths // 8) + BLOCKS[eighths % 8]).rstrip()

    return show


def _times_smaller(
    sizes: Mapping[str, float | None], rows: Mapping[str, Row]
) -> dict[str, float | None]:
    """How many times smaller each row is than the best row of `REFERENCE`, if there is one."""
    known = [size for n, size in sizes.items() if size and family_of(rows[n].codec) == REFERENCE]
    return {n: min(known) / size if size else None for n, size in sizes.items()} if known else {}


def _paid_columns(part: Part) -> list[Column]:
    """What the sizes are with the model, if a row has one."""
    if not any(cell.model_bytes for cell in part.cells):
        return []

    def paid(name: str) -> str:
        return marks.mark_rate(part.combine(name, rates.adjusted_ratio), part.grid.rows[name])

    return [Column("adj %\nat N", drop=5, show=paid)]


def _origin_columns(board: Board, part: Part) -> list[Column]:
    """Where the figures of a row come from, and what stands behind them, where rows differ."""
    rows, machines = part.rows, board.machines
    columns = []
    if machines.differ(part.cells):

        def environments(name: str) -> str:
            return " ".join(machines.marks(part.row_cells(name)))

        columns.append(Column("env", "left", drop=6, show=environments))
    classes = {name: describe_evidence(row, part.row_cells(name)) for name, row in rows.items()}
    done = [said for n, said in classes.items() if any(cell.ok for cell in part.row_cells(n))]
    if board.is_merged or set(done) - {Evidence.VERIFIED}:
        columns.append(Column("class", "left", drop=6, show=classes.__getitem__))
    if board.is_merged:
        columns += [
            Column("confirmed", drop=7, show=lambda name: str(len(rows[name].confirmed) or "")),
            Column(
                "from", "left", wrap=True, drop=7, show=lambda name: ", ".join(rows[name].folders)
            ),
        ]
    return columns


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
    method = (
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
        figures.append(("model", rates.total_model_bytes))
        method += "; the model is what the receiver must already hold"
        notes.append(grid.pricing.description)
    columns = [Column("codec", "left", fixed=True), *(Column(head) for head, _ in figures)]
    rows = [
        [name, *(format.count(figure(cell)) for _, figure in figures)]
        for name, cell in sorted(cells.items(), key=lambda item: (item[1].coded_bytes, item[0]))
    ]
    title = f"Ledger · {corpus} · {grid.label} · bytes"
    return Table(title, columns, rows, f"{method}.", notes)


def _ledger_entry(entry: str, cell: Cell) -> int:
    return cell.ledger.get(entry, 0)


def _off_the_books(cell: Cell) -> int:
    return cell.coded_bytes - sum(cell.ledger.values())


def corpus_notes(grid: Grid, corpora: Iterable[str]) -> list[str]:
    """What must be known about corpora: whether their bytes are the standard ones, and remarks."""
    notes = []
    for name in corpora:
        of = grid.slices[name]
        texts = [f"{of.label}." * (of.label != "" and name not in grid.readings), of.remark]
        if text := " ".join(filter(None, texts)):
            notes.append(f"{name}: {text}")
    return notes


def describe_evidence(row: Row, cells: Sequence[Cell]) -> str:
    """`verified`; `learned, same-machine`; `≈ estimate`; and whether someone contradicts it."""
    words = ["learned"] if any(cell.is_learned for cell in cells) else []
    if any(cell.ok for cell in cells):
        words.append("≈ " * (not row.evidence.is_ranked) + row.evidence)
    else:
        words += sorted({str(cell.status) for cell in cells})
    return ", ".join([*words, *["contradicted"] * row.contradicted])


def _incomplete(part: Part) -> str:
    held = {c: sum(cell.ok for cell in part.grid.column(c).values()) for c in part.corpora}
    rarest = min(held, key=lambda corpus: held[corpus])
    return (
        f"No codec has all {len(part.corpora)} corpora, so there is no mean; {rarest} has the "
        "fewest codecs. 'codelength leaderboard --corpora' ranks by some corpora only."
    )


def _coded(cell: Cell | None) -> str:
    return "" if cell is None else format.count(cell.coded_bytes if cell.ok else None)

"""Who is best over many corpora: means by kind of media and in all, and what the terminal shows."""

from collections.abc import Callable, Iterable, Sequence

from codelength import metrics
from codelength.metrics import STORED, Mean, Pricing, geometric_mean
from codelength.report import bound, format, marks
from codelength.report.board import Board, boards
from codelength.report.failures import failures
from codelength.report.format import NA
from codelength.report.machines import Machines
from codelength.report.published import comparison
from codelength.report.rankings import KEYS, UNRANKED, key_named, ranking
from codelength.report.table import Column, Table
from codelength.results.cell import Cell, Environment

RIGID = "°"

MADE = (
    "Geometric mean over corpora of coded / raw bytes, smaller is better, each corpus with the "
    "same weight. A codec has a mean only where it decoded every corpus correctly; otherwise the "
    "table says n/a, and how many it did. The 95% interval is a percentile bootstrap of "
    f"{metrics.RESAMPLES} resamples of the samples within each corpus; it says nothing about "
    "other corpora."
)


def mean_of(board: Board, codec: str, value: Callable[[Cell], float | None]) -> float | None:
    """The geometric mean of a figure over a board; None where a corpus has none."""
    cells = board.row(codec)
    values = [found for cell in cells if cell and (found := value(cell)) is not None]
    return geometric_mean(values) if cells and len(values) == len(cells) else None


def memory_of(board: Board, codec: str) -> float | None:
    """The most that the codec added to its process on any corpus."""
    peaks = [metrics.memory(cell) if cell else None for cell in board.row(codec)]
    known = [peak for peak in peaks if peak is not None]
    return max(known) if known and len(known) == len(peaks) else None


def standing(board: Board, codec: str, key: str) -> float | None:
    """What the codec is ranked by over a board."""
    if key == "ratio":
        return board.means[codec].value
    if key == "memory":
        return memory_of(board, codec)
    return mean_of(board, codec, KEYS[key].value)


def order(board: Board, key: str) -> tuple[list[str], dict[str, str]]:
    """Codecs with their ranks, best first, those without a mean behind, fullest first."""
    ranks = key_named(key).ranks({codec: standing(board, codec, key) for codec in board.codecs})
    rest = [codec for codec in board.codecs if codec not in ranks]
    rest.sort(key=lambda codec: -board.means[codec].done)
    names = [*ranks, *rest]
    return names, {name: str(ranks.get(name, UNRANKED)) for name in names}


def standings(board: Board, machines: Machines, key: str = "ratio") -> Table:
    """The corpora of a board beside each other, and the mean over them."""
    names, ranks = order(board, key)
    rows = []
    for codec in names:
        mean = board.means[codec]
        cells = board.row(codec)
        value = marks.marked(mean_percent(mean), *cells)
        name = bound.named(codec, *cells)
        row = [ranks[codec], name, value, mean_interval(mean), *_charges(board, codec)]
        row += [
            marks.marked(format.percent(metrics.ratio(cell)), cell) if cell else NA
            for cell in cells
        ]
        rows.append(row)
    columns = [Column("#", fixed=True), Column("codec", "left", fixed=True), Column("mean\n%")]
    columns += [Column(interval_head(board)), *(Column(head) for head, _ in marks.COLUMNS)]
    columns += [Column(stacked(name)) for name in board.slices]
    many = f"{len(board.slices)} corpora" if len(board.slices) > 1 else "1 corpus"
    title = f"{board.name} · {board.protocol_label} · {many} · ratio in %, smaller is better"
    title += "" if key == "ratio" else f" · by {KEYS[key].title}"
    made = (
        f"The ratios of the {board.name} corpora, and their geometric mean with its 95% bootstrap "
        "interval, as in the overall table."
    )
    notes = [*marks.cautions(board.cells), *bound.cautions(board.cells)]
    notes += marks.notes(board.pricing, board.cells)
    return Table(title, columns, rows, made, [*notes, *rigidity(board), *board.labels])


def controls(board: Board) -> Table:
    """What each codec spends above the entropy of sources that are known."""
    rows = [[codec, *map(_excess, board.row(codec))] for codec in board.codecs]
    truth = [
        "true entropy",
        *(format.bits(corpus_slice.entropy) for corpus_slice in board.slices.values()),
    ]
    columns = [Column("codec", "left", fixed=True)]
    columns += [Column(stacked(name)) for name in board.slices]
    title = f"controls · {board.protocol_label} · bpb above the true entropy, smaller is better"
    made = (
        "Sources drawn from a known law: measured bits per byte, less the entropy of the law. "
        "They are checks, and count in no mean. A draw may by chance be a little cheaper than its "
        "law; a codec that is much cheaper is a mistake somewhere."
    )
    notes = [*marks.cautions(board.cells), *board.labels]
    return Table(title, columns, [truth, *rows], made, notes)


def summary(
    cells: Sequence[Cell],
    environments: Sequence[Environment],
    key: str = "ratio",
    pricing: Pricing = STORED,
) -> list[Table]:
    """The overall ranking, to be printed last: one short table for each protocol and limit."""
    machines = Machines(cells, environments)
    return [overall(board, machines, key) for board in boards(cells, pricing)]


def overall(board: Board, machines: Machines, key: str = "ratio") -> Table:
    """One row for each codec: the mean over all corpora, the means by kind, speed, memory."""
    by, parts = key_named(key), board.parts()
    kinds = parts[1:] if len(parts) > 2 else []  # a single kind is all there is
    whole = parts[0] if parts else board
    names, ranks = order(whole, key) if parts else (list(board.codecs), {})
    marked = machines.differ(whole.cells)
    rows = []
    for codec in names:
        mean = whole.means[codec]
        value = marks.marked(mean_percent(mean), *whole.row(codec))
        name = bound.named(codec, *whole.row(codec))
        row = [ranks.get(codec, UNRANKED), name, value, mean_interval(mean)]
        row += [
            marks.marked(mean_percent(part.means[codec]), *part.row(codec))
            if codec in part.codecs
            else NA
            for part in kinds
        ]
        row += [
            *_charges(whole, codec),
            format.significant(mean_of(whole, codec, metrics.encode_speed)),
            format.significant(mean_of(whole, codec, metrics.decode_speed)),
            format.megabytes(memory_of(whole, codec)),
        ]
        row += [" ".join(machines.marks(filter(None, whole.row(codec))))] if marked else []
        rows.append(row)
    heads = ["all\n%", interval_head(whole), *(f"{part.name}\n%" for part in kinds)]
    heads += [*(head for head, _ in marks.COLUMNS), "enc\nMB/s", "dec\nMB/s", "peak\nMB"]
    columns = [Column("#", fixed=True), Column("codec", "left", fixed=True)]
    columns += [*map(Column, heads), *([Column("env", "left")] if marked else [])]
    what = "ratio in %, smaller is better"
    what += "" if key == "ratio" else f" · by {by.title}, {by.direction}"
    title = f"Overall · {board.protocol_label} · {what}"
    made = (
        f"{MADE} Speeds are geometric means, in raw MB for each CPU second; peak is the most "
        "memory that the codec added to its process, in either direction, on any corpus."
    )
    notes = [*marks.cautions(whole.cells), *bound.cautions(whole.cells)]
    notes += marks.notes(board.pricing, whole.cells)
    notes += [*rigidity(whole), *machines.caution(whole.cells), *whole.labels]
    left = len(board.slices) - len(whole.slices)
    if left and parts:
        notes.insert(
            0, f"{left} of {len(board.slices)} corpora (controls, empty ones) not averaged."
        )
    if not parts:
        notes.insert(0, "Nothing to average: all corpora are controls, or empty.")
    return Table(title, columns, rows, made, notes)


def tables(
    cells: Sequence[Cell],
    environments: Sequence[Environment],
    key: str = "ratio",
    pricing: Pricing = STORED,
) -> list[Table]:
    """For a terminal: by protocol, each corpus, each kind, the controls; then all failures."""
    machines = Machines(cells, environments)
    found = []
    for board in boards(cells, pricing):
        found += [ranking(board, corpus, machines, key) for corpus in board.slices]
        found += [standings(part, machines, key) for part in kinds_of(board)]
        checks, beside = board.controls(), comparison(board)
        found += [controls(checks)] if checks else []
        found += [beside] if beside else []
    return [*found, *filter(None, [failures(cells)])]


def kinds_of(board: Board) -> Iterable[Board]:
    """The boards of several corpora of one kind; the mean over one says nothing new."""
    return [part for part in board.parts()[1:] if len(part.slices) > 1]


def stacked(name: str) -> str:
    """A long name over several lines, broken behind its own punctuation."""
    import re

    lines = [""]
    for piece in re.findall(r"[^-_:@=/,]+[-_:@=/,]*|[-_:@=/,]+", name):
        if lines[-1] and len(lines[-1]) + len(piece) > 9:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _charges(board: Board, codec: str) -> list[str]:
    """The means of what `marks.COLUMNS` name; at N, each corpus at its own size."""
    return [format.percent(mean_of(board, codec, value)) for _, value in marks.COLUMNS]


def _excess(cell: Cell | None) -> str:
    return marks.marked(format.bits(metrics.excess(cell)), cell) if cell else NA


def mean_percent(mean: Mean) -> str:
    """A mean as printed, n/a over a hole."""
    return format.percent(mean.value)


def mean_interval(mean: Mean) -> str:
    """Its interval; over a hole, how many corpora there are."""
    if mean.value is None:
        return f"{mean.done} of {mean.of}"
    return format.interval(mean.low, mean.high)


def interval_head(board: Board) -> str:
    """The head of the column of intervals."""
    return "95%\ninterval" + RIGID * any(mean.rigid for mean in board.means.values())


def rigidity(board: Board) -> list[str]:
    """What the mark in that head means, where it is there."""
    most = max((mean.rigid for mean in board.means.values()), default=0)
    if not most:
        return []
    few = f"{most} of {len(board.slices)} corpora"
    return [f"{RIGID} {few} with one sample: it cannot be resampled and adds no spread."]

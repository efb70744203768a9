"""Who is best at what, corpus by corpus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from codelength import metrics
from codelength.api.errors import unknown
from codelength.metrics import Rank, pareto, ranks
from codelength.report import bound, format, marks
from codelength.report.board import Board
from codelength.report.format import NA
from codelength.report.machines import Machines
from codelength.report.table import Column, Table
from codelength.results.cell import Cell, CorpusSlice

UNRANKED = "-"


@dataclass(frozen=True)
class Key:
    """Something to rank by."""

    title: str
    value: Callable[[Cell], float | None]
    larger: bool = False

    @property
    def direction(self) -> str:
        """Which end is the better one."""
        return "larger is better" if self.larger else "smaller is better"

    def ranks(self, values: Mapping[str, float | None]) -> dict[str, Rank]:
        """The ranks of those that have a value, the best first."""
        sign = -1 if self.larger else 1
        costs = {name: sign * value for name, value in values.items() if value is not None}
        placed = zip(costs, ranks(list(costs.values())), strict=True)
        return dict(sorted(placed, key=lambda item: item[1].place))


KEYS = {
    "ratio": Key("ratio", metrics.ratio),
    "adjusted": Key("ratio adjusted for the prior", metrics.adjusted),
    "encode": Key("encode speed", metrics.encode_speed, larger=True),
    "decode": Key("decode speed", metrics.decode_speed, larger=True),
    "memory": Key("memory", metrics.memory),
}

MADE = (
    "Encoded, decoded by a process of its own, and compared. Speed (MB/s): raw megabytes in a CPU "
    "second, the median repetition; memory (MB): what the codec added to its process at the peak."
)


def key_named(name: str) -> Key:
    """The key of that name. Raises UsageError."""
    if name not in KEYS:
        raise unknown("ranking key", name, KEYS, "codelength report --help")
    return KEYS[name]


def described(board: Board, corpus: str) -> str:
    """What a corpus is, in a title: `text8 · whole · text, 10 samples, 1,000 bytes`."""
    corpus_slice = board.slices[corpus]
    samples = f"{format.count(corpus_slice.samples)} sample{'s' * (corpus_slice.samples != 1)}"
    parts = [
        corpus,
        board.protocol_label,
        f"{corpus_slice.kind}, {samples}, {format.count(corpus_slice.bytes)} B",
    ]
    if corpus_slice.entropy is not None:
        parts.append(f"true entropy {format.bits(corpus_slice.entropy)} bpb")
    if corpus_slice.label:
        parts.append(corpus_slice.label)
    return " · ".join(parts)


def ranking(board: Board, corpus: str, machines: Machines, key: str = "ratio") -> Table:
    """All codecs on one corpus; those without figures at the bottom, with what became of them."""
    by, corpus_slice = key_named(key), board.slices[corpus]
    column = board.column(corpus)
    cells = list(column.values())
    placed = by.ranks({codec: by.value(cell) for codec, cell in column.items()})
    rest = sorted((c for c in column if c not in placed), key=lambda c: not column[c].ok)
    shown = _shown(corpus_slice)
    fronts = _fronts(column)
    marked, broken = machines.differ(cells), not all(cell.ok for cell in cells)
    rows = []
    for codec in [*placed, *rest]:
        cell = column[codec]
        row = [str(placed.get(codec, UNRANKED)), bound.named(codec, cell)]
        row += [figure(cell) for _, figure in shown]
        row += [fronts[codec] if cell.ok else str(cell.status)]
        row += [machines.mark(cell.run) if cell.ok else ""] if marked else []
        rows.append(row)
    columns = [Column("#", fixed=True), Column("codec", "left", fixed=True)]
    columns += [Column(head) for head, _ in shown]
    columns += [Column("front,\nstatus" if broken else "front", "left")]
    columns += [Column("env", "left")] if marked else []
    title = f"{described(board, corpus)} · by {by.title}, {by.direction}"
    return Table(title, columns, rows, MADE, _notes(board, corpus_slice, cells, fronts, machines))


Figure = tuple[str, Callable[[Cell], str]]


def _shown(corpus_slice: CorpusSlice) -> list[Figure]:
    """The heads and figures of a corpus."""
    shown: list[Figure] = [
        ("raw\n%", lambda cell: marks.marked(format.percent(metrics.ratio(cell)), cell)),
        ("bpb", lambda cell: format.bits(metrics.bits_per_byte(cell))),
    ]
    if corpus_slice.entropy is not None:
        shown.append(("excess\nbpb", lambda cell: format.bits(metrics.excess(cell))))
    shown += [
        (head, lambda cell, value=value: format.percent(value(cell)))  # type: ignore[misc]
        for head, value in marks.COLUMNS
    ]
    if corpus_slice.header_once:
        shown.append(("header\nonce %", lambda c: format.percent(metrics.header_once(c))))
    return [
        *shown,
        ("enc\nMB/s", lambda cell: format.significant(metrics.encode_speed(cell))),
        ("dec\nMB/s", lambda cell: format.significant(metrics.decode_speed(cell))),
        ("enc\nMB", lambda cell: _memory(cell, "encode")),
        ("dec\nMB", lambda cell: _memory(cell, "decode")),
    ]


def _memory(cell: Cell, direction: str) -> str:
    phase = cell.encode if direction == "encode" else cell.decode
    return format.megabytes(phase.memory_bytes) if cell.ok and phase else NA


def _fronts(column: Mapping[str, Cell]) -> dict[str, str]:
    """Each codec's letters: e, d, ed, or none."""
    letters = dict.fromkeys(column, "")
    for letter, speed in (("e", metrics.encode_speed), ("d", metrics.decode_speed)):
        points = {
            codec: (float(cell.coded_bytes), fast)
            for codec, cell in column.items()
            if (fast := speed(cell)) is not None
        }
        for codec, best in zip(points, pareto(list(points.values())), strict=True):
            letters[codec] += letter if best else ""
    return letters


def _notes(
    board: Board,
    corpus_slice: CorpusSlice,
    cells: list[Cell],
    fronts: Mapping[str, str],
    machines: Machines,
) -> list[str]:
    notes = [*marks.cautions(cells), *bound.cautions(cells)]
    notes += marks.notes(board.pricing, cells)
    if any(fronts.values()):
        notes.append("front: no other codec is both smaller and faster to encode (e), decode (d).")
    if corpus_slice.header_once:
        notes.append(
            "header once: as in the published protocol, a codec's fixed header (its blob for one "
            "zero byte) counted for one sample only; the ratio counts every byte."
        )
    if corpus_slice.entropy is not None:
        notes.append("excess: bits per byte above the entropy of the source.")
    if not corpus_slice.bytes:
        notes.append("The corpus has no bytes, so no ratio.")
    return notes + machines.caution(cells)

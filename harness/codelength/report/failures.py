"""What went wrong or was left out: failed cells, contradictions, corpora that were not merged."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from codelength.report import format
from codelength.report.board import Board
from codelength.report.table import Bad, Column, Table, to_line
from codelength.results.cell import Status

URGENT = [
    Status.MISMATCH,
    Status.FAILED,
    Status.OUT_OF_MEMORY,
    Status.TIMEOUT,
    Status.UNSUPPORTED,
]


def failures_table(board: Board) -> Table | None:
    """List every cell that is not ok, the gravest first.

    Those of one codec, folder and reason are in one row. None if all are ok.
    """
    found: dict[tuple[int, str, str, str, str], dict[str, None]] = defaultdict(dict)
    for measurement in board.failed:
        cell = measurement.cell
        place = (URGENT.index(cell.status), cell.codec, measurement.folder)
        reason = " ".join(cell.reason.split())
        found[(*place, format.protocol(cell.slice), reason)][cell.slice.corpus] = None
    if not found:
        return None
    rows = [
        [str(URGENT[urgency]), codec, ", ".join(sorted(corpora)), protocol]
        + [folder] * board.is_merged
        + [reason]
        for (urgency, codec, folder, protocol, reason), corpora in sorted(found.items())
    ]
    columns = [Column("status", "left"), Column("codec", "left")]
    columns += [Column("corpus", "left", wrap=True), Column("protocol", "left")]
    columns += [Column("from", "left")] * board.is_merged
    columns += [Column("reason", "left", wrap=True)]
    method = (
        "Every cell that has no figures. Unsupported: the codec declines such input by design; "
        "mismatch: it decoded to other bytes. None of them is in any mean."
    )
    many = format.plural(sum(map(len, found.values())), "cell")
    return Table(f"Not ok · {many}", columns, rows, method)


def failures_line(board: Board) -> list[str]:
    """Say in a line each how many cells are not ok, and what was left out; name the gravest."""
    left_out: list[str] = [Bad(_first_of(board.left_out))] if board.left_out else []
    found = sorted(board.failed, key=lambda m: (URGENT.index(m.cell.status), m.cell.codec))
    if not found:
        return left_out
    first = found[0].cell
    line = to_line(f"{first.codec} on {first.slice.corpus}: {first.status}: {first.reason}")
    line = f"{format.plural(len(found), 'cell')} not ok: {line}"
    line = _first_of([line] * len(found))
    return [line if first.status is Status.UNSUPPORTED else Bad(line), *left_out]


def _first_of(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - 1} more: --full" if len(lines) > 1 else ""
    return to_line(lines[0]) + more


def remark_tables(board: Board) -> Iterator[Table]:
    """List contradictions between folders, failed cells, and what was left out."""
    if board.contradictions:
        method = (
            "Same codec, same libraries, same bytes, and another outcome: one of the two is wrong, "
            "or the codec depends on something that it does not tell."
        )
        yield _list_table("Contradictions", board.contradictions, method)
    if failures := failures_table(board):
        yield failures
    if board.left_out:
        method = "Not merged, because these are not the same bytes under the same protocol."
        yield _list_table("Left out", board.left_out, method)
    if board.problems:
        method = "Lines of the files of results that say what cannot be. They count nowhere."
        yield _list_table("Not a result", board.problems, method)


def _list_table(title: str, lines: Iterable[str], method: str) -> Table:
    rows = [[line] for line in dict.fromkeys(lines)]
    return Table(f"{title} · {len(rows)}", [Column("what", "left", wrap=True)], rows, method)

"""What did not come out right, and why."""

from collections import defaultdict
from collections.abc import Iterable

from codelength.report.board import boards
from codelength.report.table import Column, Table
from codelength.results.cell import Cell, Status

URGENT = [
    Status.MISMATCH,
    Status.FAILED,
    Status.OUT_OF_MEMORY,
    Status.TIMEOUT,
    Status.UNSUPPORTED,
]


def failures(cells: Iterable[Cell]) -> Table | None:
    """Every cell that is not ok, the gravest first, those of one codec and reason in one row; None
    if all are ok."""
    found: dict[tuple[int, str, str, str], list[str]] = defaultdict(list)
    for board in boards(cells):
        for (codec, corpus), cell in board.grid.items():
            if not cell.ok:
                reason = " ".join(cell.reason.split())
                place = (URGENT.index(cell.status), codec, board.protocol_label, reason)
                found[place].append(corpus)
    if not found:
        return None
    rows = [
        [str(URGENT[urgency]), codec, ", ".join(sorted(corpora)), protocol, reason]
        for (urgency, codec, protocol, reason), corpora in sorted(found.items())
    ]
    columns = [
        Column("status", "left"),
        Column("codec", "left"),
        Column("corpus", "left", wrap=True),
        Column("protocol", "left"),
        Column("reason", "left", wrap=True),
    ]
    made = (
        "Every cell that has no figures. Unsupported: the codec declines such input by design; "
        "mismatch: it decoded to other bytes. None of them is in any mean."
    )
    many = sum(map(len, found.values()))
    return Table(f"Not ok · {many} cell{'s' * (many != 1)}", columns, rows, made)

"""Rows whose blobs decode on the machine that made them and nowhere else, which a name says."""

from collections.abc import Iterable

from codelength.results.cell import Cell, Evidence

MARK = "⌂"


def bound(cell: Cell) -> bool:
    """Whether its blobs are only known to decode where they were encoded."""
    return cell.evidence is Evidence.SAME_MACHINE


def named(codec: str, *cells: Cell | None) -> str:
    """A codec's name as it stands in a row of `cells`."""
    return f"{codec} {MARK}" if any(bound(cell) for cell in cells if cell) else codec


def cautions(cells: Iterable[Cell]) -> list[str]:
    """What the mark means; nothing if none of `cells` has it."""
    if not any(map(bound, cells)):
        return []
    return [
        f"{MARK} same machine: decoded and found equal, but only where it was encoded; other "
        "hardware, libraries or threads refuse its blobs, so nobody else can check the row."
    ]

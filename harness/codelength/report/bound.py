"""Rows whose blobs decode on the machine that made them and nowhere else, which a name says."""

from collections.abc import Iterable

from codelength.results.cell import Cell

MARK = "⌂"


def bound(cell: Cell) -> bool:
    """Whether the codec says so in its versions, as models in floating point do."""
    return cell.versions.get("decodes") == "same-machine"


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

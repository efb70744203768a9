"""The report as files: report.md, and its plots beside it; and how other pages become files."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from codelength.metrics import STORED, Pricing
from codelength.report.export.markdown import report
from codelength.results.cell import Cell, Environment

T = TypeVar("T")

WITHOUT_PLOTS = (
    "No plots: matplotlib is not installed. This command brings it, and running the report again "
    "draws them: `python -m pip install 'codelength[plots]'`"
)


def write(
    cells: Sequence[Cell],
    environments: Sequence[Environment],
    out: Path,
    key: str = "ratio",
    pricing: Pricing = STORED,
) -> Path:
    """Writes `out`/report.md and `out`/plots/*.svg, and returns the path of the former.

    Each file is replaced in one step, the text last: whoever reads meanwhile finds the old report
    or the new one. The same cells give the same bytes. Raises OSError.
    """
    from codelength.report.plots import draw

    captions = {}
    drawings = drawn(lambda: list(draw(cells, environments, pricing)))
    remark = WITHOUT_PLOTS if drawings is None else ""
    for drawing in drawings or []:
        replace(out / "plots" / drawing.name, drawing.svg)
        captions[drawing.name] = drawing.caption
    path = out / "report.md"
    replace(path, report(cells, environments, key, captions, remark, pricing).encode())
    return path


def put_page(path: Path, parts: Iterable[str]) -> Path:
    """Puts a page of Markdown in place, its parts a line apart; `path`. Raises OSError."""
    replace(path, ("\n\n".join(part.strip("\n") for part in parts) + "\n").encode())
    return path


def picture(folder: Path, name: str, what: str, draw: Callable[[], bytes]) -> str:
    """Puts an SVG in `folder`/plots; the Markdown that shows it, or says why there is none. Raises
    OSError."""
    svg = drawn(draw)
    if svg is None:
        return WITHOUT_PLOTS
    replace(folder / "plots" / f"{slug(name)}.svg", svg)
    return f"![{what}](plots/{slug(name)}.svg)"


def drawn(draw: Callable[[], T]) -> T | None:
    """What `draw` makes; None where matplotlib is not installed."""
    try:
        return draw()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        return None


def slug(name: str) -> str:
    """A name as part of a file's."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name).split())


def replace(path: Path, data: bytes) -> None:
    """Puts a file in place in one step, with the folders it needs. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

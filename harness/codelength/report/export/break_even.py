"""All about break-evens as files: break-even.md, and its plots beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from codelength.report.appendix import corpora, libraries, models, runs
from codelength.report.break_even import Field, tables
from codelength.report.export.files import WITHOUT_PLOTS, drawn, put_page, replace
from codelength.report.machines import Machines
from codelength.results.cell import Cell, Environment

NAME = "break-even.md"

GUIDE = (
    "A codec whose receiver must hold a prior of M bytes (weights, tokenizer) and whose ratio is r "
    "spends M + r · N bytes on N bytes of such data. Two codecs break even where they spend the "
    "same. That r is at any size what was measured at one is an assumption, to the disadvantage of "
    "codecs that go on learning as they code. Every ratio is of blobs that a process of its own "
    "decoded to the bytes that went in."
)


def write(
    fields: Sequence[Field], cells: Sequence[Cell], environments: Sequence[Environment], out: Path
) -> Path:
    """Writes the page and its plots into `out`, each file in one step, and returns the path of the
    page. The same cells give the same bytes. Raises OSError."""
    parts = ["# Break-even", GUIDE, fields[0].board.pricing.told if fields else ""]
    for here in fields:
        parts += [f"## {here.label}", *_pictures(here, out)]
        parts += [table.markdown() for table in tables(here)]
    machines = Machines(cells, environments)
    made = [make(cells) for make in (libraries, models, corpora)]
    parts += ["## Provenance", runs(cells, machines).markdown()]
    parts += [table.markdown() for table in made if table.rows]
    return put_page(out / NAME, filter(None, parts))


def _pictures(here: Field, out: Path) -> Iterator[str]:
    from codelength.report.break_even_plots import draw

    drawings = drawn(lambda: list(draw(here)))
    if drawings is None:
        yield WITHOUT_PLOTS
    for drawing in drawings or []:
        replace(out / "plots" / drawing.name, drawing.svg)
        yield f"![{here.label}](plots/{drawing.name})"
        yield drawing.caption

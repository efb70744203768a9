"""`codelength break-even`: from which corpus size on a codec is cheaper than another."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from codelength.api.errors import UsageError, unknown
from codelength.api.spec import split_specs
from codelength.cli import warn_problems
from codelength.cli.exports import Outputs, with_exports
from codelength.cli.options import Folder, with_out, with_plugins
from codelength.cli.pricing import price_cells, with_price
from codelength.metrics.price import Price
from codelength.plugins import Plugins
from codelength.results.cell import Cell


@click.command()
@click.argument("folder", type=Folder(), metavar="DIR")
@click.option("--codecs", metavar="LIST", help="Only these: specs, or names of families.")
@click.option("--corpora", "--corpus", "corpora", metavar="LIST", help="Only these.")
@click.option("--protocol", "protocols", metavar="LIST", help="Only under these.")
@with_out("Where break-even.md and its plots go; by default, beside the results.")
@with_exports
@with_price
@with_plugins
def command(
    folder: Path,
    codecs: str | None,
    corpora: str | None,
    protocols: str | None,
    out: Path | None,
    outputs: Outputs,
    price: Price,
    decoder_bytes: bool,
    plugins: Plugins,
) -> int:
    """Show from which corpus size on each codec is cheaper than each other one.

    Models count. Ratios are those that were measured at several sizes: codecs learn, so nothing is
    said of sizes beyond. For models of one family, shows the best one at each size. Ends with 3 if
    the folder has lines that are not results.

    \b
    codelength run --corpora enwik6 --limit head:250kB --out growth
    codelength run --corpora enwik6 --limit head:500kB --out growth
    codelength break-even growth --price compressed
    """
    from codelength.report.board import build_board
    from codelength.results.store import load_existing
    from codelength_break_even.page import BreakEvenPage

    results = load_existing(folder)
    cells = [cell for cell in results.current if cell.ok and cell.slice.bytes]
    if not cells:
        raise UsageError(
            f"no results with a size in {folder}; 'codelength report {folder}' shows them"
        )
    cells = _select(cells, "protocol", protocols, lambda cell: (cell.slice.protocol,))
    cells = _select(cells, "corpus", corpora, lambda cell: (cell.slice.corpus,))
    cells = _select(cells, "codec", codecs, lambda cell: (cell.codec, cell.codec.partition(":")[0]))
    pricing = price_cells(price, decoder_bytes, cells, plugins, [folder])
    page = BreakEvenPage(build_board({"results": replace(results, cells=cells)}, pricing=pricing))
    outputs.show(page)
    outputs.write_report(page, out or folder, "break-even.md")
    return warn_problems(results.problems)


def _select(
    cells: Sequence[Cell], kind: str, given: str | None, names: Callable[[Cell], tuple[str, ...]]
) -> list[Cell]:
    """Select the cells that a comma-separated list names. Raises UsageError for an unknown name."""
    if given is None:
        return list(cells)
    known = {name for cell in cells for name in names(cell)}
    wanted = split_specs(given)
    for name in wanted:
        if name not in known:
            raise unknown(kind, name, known, "codelength report DIR")
    return [cell for cell in cells if set(names(cell)) & set(wanted)]

"""`codelength break-even`: from which corpus size on a codec is cheaper than another."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from codelength.api.errors import StoreError, UsageError, unknown
from codelength.api.spec import split_specs
from codelength.cli.options import load_plugins, with_out, with_plugins
from codelength.cli.pricing import pricing, terminal_width, with_price
from codelength.results.cell import Cell


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--codecs", metavar="LIST", help="Only these: specs, or names of families.")
@click.option("--corpora", "--corpus", "corpora", metavar="LIST", help="Only these.")
@click.option("--protocol", "protocols", metavar="LIST", help="Only under these.")
@with_out("Where break-even.md and its plots go; by default, beside the results.")
@with_price
@with_plugins
def command(
    folder: Path,
    codecs: str | None,
    corpora: str | None,
    protocols: str | None,
    out: Path | None,
    price: str,
    decoder_bytes: bool,
    files: tuple[str, ...],
    data: Path | None,
) -> None:
    """Show from which corpus size on each codec is cheaper than each other one.

    Priors count. For models of one family, shows the best size at each corpus size.

    \b
    codelength break-even codelength-results --corpora enwik6 --price compressed
    """
    from codelength.report import break_even as tables
    from codelength.report.board import boards
    from codelength.report.export import break_even as page
    from codelength.results.store import load

    results = load(folder)
    cells = [cell for cell in results.current if cell.ok and cell.slice.bytes]
    if not cells:
        raise UsageError(f"no results in {folder}; 'codelength run --out {folder}' makes them")
    cells = _only(cells, "protocol", protocols, lambda cell: (cell.slice.protocol,))
    cells = _only(cells, "corpus", corpora, lambda cell: (cell.slice.corpus,))
    cells = _only(cells, "codec", codecs, lambda cell: (cell.codec, cell.codec.partition(":")[0]))
    charge = pricing(price, decoder_bytes, cells, load_plugins(files, data), folder)
    fields = [
        tables.field(board, corpus) for board in boards(cells, charge) for corpus in board.slices
    ]
    width = terminal_width()
    for here in fields:
        for table in tables.tables(here):
            click.echo(table.text(width))
    try:
        path = page.write(fields, cells, list(results.environments.values()), out or folder)
    except OSError as error:
        raise StoreError(
            f"no report can be written to {out or folder}: {error.strerror}"
        ) from error
    click.echo(f"report: {path}")


def _only(
    cells: Sequence[Cell], kind: str, given: str | None, names: Callable[[Cell], tuple[str, ...]]
) -> list[Cell]:
    """The cells that a comma-separated list names. Raises UsageError for a name of none."""
    if given is None:
        return list(cells)
    known = {name for cell in cells for name in names(cell)}
    wanted = split_specs(given)
    for name in wanted:
        if name not in known:
            raise unknown(kind, name, known, "codelength report DIR")
    return [cell for cell in cells if set(names(cell)) & set(wanted)]

"""`codelength report`: the tables and plots of what was measured before."""

from collections.abc import Sequence
from pathlib import Path

import click

from codelength.api.errors import StoreError, UsageError
from codelength.cli.options import KEY, load_plugins, with_plugins
from codelength.cli.pricing import pricing, terminal_width, with_price
from codelength.metrics import STORED, Pricing
from codelength.results.cell import Cell, Environment


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@KEY
@with_price
@with_plugins
def command(
    folder: Path,
    key: str,
    price: str,
    decoder_bytes: bool,
    files: tuple[str, ...],
    data: Path | None,
) -> None:
    """Write the tables and plots of a results folder again.

    \b
    codelength report codelength-results --sort adjusted --price 2bytes
    """
    from codelength.results.store import load

    results = load(folder)
    if not results.cells:
        raise UsageError(f"no results in {folder}; 'codelength run --out {folder}' makes them")
    charge = pricing(price, decoder_bytes, results.current, load_plugins(files, data), folder)
    show(results.current, list(results.environments.values()), folder, key, charge)


def show(
    cells: Sequence[Cell],
    environments: Sequence[Environment],
    out: Path,
    key: str,
    charge: Pricing = STORED,
) -> None:
    """Prints the tables and writes the report into the folder."""
    from codelength.report import summary, tables, write

    width = terminal_width()
    for table in tables(cells, environments, key, charge):
        click.echo(table.text(width))
    try:
        path = write(cells, environments, out, key, charge)
    except OSError as error:
        raise StoreError(f"no report can be written to {out}: {error.strerror}") from error
    for table in summary(cells, environments, key, charge):
        click.echo(table.text(width))
    click.echo(f"report: {path}")

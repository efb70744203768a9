"""`codelength report`: the tables and plots of what was measured before."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from codelength.cli.options import KEY
from codelength.errors import StoreError, UsageError
from codelength.result import Cell, Environment


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@KEY
def command(folder: Path, key: str) -> None:
    """Write the tables and plots of a results folder again."""
    from codelength.store import load

    results = load(folder)
    if not results.cells:
        raise UsageError(f"no results in {folder}; 'codelength run --out {folder}' makes them")
    show(results.current, list(results.environments.values()), folder, key)


def show(cells: Sequence[Cell], environments: Sequence[Environment], out: Path, key: str) -> None:
    """Prints the tables and writes the report into the folder."""
    from codelength.report import summary, tables, write

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for table in tables(cells, environments, key):
        click.echo(table.text(width))
    try:
        path = write(cells, environments, out, key)
    except OSError as error:
        raise StoreError(f"no report can be written to {out}: {error.strerror}") from error
    for table in summary(cells, environments, key):
        click.echo(table.text(width))
    click.echo(f"report: {path}")

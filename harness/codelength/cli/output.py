"""What commands print."""

import shutil
import sys

import click

from codelength.report.table import Table


def print_sections(*sections: str | Table) -> None:
    """Print tables and prose.

    Tables are as wide as the terminal; in a pipe or a file, a row is one line.
    """
    width = terminal_width()
    for section in sections:
        click.echo(section.text(width) if isinstance(section, Table) else section)


def terminal_width() -> int | None:
    """Return the columns of the terminal; None for a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

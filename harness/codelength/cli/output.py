"""What commands print."""

import shutil
import sys

import click

from codelength.report.table import Table


def print_sections(*sections: str | Table) -> None:
    """Print tables and prose. Tables are as wide as the terminal; in a pipe or a file, a row is
    one line."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for section in sections:
        click.echo(section.text(width) if isinstance(section, Table) else section)

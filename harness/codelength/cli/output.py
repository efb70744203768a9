"""What commands print."""

import os
import shutil
import sys
from pathlib import Path

import click

from codelength.report.table import Table

STDOUT = Path("-")
"""Standard output, as the value of an option that takes a file."""


def print_sections(*sections: str | Table, err: bool = False) -> None:
    """Print tables and prose; with `err` to standard error, because a file goes to the output.

    Tables are as wide as the terminal; in a pipe or a file, a row is one line.
    """
    width = terminal_width()
    for section in sections:
        click.echo(section.text(width) if isinstance(section, Table) else section, err=err)


def has_colour() -> bool:
    """Return whether to paint what is printed: in a terminal, unless `NO_COLOR` is set."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def terminal_width() -> int | None:
    """Return the columns of the terminal; None for a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

"""What commands print."""

import os
import shutil
import sys
from pathlib import Path

import click

from codelength.report.table import Table

STDOUT = Path("-")
"""Standard output, as the value of an option that takes a file."""


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

Rows = list[dict[str, str]]
"""Lines of a listing, by the names of their fields."""


def print_rows(rows: Rows, as_json: bool) -> None:
    """Print a listing in columns, or as JSON."""
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=1))
    for line in () if as_json else aligned([list(row.values()) for row in rows]):
        click.echo(line)


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows of text in columns, the last one as long as it is."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


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

"""`codelength leaderboard`: one ranking out of many results folders."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from codelength.api.errors import StoreError, UsageError
from codelength.cli.options import KEY

STDOUT = Path("-")


def _output(option: str, what: str) -> Callable[..., Any]:
    return click.option(
        f"--{option}",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        metavar="FILE",
        help=f"Write {what}; - for standard output.",
    )


@click.command()
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR..."
)
@click.option("--corpora", metavar="LIST", help="Rank by these only; default: all there are.")
@click.option("--title", metavar="TEXT", help="What Markdown and page are headed with.")
@KEY
@_output("markdown", "all tables as Markdown")
@_output("json", "everything as JSON")
@_output("csv", "a line for each measurement")
@_output("html", "a page with sorting, filters and a plot, which needs no network")
def command(
    folders: tuple[Path, ...],
    corpora: str | None,
    title: str | None,
    key: str,
    markdown: Path | None,
    json: Path | None,
    csv: Path | None,
    html: Path | None,
) -> int:
    """Merge results folders into one leaderboard.

    Cells are merged where corpus digest and protocol are the same; the first DIR that has a corpus
    decides which bytes that is. Rows show who measured them, who found the same sizes, and who
    found other ones. Exit code 3 if there is no figure at all.

    \b
    codelength leaderboard results/alice results/bob
    codelength leaderboard results/*/ --html index.html --markdown README.md
    """
    from codelength.api.spec import split_specs
    from codelength.report import leaderboard as made

    outputs = {"markdown": markdown, "json": json, "csv": csv, "html": html}
    if list(outputs.values()).count(STDOUT) > 1:
        raise UsageError("two outputs cannot both go to standard output; name a file for one")
    board = made.leaderboard(made.read(folders), split_specs(corpora or ""))
    heading = made.TITLE if title is None else title
    data = made.document(board, heading)
    texts: dict[str, Callable[[], str]] = {
        "markdown": lambda: made.markdown(board, heading, key),
        "json": lambda: made.encoded(data),
        "csv": lambda: made.sheet(data),
        "html": lambda: made.page(data),
    }
    for name, path in outputs.items():
        if path is not None:
            _write(texts[name](), path)
    if STDOUT not in outputs.values():  # last, for a reader who has soon seen enough of it
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for table in made.tables(board, key):
            click.echo(table.text(width))
    return 0 if board.ranked else 3


def _write(text: str, path: Path) -> None:
    from codelength.report.export.files import replace

    if path == STDOUT:
        click.echo(text, nl=False)
        return
    try:
        replace(path, text.encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"written: {path}", err=True)

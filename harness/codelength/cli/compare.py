"""`codelength compare`: what changed between two runs."""

import shutil
import sys
from pathlib import Path

import click

from codelength.api.errors import UsageError
from codelength.cli import fail
from codelength.results.store import Results


@click.command()
@click.argument("before", type=click.Path(path_type=Path), metavar="RUN_A")
@click.argument("after", type=click.Path(path_type=Path), metavar="RUN_B")
@click.option(
    "--markdown", type=click.Path(path_type=Path), metavar="FILE", help="Write it as Markdown."
)
@click.option(
    "--json",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it as JSON, with the cells that did not change.",
)
def command(before: Path, after: Path, markdown: Path | None, json: Path | None) -> int:
    """Show what changed from results folder RUN_A to RUN_B.

    Machines and versions that differ come first; then sizes, exactly; then speeds, with intervals.
    A cell is compared with the one of the same codec, corpus, protocol and limit, if the corpus
    has the same bytes. Exit code 3 if there is no such pair.

    \b
    codelength run --out before ; pip install -U zstandard ; codelength run --out after
    codelength compare before after --markdown changes.md
    """
    from codelength import compare as made

    compared = made.compare(_results(before), _results(after))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for table in made.tables(compared):
        click.echo(table.text(width))
    for line in made.summary(compared):
        click.echo(line)
    if markdown:
        write(markdown, made.markdown(compared))
    if json:
        write(json, made.encoded(made.document(compared)))
    if not compared.comparable:
        return fail(f"{before} and {after} have no cell in common that is ok in both", 3)
    return 0


def write(path: Path, text: str) -> None:
    """Puts a file in place in one step. Raises StoreError."""
    from codelength.api.errors import StoreError
    from codelength.report.export.files import replace

    try:
        replace(path, text.encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def _results(folder: Path) -> Results:
    from codelength.results.store import load

    results = load(folder)
    if not results.cells:
        raise UsageError(f"no results in {folder}; 'codelength run --out {folder}' makes them")
    return results

"""`codelength compare`: what changed between two runs."""

from pathlib import Path

import click

from codelength.cli import fail, warn_problems
from codelength.cli.output import STDOUT, print_sections
from codelength.compare import compare, summarize, to_json, to_markdown, to_tables
from codelength.results.files import write_file
from codelength.results.store import load_existing

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("before", type=FILE, metavar="RUN_A")
@click.argument("after", type=FILE, metavar="RUN_B")
@click.option(
    "--markdown", type=FILE, metavar="FILE", help="Write Markdown; - for standard output."
)
@click.option(
    "--json",
    type=FILE,
    metavar="FILE",
    help="Write JSON, with the unchanged cells; - for standard output.",
)
def command(before: Path, after: Path, markdown: Path | None, json: Path | None) -> int:
    """Show what changed from results folder RUN_A to RUN_B.

    Machines and versions that differ come first; then sizes, exactly; then speeds, with intervals.
    A cell is compared with the one of the same codec, corpus, protocol and limit, if the corpus
    has the same bytes. Exit code 3 if there is no such pair, or if a line in a folder is not a
    result.

    \b
    codelength run --out before ; pip install -U zstandard ; codelength run --out after
    codelength compare before after --markdown changes.md
    """
    results = [load_existing(folder) for folder in (before, after)]
    comparison = compare(*results)
    print_sections(*to_tables(comparison), *summarize(comparison), err=STDOUT in (markdown, json))
    for path, convert in ((markdown, to_markdown), (json, to_json)):
        if path == STDOUT:
            click.echo(convert(comparison), nl=False)
        elif path:
            write_file(path, convert(comparison))
    code = warn_problems(problem for one in results for problem in one.problems)
    if not comparison.comparable:
        return fail(f"{before} and {after} have no cell in common that is ok in both", 3)
    return code

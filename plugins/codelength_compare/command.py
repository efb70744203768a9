"""`codelength compare`: what changed between runs."""

from pathlib import Path

import click

from codelength.cli import fail, warn_problems
from codelength.cli.exports import Outputs, with_exports
from codelength.cli.options import Folder
from codelength.results.store import load_existing

FOLDER = Folder()


@click.command()
@click.argument("before", type=FOLDER, metavar="RUN_A")
@click.argument("after", type=FOLDER, metavar="RUN_B")
@click.option(
    "--before",
    "more_before",
    type=FOLDER,
    multiple=True,
    metavar="DIR",
    help="Another run of what is in RUN_A, for the noise of speeds; may be repeated.",
)
@click.option(
    "--after",
    "more_after",
    type=FOLDER,
    multiple=True,
    metavar="DIR",
    help="Another run of what is in RUN_B; may be repeated.",
)
@with_exports
def command(
    before: Path,
    after: Path,
    more_before: tuple[Path, ...],
    more_after: tuple[Path, ...],
    outputs: Outputs,
) -> int:
    """Show what changed from results folder RUN_A to RUN_B.

    Machines and versions that differ come first; then sizes, exactly; then speeds. A cell is
    compared with the one of the same codec, corpus, protocol and limit, if the corpus has the same
    bytes. With one run on each side only large changes of speed are reported, because runs differ;
    with several, those that exceed the spread between runs. Exit code 3 if there is no such pair,
    or if a line in a folder is not a result.

    \b
    codelength run --out before ; pip install -U zstandard ; codelength run --out after
    codelength compare before after --markdown changes.md
    codelength compare a1 b1 --before a2 --before a3 --after b2 --after b3
    """
    from codelength_compare.changes import compare
    from codelength_compare.page import to_page

    sides = [
        [load_existing(folder) for folder in folders]
        for folders in ((before, *more_before), (after, *more_after))
    ]
    comparison = compare(*sides)
    outputs.show(to_page(comparison))
    code = warn_problems(problem for side in sides for one in side for problem in one.problems)
    if not comparison.comparable:
        return fail(f"{before} and {after} have no cell in common that is ok in both", 3)
    return code

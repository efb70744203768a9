"""`codelength published`: measured rates beside published ones."""

from pathlib import Path

import click

from codelength.api.errors import UsageError
from codelength.cli.options import Folder
from codelength.cli.output import print_sections


@click.command()
@click.argument("folders", nargs=-1, required=True, type=Folder(), metavar="DIR...")
def command(folders: tuple[Path, ...]) -> None:
    """Set measured rates beside those of the paper that the protocol `paper` follows.

    Under that protocol, its classical codecs on the corpora that resemble its own; under `whole`,
    their ratios on enwik.

    \b
    codelength published reports/leaderboard/paper
    """
    from codelength.report.board import load_board
    from codelength_published.table import published_table

    tables = [table for grid in load_board(folders).grids if (table := published_table(grid))]
    if not tables:
        raise UsageError("nothing to set beside the published rates; 'codelength report' shows all")
    print_sections(*tables)

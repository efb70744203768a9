"""`codelength report`: the tables and plots of what was measured before."""

from pathlib import Path

import click

from codelength.cli import warn_problems
from codelength.cli.exports import Outputs, with_exports
from codelength.cli.options import KEY, Folder, with_budget, with_plugins
from codelength.cli.pricing import price_cells, with_price
from codelength.metrics.budget import Budget
from codelength.metrics.price import Price
from codelength.plugins import Plugins


@click.command()
@click.argument("folder", type=Folder(), metavar="DIR")
@KEY
@with_exports
@with_price
@with_budget
@with_plugins
def command(
    folder: Path,
    key: str,
    outputs: Outputs,
    price: Price,
    decoder_bytes: bool,
    budget: Budget,
    plugins: Plugins,
) -> int:
    """Write the tables and plots of a results folder again.

    Ends with 3 if the folder has lines that are not results; it names them and shows the others.

    \b
    codelength report codelength-results --sort adjusted --price 2bytes
    codelength report codelength-results --html index.html
    """
    from codelength.report.board import build_board
    from codelength.report.board_page import BoardPage
    from codelength.report.submissions import read_folders

    folders = read_folders([folder])
    (results,) = folders.values()
    pricing = price_cells(price, decoder_bytes, results.latest, plugins, [folder], budget)
    page = BoardPage(build_board(folders, pricing=pricing), key=key)
    outputs.show(page)
    outputs.write_report(page, folder)
    return warn_problems(results.problems)

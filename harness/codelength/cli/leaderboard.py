"""`codelength leaderboard`: one ranking out of many results folders."""

from pathlib import Path

import click

from codelength.cli import warn_problems
from codelength.cli.config import USE
from codelength.cli.exports import Outputs, with_exports
from codelength.cli.options import KEY, Folder, with_budget, with_list, with_plugins
from codelength.cli.pricing import price_cells, with_price
from codelength.metrics.budget import Budget
from codelength.metrics.price import Price
from codelength.plugins import Plugins


@click.command()
@USE
@click.argument("folders", nargs=-1, required=True, type=Folder(), metavar="DIR...")
@with_list("--corpora", "Rank by these only; default: all there are.")
@click.option("--title", metavar="TEXT", help="What Markdown and page are headed with.")
@KEY
@with_exports
@with_price
@with_budget
@with_plugins
def command(
    folders: tuple[Path, ...],
    corpora: str | None,
    title: str | None,
    key: str,
    outputs: Outputs,
    price: Price,
    decoder_bytes: bool,
    budget: Budget,
    plugins: Plugins,
) -> int:
    """Merge results folders into one leaderboard.

    Cells are merged where corpus digest and protocol are the same; the first DIR that has a corpus
    decides which bytes that is. Rows show who measured them, who found the same sizes, and who
    found other ones. Exit code 3 if there is no figure at all, or if a line in a folder is not a
    result.

    \b
    codelength leaderboard results/alice results/bob
    codelength leaderboard results/*/ --html index.html --markdown README.md
    """
    from codelength.api.spec import escape_bytes, split_specs
    from codelength.report.board import build_board
    from codelength.report.board_page import TITLE, BoardPage
    from codelength.report.submissions import read_folders

    found = read_folders(folders)
    cells = [cell for results in found.values() for cell in results.latest]
    pricing = price_cells(price, decoder_bytes, cells, plugins, folders, budget)
    board = build_board(found, split_specs(corpora or ""), pricing)
    outputs.show(BoardPage(board, TITLE if title is None else escape_bytes(title), key))
    code = warn_problems(problem for results in found.values() for problem in results.problems)
    return code if board.has_figures else 3

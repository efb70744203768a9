"""`codelength price`: what codecs cost with their models, at several prices of a parameter."""

from pathlib import Path

import click

from codelength.api.errors import UsageError
from codelength.cli import warn_problems
from codelength.cli.options import Folder
from codelength.cli.output import print_sections


@click.command()
@click.argument("folder", type=Folder(), metavar="DIR")
@click.option(
    "--bits",
    default="1,2,3.6,8,16",
    show_default=True,
    metavar="LIST",
    help="Prices, in bits a parameter.",
)
def command(folder: Path, bits: str) -> int:
    """Show total sizes over the price of a parameter.

    For each corpus in a results folder, coded bytes and model at several prices, and up to which
    price each model pays. The command ends with 3 if the folder has lines that are not results.

    \b
    codelength price codelength-results --bits 2,3.6,16
    """
    from codelength.metrics.price import parse_price
    from codelength.results.store import load_existing
    from codelength_studies.price.table import group_cells, price_table

    prices = [parse_price(f"{word.strip()}bits") for word in bits.split(",")]
    results = load_existing(folder)
    groups = group_cells(results.current)
    if not groups:
        raise UsageError(f"no results with a size in {folder}")
    numbers = [price for price in prices if isinstance(price, float)]
    print_sections(*(price_table(cells, numbers) for cells in groups))
    return warn_problems(results.problems)

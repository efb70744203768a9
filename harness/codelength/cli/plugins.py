"""`codelength plugins`: what was found, and whether it works."""

from pathlib import Path

import click

from codelength.cli.list import aligned
from codelength.cli.options import load_plugins, with_plugins


@click.command()
@with_plugins
def command(files: tuple[str, ...], data: Path | None) -> None:
    """Show the plugins: version, where from, active or why not.

    \b
    codelength plugins
    codelength plugins --plugin ./mine.py
    """
    plugins = load_plugins(files, data)
    rows = [["plugin", "version", "from", "state"]]
    for plugin in plugins.found:
        origin = plugin.origin
        offers = [offer.item.spec for offer in plugins.codecs if offer.origin == origin]
        offers += [offer.item.spec for offer in plugins.corpora if offer.origin == origin]
        state = (
            f"not active: {plugin.problem}" if plugin.problem else f"active: {', '.join(offers)}"
        )
        name = origin.name if origin.package else Path(origin.name).name
        where = f"{origin.package} ({origin.where})" if origin.package else origin.where
        rows.append([name, origin.version, where, state])
    for line in aligned(rows):
        click.echo(line)

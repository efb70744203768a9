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
        specs = [entry.item.spec for entry in plugins.codecs if entry.plugin == plugin]
        specs += [entry.item.spec for entry in plugins.corpora if entry.plugin == plugin]
        state = f"not active: {plugin.problem}" if plugin.problem else f"active: {', '.join(specs)}"
        name = plugin.name if plugin.package else Path(plugin.name).name
        where = f"{plugin.package} ({plugin.where})" if plugin.package else plugin.where
        rows.append([name, plugin.version, where, state])
    for line in aligned(rows):
        click.echo(line)

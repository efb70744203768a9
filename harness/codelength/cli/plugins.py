"""`codelength plugins`: what was found, and whether it works."""

from collections.abc import Iterator
from pathlib import Path

import click

from codelength.cli.options import with_plugins
from codelength.cli.output import AS_JSON, Rows, print_rows
from codelength.plugins import HOOKS, Plugin, Plugins


@click.command()
@AS_JSON
@with_plugins
def command(as_json: bool, plugins: Plugins) -> None:
    """Show the plugins: version, where from, active or why not.

    \b
    codelength plugins
    codelength plugins --plugin ./mine.py
    """
    heads = ("plugin", "version", "from", "state")
    rows: Rows = [] if as_json else [dict(zip(heads, heads, strict=True))]
    for plugin in plugins.found:
        names = ", ".join(_names_of(plugins, plugin))
        state = f"not active: {plugin.problem}" if plugin.problem else f"active: {names}"
        name = plugin.name if plugin.package else Path(plugin.name).name
        where = f"{plugin.package} ({plugin.where})" if plugin.package else plugin.where
        rows.append(dict(zip(heads, (name, plugin.version, where, state), strict=True)))
    print_rows(rows, as_json)


def _names_of(plugins: Plugins, plugin: Plugin) -> Iterator[str]:
    """Return what a plugin has registered: specs of codecs and corpora, and other names."""
    for hook in HOOKS:
        for entry in getattr(plugins, hook.attribute):
            if entry.plugin == plugin:
                name = getattr(entry.item, hook.name)
                is_plain = hook.attribute in ("codecs", "corpora")
                yield entry.item.spec if is_plain else f"{hook.title} {name}"

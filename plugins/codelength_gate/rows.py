"""The default rows of plugins: which are new, gone or changed since a baseline was made."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from codelength.plugins import Plugin, Plugins
from codelength_gate.baseline import DefaultRows


class RowChanges(NamedTuple):
    """What became of the default rows of those plugins that a baseline knows."""

    new: Sequence[str] = ()
    gone: Sequence[str] = ()
    changed: Mapping[str, str] = {}
    """A new row by the row that it replaces: the only other one with the codec's name."""

    def of(self, names: Collection[str]) -> "RowChanges":
        """Return the changes of the codecs with these names."""
        new, gone = ([row for row in rows if _name(row) in names] for rows in self[:2])
        return RowChanges(new, gone, {n: old for n, old in self.changed.items() if n in new})


UNCHANGED = RowChanges()


def default_rows(plugins: Plugins) -> dict[str, list[str]]:
    """Return the codecs that each plugin offers by default, by the plugin's name."""
    rows: dict[str, list[str]] = {}
    for entry in plugins.codecs:
        found = rows.setdefault(name_of(entry.plugin), [])
        if entry.item.by_default:
            found.append(entry.item.spec)
    return rows


def compare_rows(before: Iterable[DefaultRows], plugins: Plugins) -> RowChanges:
    """Compare the default rows of the plugins that are here with those of a baseline."""
    now, new, gone, changed = default_rows(plugins), [], [], {}
    for record in before:
        rows = now.get(record.plugin, record.codecs)  # a plugin that is not here: no cell is, too
        added = [row for row in rows if row not in record.codecs]
        left = [row for row in record.codecs if row not in rows]
        new += added
        gone += left
        for row in added:
            old = [other for other in left if _name(other) == _name(row)]
            if len(old) == sum(_name(other) == _name(row) for other in added) == 1:
                changed[row] = old[0]
    return RowChanges(new, gone, changed)


def update_rows(
    before: Iterable[DefaultRows], plugins: Plugins, codecs: Collection[str], gone: Collection[str]
) -> list[DefaultRows]:
    """Return the rows to record of the plugins that `codecs` are from.

    Of a plugin that is known, only `codecs` are added and only `gone` are taken out.
    """
    known, now = {record.plugin: record.codecs for record in before}, default_rows(plugins)
    records = []
    for plugin in dict.fromkeys(name_of(plugins.codec(codec).plugin) for codec in codecs):
        rows = now[plugin]
        if plugin in known:
            kept = [row for row in known[plugin] if row not in gone]
            rows = kept + [row for row in rows if row in codecs and row not in kept]
        records.append(DefaultRows(plugin=plugin, codecs=sorted(rows)))
    return records


def name_of(plugin: Plugin) -> str:
    """Return the name that a plugin has on every machine."""
    return plugin.name if plugin.package else Path(plugin.where).name


def _name(spec: str) -> str:
    return spec.partition(":")[0]

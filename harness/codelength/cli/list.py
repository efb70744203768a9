"""`codelength list`: what can be named on the command line."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Literal, get_args, get_origin, get_type_hints

import click

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import Unavailable, UsageError, unknown
from codelength.api.spec import Setting, settings_of
from codelength.cli.options import warn_broken, with_plugins
from codelength.cli.output import AS_JSON, Rows, print_rows
from codelength.plugins import Plugins


def _codecs(plugins: Plugins, group: str = "") -> Rows:
    chosen = plugins.select_codecs(group) if group else plugins.codecs
    codecs = [entry.item for entry in chosen]
    return [{"codec": c.spec, "about": _missing(c) or _first_line(c.__doc__)} for c in codecs]


def _corpora(plugins: Plugins, group: str = "") -> Rows:
    rows = []
    chosen = plugins.select_corpora(group) if group else plugins.corpora
    for corpus in (entry.item for entry in chosen):
        missing = _missing(corpus)
        state = "default" if corpus.embedded else "not here" if missing else "here"
        about = missing or corpus.title
        rows.append({"corpus": corpus.spec, "kind": corpus.kind, "state": state, "about": about})
    return rows


def _protocols(plugins: Plugins) -> Rows:
    protocols = [entry.item for entry in plugins.protocols]
    return [{"protocol": rule.name, "about": rule.summary} for rule in protocols]


def _media(plugins: Plugins) -> Rows:
    kinds = [entry.item for entry in plugins.media_kinds]
    return [{"media": media.kind, "about": _first_line(media.__doc__)} for media in kinds]


def _groups(plugins: Plugins) -> Rows:
    found = {name: list(specs) for name, specs in plugins.groups.items()}
    for members in (plugins.codec_groups(), plugins.corpus_groups()):
        for group, entries in members.items():
            found.setdefault(group, []).extend(entry.item.spec for entry in entries)
    return [{"group": f"@{name}", "about": ",".join(specs)} for name, specs in found.items()]


def _missing(thing: Codec | Corpus) -> str:
    try:
        thing.check_available()
    except (Unavailable, UsageError) as error:
        return str(error)
    return ""


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n\n")[0].replace("\n    ", " ")


TABLES: dict[str, Callable[[Plugins], Rows]] = {
    "codecs": _codecs,
    "corpora": _corpora,
    "protocols": _protocols,
    "media": _media,
    "groups": _groups,
}
"""What can be listed → its rows."""


@click.command()
@click.argument("what", type=click.Choice(list(TABLES)))
@click.argument("name", required=False)
@AS_JSON
@with_plugins
def command(what: str, name: str | None, as_json: bool, plugins: Plugins) -> None:
    """Show what can be named: codecs, corpora, protocols, kinds of media, groups.

    With a NAME, show its settings: their default, their range and what they mean; with a
    @GROUP of codecs or corpora, what is in it.

    \b
    codelength list codecs
    codelength list codecs zstd
    codelength list codecs @images
    codelength list corpora --data MIRROR
    """
    warn_broken(plugins)
    if name is None:
        print_rows(TABLES[what](plugins), as_json)
        return
    if name.startswith("@") and what in ("codecs", "corpora"):
        print_rows((_codecs if what == "codecs" else _corpora)(plugins, name), as_json)
        return
    if what not in ("codecs", "corpora", "protocols"):
        raise UsageError(f"{what} have no settings; 'codelength list {what}' shows them")
    entries = getattr(plugins, what)
    items = [entry.item for entry in entries if entry.item.name == name]
    if not items:
        known = [entry.item.name for entry in entries]
        raise unknown(what.rstrip("s"), name, known, f"codelength list {what}")
    item = items[0] if isinstance(items[0], type) else type(items[0])
    if not as_json:
        click.echo(f"{name}: {_first_line(item.__doc__)}")
    rows = describe_settings(item)
    heads = [dict(zip(rows[0], rows[0], strict=True))] if rows and not as_json else []
    print_rows([*heads, *rows], as_json)
    if not as_json and what != "protocols":
        click.echo(f"rows of a run: {', '.join(one.spec for one in items)}")


def describe_settings(item: type) -> Rows:
    """Return a row for each setting of a codec, corpus or protocol."""
    hints, known = get_type_hints(item), settings_of(item)
    rows: Rows = []
    for field in fields(item):
        if field.init and field.repr:
            low, high, meaning = known.get(field.name, Setting())
            values = [str(value) for value in _choices(hints[field.name])]
            values = [f"{low} to {high}"] if low is not None else values
            default = "" if field.default in (MISSING, None) else f"{field.default}"
            default = default.lower() if field.type in (bool, "bool") else default
            row = {"setting": field.name, "default": default, "values": " or ".join(values)}
            rows.append(row | {"meaning": meaning})
    return rows


def _choices(hint: object) -> list[object]:
    """The values of a Literal, alone or in a union."""
    parts = get_args(hint)
    if get_origin(hint) is Literal:
        return list(parts)
    return [value for part in parts for value in _choices(part)]

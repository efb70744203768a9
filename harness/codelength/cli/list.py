"""`codelength list`: what can be named on the command line."""

import click

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import Unavailable, UsageError
from codelength.cli.options import warn_broken, with_plugins
from codelength.plugins import Plugins


def _codecs(plugins: Plugins) -> list[list[str]]:
    codecs = [entry.item for entry in plugins.codecs]
    return [[codec.spec, _missing(codec) or _first_line(codec.__doc__)] for codec in codecs]


def _corpora(plugins: Plugins) -> list[list[str]]:
    rows = []
    for corpus in (entry.item for entry in plugins.corpora):
        missing = _missing(corpus)
        state = "default" if corpus.embedded else "not here" if missing else "here"
        rows.append([corpus.spec, corpus.kind, state, missing or corpus.title])
    return rows


def _protocols(plugins: Plugins) -> list[list[str]]:
    return [[entry.item.name, entry.item.summary] for entry in plugins.protocols]


def _media(plugins: Plugins) -> list[list[str]]:
    return [[entry.item.kind, _first_line(entry.item.__doc__)] for entry in plugins.media_kinds]


def _missing(thing: Codec | Corpus) -> str:
    try:
        thing.check_available()
    except (Unavailable, UsageError) as error:
        return str(error)
    return ""


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n\n")[0].replace("\n    ", " ")


TABLES = {"codecs": _codecs, "corpora": _corpora, "protocols": _protocols, "media": _media}
"""What can be listed → its rows."""


@click.command()
@click.argument("what", type=click.Choice(list(TABLES)))
@with_plugins
def command(what: str, plugins: Plugins) -> None:
    """Show what can be named: codecs, corpora, protocols, kinds of media.

    \b
    codelength list codecs
    codelength list codecs --plugin my-codecs.toml
    codelength list corpora --data MIRROR
    """
    warn_broken(plugins)
    for line in aligned(TABLES[what](plugins)):
        click.echo(line)


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows of text in columns, the last one as long as it is."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]

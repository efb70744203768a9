"""`codelength corpus`: brings corpora here and checks that they are what they should be."""

import sys

import click

from codelength.api.errors import CorpusError
from codelength.cli.options import with_plugins
from codelength.plugins import Plugins


@click.group()
def command() -> None:
    """Fetch or verify a corpus.

    \b
    codelength corpus fetch kodak
    codelength corpus verify kodak
    """


@command.command()
@click.argument("name")
@with_plugins
def fetch(name: str, plugins: Plugins) -> None:
    """Download a corpus into the cache, check it, and say where it is.

    Ends with 3 if it cannot be had, or is not what it should be.

    \b
    codelength corpus fetch kodak
    """
    corpus = plugins.corpus(name).item
    try:
        corpus.fetch(_progress)
    except OSError as error:
        raise CorpusError(
            f"{name} cannot be fetched: {' '.join(str(error).split())}; try again, or get it from "
            f"{corpus.source or 'its source'} into a folder and name that with --data"
        ) from error
    corpus.check_available()
    click.echo(f"{name} is here; 'codelength corpus verify {name}' checks every member")


@command.command()
@click.argument("name")
@with_plugins
def verify(name: str, plugins: Plugins) -> int:
    """Compare every member of a corpus with its known digest.

    Ends with 3 if one differs.

    \b
    codelength corpus verify kodak
    codelength corpus verify canterbury --data MIRROR
    """
    corpus = plugins.corpus(name).item
    corpus.check_available()
    wrong = 0
    for member, problem in corpus.verify():
        wrong += problem is not None
        click.echo(f"{member}: {problem or 'ok'}")
    if wrong:
        raise CorpusError(f"{wrong} members of {name} are not what they should be")
    if corpus.label:
        click.echo(f"{name}: {corpus.label}")
    return 0


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        share = f"{100 * done // total} % of {total / 1e6:.1f} MB" if total else f"{done} bytes"
        click.echo(f"\r{what}: {share}\033[K", err=True, nl=done >= total > 0)

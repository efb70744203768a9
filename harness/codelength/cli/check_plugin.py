"""`codelength check-plugin`: the conformance kit, on everything that a plugin offers."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click

from codelength.api.errors import CodelengthError, UsageError, unknown
from codelength.api.hooks import GROUP
from codelength.cli.options import with_timeout
from codelength.coding.predictor_codec import PredictorCodec
from codelength.plugins import Plugins
from codelength.testing import Result, codec_checks, corpus_checks, predictor_checks
from codelength.testing.session import TIMEOUT

COLOURS = {"ok": "green", "declined": "yellow", "problem": "red"}


@click.command()
@click.argument("plugin")
@with_timeout(TIMEOUT, "How long one call of a codec may take.")
def command(plugin: str, timeout: float) -> int:
    """Put the codecs, predictors and corpora of PLUGIN through the conformance kit.

    PLUGIN is a file, Python or TOML, or the name of an installed plugin as 'codelength plugins'
    shows it. Ends with 3 if a check failed.

    \b
    codelength check-plugin ./mine.py
    codelength check-plugin my-codecs.toml
    codelength check-plugin brotli
    """
    host = loaded(plugin)
    checks = [(entry.item.spec, codec_checks(entry.item, timeout)) for entry in host.codecs]
    checks += [
        (f"{entry.item.spec}, its predictor", of_predictor(entry.item, timeout))
        for entry in host.codecs
        if isinstance(entry.item, PredictorCodec)
    ]
    checks += [(entry.item.spec, corpus_checks(entry.item)) for entry in host.corpora]
    if not checks:
        raise UsageError(f"plugin {plugin} offers neither codecs nor corpora")
    made = failed = 0
    for spec, results in checks:
        click.secho(spec, bold=True)
        for result in results:
            made += 1
            failed += result.problem is not None
            click.echo(line(result))
    click.echo(f"{made} checks, {failed or 'none'} failed")
    return 3 if failed else 0


def of_predictor(codec: PredictorCodec, timeout: float) -> Iterator[Result]:
    """The checks of a codec's predictor, if it can be had here."""
    try:
        codec.check_available()
        predictor = codec.predictor
    except CodelengthError as missing:
        yield Result("predictor", declined=str(missing))
    else:
        yield from predictor_checks(predictor, timeout)


def loaded(plugin: str) -> Plugins:
    """A host with this plugin alone. Raises UsageError."""
    if Path(plugin).suffix or Path(plugin).name != plugin:
        host = Plugins([plugin], only=())
    else:
        host = Plugins(only=[plugin])
    if not host.found:
        names = [point.name for point in entry_points(group=GROUP)]
        raise unknown("plugin", plugin, names, "codelength plugins")
    for broken in host.broken:
        raise UsageError(f"plugin {plugin} cannot be loaded: {broken.problem}")
    return host


def line(result: Result) -> str:
    """One check in one line: how it went, what it is called, what is wrong."""
    state = "problem" if result.problem else "declined" if result.declined else "ok"
    text = ": ".join(filter(None, (result.check, result.problem, result.declined)))
    return f"  {click.style(f'{state:<8}', fg=COLOURS[state])}  {' '.join(text.split())}"

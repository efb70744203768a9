"""`codelength check-plugin`: the conformance kit, on everything in a plugin."""

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click

from codelength.api.codec import Codec
from codelength.api.errors import CodelengthError, StoreError, UsageError, unknown
from codelength.api.hooks import GROUP
from codelength.cli.options import with_timeout
from codelength.plugins import Plugins
from codelength.results.portability import note_tried
from codelength.testing import Result, codec_checks, corpus_checks, predictor_checks
from codelength.testing.matrix import matrix_checks
from codelength.testing.session import TIMEOUT

COLOURS = {"ok": "green", "declined": "yellow", "problem": "red"}


@click.command()
@click.argument("plugin")
@click.option("--matrix", is_flag=True, help="Only decode under every setting what one encoded.")
@with_timeout(TIMEOUT, "How long one call of a codec may take.")
def command(plugin: str, matrix: bool, timeout: float) -> int:
    """Put the codecs, predictors and corpora of PLUGIN through the conformance kit.

    PLUGIN is a file, Python or TOML, or the name of an installed plugin as 'codelength plugins'
    shows it. Ends with 3 if a check failed.

    A codec that states that it is portable is encoded and decoded with different threads and
    processor instructions. If it passes, 'codelength run' shows its results as verified, until the
    plugin changes.

    With --matrix, one setting encodes and all others decode: one and several blobs at a time, other
    threads, processor instructions and devices. The first symbol that differs is named.

    \b
    codelength check-plugin ./mine.py
    codelength check-plugin my-codecs.toml
    codelength check-plugin brotli
    """
    plugins = loaded(plugin)
    if not plugins.codecs and not plugins.corpora:
        raise UsageError(f"plugin {plugin} has neither codecs nor corpora")
    if matrix:
        return report([r for e in plugins.codecs for r in show(e.item.spec, matrix_checks(e.item))])
    results: list[Result] = []
    failed_codecs = set()
    for entry in plugins.codecs:
        codec = entry.item
        found = show(codec.spec, codec_checks(codec, timeout))
        if any(result.problem for result in found):
            failed_codecs.add(codec.name)
        results += found
    for entry in plugins.codecs:
        if has_predictor(entry.item):
            checks = of_predictor(entry.item, timeout)
            results += show(f"{entry.item.spec}, its predictor", checks)
    for corpus in plugins.corpora:
        results += show(corpus.item.spec, corpus_checks(corpus.item))
    for entry in plugins.codecs:
        if entry.item.portable and entry.item.name not in failed_codecs:
            try:
                note_tried(entry.plugin, [entry.item.name])
            except StoreError as error:  # there may be no folder for a cache here
                click.echo(f"what {entry.item.name} has passed is not noted: {error}", err=True)
    return report(results)


def report(results: list[Result]) -> int:
    """Print how many checks failed, and return the exit code."""
    failed = sum(result.problem is not None for result in results)
    click.echo(f"{len(results)} checks, {failed or 'none'} failed")
    return 3 if failed else 0


def show(title: str, checks: Iterable[Result]) -> list[Result]:
    """Print checks as they are made, and return them."""
    click.secho(title, bold=True)
    results = []
    for result in checks:
        results.append(result)
        click.echo(line(result))
    return results


def has_predictor(codec: Codec) -> bool:
    """Return True also for a predictor that cannot be loaded here: its checks say why."""
    try:
        return codec.predictor is not None
    except CodelengthError:
        return True


def of_predictor(codec: Codec, timeout: float) -> Iterator[Result]:
    """Check a codec's predictor, if it can be loaded here."""
    try:
        codec.check_available()
        predictor = codec.predictor
    except CodelengthError as missing:
        yield Result("predictor", declined=str(missing))
    else:
        if predictor is not None:
            yield from predictor_checks(predictor, timeout)


def loaded(plugin: str) -> Plugins:
    """Load this plugin alone. Raises UsageError."""
    if Path(plugin).suffix or Path(plugin).name != plugin:
        plugins = Plugins([plugin], only=())
    else:
        plugins = Plugins(only=[plugin])
    if not plugins.found:
        names = [point.name for point in entry_points(group=GROUP)]
        raise unknown("plugin", plugin, names, "codelength plugins")
    for broken in plugins.broken:
        raise UsageError(f"plugin {plugin} cannot be loaded: {broken.problem}")
    return plugins


def line(result: Result) -> str:
    """Format one check as a line: how it went, what it is called, what is wrong."""
    state = "problem" if result.problem else "declined" if result.declined else "ok"
    text = ": ".join(filter(None, (result.check, result.problem, result.declined)))
    return f"  {click.style(f'{state:<8}', fg=COLOURS[state])}  {' '.join(text.split())}"

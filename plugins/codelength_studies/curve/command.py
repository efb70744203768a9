"""`codelength curve`: what context is worth to codecs and predictors."""

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codelength.api.corpus import Corpus
from codelength.api.errors import CorpusError, Unsupported, UsageError
from codelength.api.protocol import Protocol, head, protocol
from codelength.cli.meter import Meter, duration
from codelength.cli.options import (
    DEVICE,
    LIMIT,
    Size,
    load_plugins,
    page_in,
    warn_broken,
    with_out,
    with_plugins,
)
from codelength.plugins import Registered

if TYPE_CHECKING:
    from codelength.api.media import Sample
    from codelength.results.cell import CorpusSlice
    from codelength_studies.curve.records import Control

CONTROLS: "tuple[Control, ...]" = ("data", "shuffled bytes", "random weights")


@click.command()
@click.option("--codecs", required=True, metavar="LIST", help="Codecs, with or without predictor.")
@click.option("--corpora", required=True, metavar="LIST", help="Best one of each kind.")
@click.option(
    "--protocol",
    "rule",
    default="paper",
    show_default=True,
    metavar="NAME",
    help="How corpora are cut before pieces are taken.",
)
@click.option(
    "--length", type=Size(), default=2048, show_default=True, help="Bytes of a piece: the context."
)
@click.option(
    "--chunks",
    "count",
    type=click.IntRange(2),
    default=64,
    show_default=True,
    help="Pieces of each corpus, from all over it.",
)
@DEVICE
@LIMIT
@click.option("--controls/--no-controls", default=True, help="Shuffled bytes, random weights.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of controls.")
@with_out("Where the page goes; curves that are there are not measured again.", "codelength-curves")
@with_plugins
def command(
    codecs: str,
    corpora: str,
    rule: str,
    length: int,
    count: int,
    limit: int | None,
    controls: bool,
    seed: int,
    out: Path,
    files: tuple[str, ...],
    data: Path | None,
) -> int:
    """Show what context is worth: bits a byte by position and by prefix.

    For a predictor, what the byte at each position costs; for any codec, what prefixes cost, coded.
    The gain is split into what a model knew beforehand and what context adds, with the bytes
    shuffled and the weights in random order as controls.

    \b
    codelength curve --codecs recurrent:size=0.9m,gzip --corpora enwik6,kodak,librispeech,random
    codelength curve --codecs order2 --corpora path:logs --protocol whole --length 16KiB
    """
    from codelength.results.journal import Journal
    from codelength.results.machine import command_line
    from codelength_studies.curve.measure import measure
    from codelength_studies.curve.page import table, write
    from codelength_studies.curve.reading import reading
    from codelength_studies.curve.records import FILE, Asked, key, load
    from codelength_studies.curve.study import studies

    plugins = load_plugins(files, data)
    warn_broken(plugins)
    chosen = [entry.item for entry in plugins.select_codecs(codecs)]
    entries = plugins.select_corpora(corpora)
    for codec in chosen:
        codec.check_available()
    for entry in entries:
        entry.item.check_available()
    if not chosen or not entries:
        raise UsageError("nothing to measure; name --codecs and --corpora")
    wanted = CONTROLS if controls else CONTROLS[:1]
    with Meter(sys.stderr) as meter, Journal(out, FILE) as journal:
        targets = list(_targets(entries, protocol(rule), limit, length, count, meter))
        questions = [
            (
                codec,
                pieces,
                Asked(
                    codec=codec.spec,
                    versions=dict(codec.versions),
                    slice=corpus_slice,
                    control=control,
                    length=length,
                    chunks=count,
                    seed=seed,
                ),
            )
            for codec in chosen
            for corpus_slice, pieces in targets
            for control in wanted
        ]
        known, declined = load(out), list[str]()
        found = [known[key(asked)] for _, _, asked in questions if key(asked) in known]
        missing = [question for question in questions if key(question[2]) not in known]
        began = time.monotonic()
        for done, (codec, pieces, asked) in enumerate(missing):
            what = f"{codec.spec} on {asked.slice.corpus} ({asked.control})"
            each = (time.monotonic() - began) / max(1, done)
            left = duration(each * (len(missing) - done))
            if done == 1:
                meter.say(f"{len(missing)} curves, of which each takes about {duration(each)}")
            meter.now(f"[{done + 1}/{len(missing)}] {what}" + f", {left} to go" * bool(done))
            try:
                curve = measure(codec, asked, pieces)
            except Unsupported as error:
                declined.append(f"{what}: {error}")
            else:
                if curve is not None:
                    journal.append(curve)
                    found.append(curve)
    every = list(studies(found))
    if not every:
        raise Unsupported(f"no curve came about: {'; '.join(declined)}")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    order = [codec.spec for codec in chosen]
    every.sort(key=lambda study: order.index(study.codec))
    for study in every:
        click.echo(table(study).text(width))
        click.echo(reading(study) + "\n")
    for line in declined:
        click.echo(f"not drawn: {line}", err=True)
    with page_in(out):
        path = write(every, declined, command_line(), out)
    click.echo(f"page: {path}")
    return 0


def _targets(
    entries: Sequence[Registered[Corpus]],
    rule: Protocol,
    limit: int | None,
    length: int,
    count: int,
    meter: Meter,
) -> "Iterator[tuple[CorpusSlice, list[Sample]]]":
    """Each corpus as it is cut, with its pieces. Raises CorpusError, UsageError."""
    from codelength.run.plan import survey
    from codelength_studies.curve.chunks import chunks

    for entry in entries:
        (target,) = survey([entry], [rule], limit, lambda name: meter.now(f"reading {name}"))
        if target.problem:
            raise CorpusError(target.problem)
        samples = rule.split(head(entry.item.samples(), limit))
        try:
            yield target.slice, chunks(samples, length, count)
        except UsageError as error:
            raise UsageError(f"corpus {entry.item.spec} has {error}") from error

"""`codelength sample`: a text goes on as a codec or a predictor would have it."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codelength.api.codec import Codec, dependencies_of
from codelength.api.errors import UsageError
from codelength.cli import warn_problems
from codelength.cli.options import DEVICE, FRESH, Size, warn_broken, with_out, with_plugins
from codelength.plugins import Plugins
from codelength.report.progress import Meter

if TYPE_CHECKING:
    from codelength_studies.journal import StudyJournal
    from codelength_studies.sample.records import Continuation, Settings

STORE_EVERY = 30.0
"""Seconds between two times that an unfinished continuation is stored."""


@click.command()
@click.option(
    "--codec", "specs", required=True, metavar="LIST", help="Codecs; several only with --out."
)
@click.option(
    "--prompt",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What is continued.",
)
@click.option("--bytes", "size", type=Size(), default=200, show_default=True, help="How much.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--temperature",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Below 1 the likely becomes likelier; 0 takes the likeliest.",
)
@click.option(
    "--context",
    type=click.IntRange(1),
    default=2048,
    show_default=True,
    metavar="BYTES",
    help="What a codec without predictor sees of what came before.",
)
@click.option(
    "--starts",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Contexts over which its code lengths are averaged; 256 encodings each.",
)
@DEVICE
@with_out("Write a page with the continuations of all codecs; what is done is not done again.")
@FRESH
@with_plugins
def command(
    specs: str,
    file: Path,
    size: int,
    seed: int,
    temperature: float,
    context: int,
    starts: int,
    out: Path | None,
    fresh: bool,
    plugins: Plugins,
) -> int:
    """Continue a text with any codec or predictor.

    A predictor draws each symbol from its frequencies; any other codec draws byte b with a
    probability proportional to 2^−len(context + b). Without --out, the continuation goes to
    standard output. The command ends with 3 if the folder of --out has lines that are not
    continuations.

    \b
    codelength sample --codec recurrent:size=0.9m --prompt book.txt --bytes 400
    codelength sample --codec gzip,ppmd,recurrent --prompt book.txt --out continued
    """
    from codelength.results.machine import command_line
    from codelength_studies.code import code_of
    from codelength_studies.journal import StudyJournal
    from codelength_studies.page import write_page
    from codelength_studies.sample.draw import cross_costs
    from codelength_studies.sample.page import PAGE, page
    from codelength_studies.sample.records import FILE, Continuation, Settings, digest_prompt

    warn_broken(plugins)
    entries = plugins.select_codecs(specs)
    codecs = [entry.item for entry in entries]
    if not codecs or (len(codecs) > 1 and out is None):
        raise UsageError("sample takes one codec, or several with --out DIR for their page")
    for codec in codecs:
        codec.check_available()
    try:
        prompt = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    continuations = []
    with (
        Meter(sys.stderr) as meter,
        StudyJournal(out, FILE, [Continuation], fresh=fresh) as journal,
    ):
        for entry, codec in zip(entries, codecs, strict=True):
            settings = Settings(
                codec=codec.spec,
                versions=dependencies_of(codec),
                code="" if out is None else code_of(plugins, entry).digest,
                prompt=digest_prompt(prompt),
                bytes=size,
                seed=seed,
                temperature=temperature,
                context=context,
                starts=starts,
            )
            continuations.append(_continue_prompt(codec, prompt, settings, journal, meter))
    if out is None:
        sys.stdout.buffer.write(continuations[0].text)
        return 0
    costs = cross_costs(codecs, prompt, [one.text for one in continuations])
    write_page(page(prompt, continuations, costs, command_line()), out / PAGE)
    return warn_problems(journal.problems)


def _continue_prompt(
    codec: Codec,
    prompt: bytes,
    settings: "Settings",
    journal: "StudyJournal[Continuation]",
    meter: Meter,
) -> "Continuation":
    """Draw what the journal lacks, and store it now and then."""
    from codelength_studies.sample.draw import Drawn, distribution_of, draw
    from codelength_studies.sample.records import Continuation

    before = journal.find(Continuation, settings.key)
    if before is not None and before.is_complete:
        return before
    spent = -time.process_time() + (0.0 if before is None else before.cpu_seconds)
    meter.now(f"{codec.spec} reads the prompt")
    distribution = distribution_of(codec, prompt, settings.context, settings.starts, settings.bytes)
    earlier = None if before is None else Drawn(before.symbols, before.text, before.bits)
    one, stored = before, time.monotonic()
    for drawn in draw(distribution, settings.bytes, settings.seed, settings.temperature, earlier):
        size = len(drawn.text)
        meter.now(f"{codec.spec}: {size} of {settings.bytes} bytes", size / settings.bytes)
        one = Continuation(
            settings=settings,
            symbols=drawn.symbols,
            text=drawn.text,
            bits=drawn.bits,
            cpu_seconds=spent + time.process_time(),
            method=distribution.method,
        )
        if one.is_complete or time.monotonic() - stored > STORE_EVERY:
            journal.append(one)
            stored = time.monotonic()
    if one is None:
        raise UsageError("nothing to draw: --bytes is 1 or more")
    return one

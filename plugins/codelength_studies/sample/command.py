"""`codelength sample`: a text goes on as a codec or a predictor would have it."""

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codelength.api.codec import Codec
from codelength.api.errors import UsageError
from codelength.cli.meter import Meter, duration
from codelength.cli.options import DEVICE, Size, load_plugins, page_in, warn_broken, with_out

if TYPE_CHECKING:
    from codelength_studies.sample.page import Continuation, Settings

KEEP = 30.0
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
@click.option("--plugin", "files", multiple=True, metavar="FILE", help="A Python file of codecs.")
def command(
    specs: str,
    file: Path,
    size: int,
    seed: int,
    temperature: float,
    context: int,
    starts: int,
    out: Path | None,
    files: tuple[str, ...],
) -> int:
    """Continue a text with any codec or predictor.

    A predictor draws each symbol from its frequencies; any other codec draws byte b with a
    probability proportional to 2^−len(context + b). Without --out, the continuation goes to
    standard output.

    \b
    codelength sample --codec recurrent:size=0.9m --prompt book.txt --bytes 400
    codelength sample --codec gzip,ppmd,recurrent --prompt book.txt --out continued
    """
    from codelength.results.journal import Journal
    from codelength.results.machine import command_line
    from codelength_studies.sample.page import FILE, Settings, digest, key, load, write
    from codelength_studies.sample.prices import prices

    plugins = load_plugins(files, None)
    warn_broken(plugins)
    codecs = [entry.item for entry in plugins.select_codecs(specs)]
    if not codecs or (len(codecs) > 1 and out is None):
        raise UsageError("sample takes one codec, or several with --out DIR for their page")
    for codec in codecs:
        codec.check_available()
    try:
        prompt = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    found = []
    journal = nullcontext() if out is None else Journal(out, FILE)
    with Meter(sys.stderr) as meter, journal as store:
        known = {} if out is None else load(out)
        for codec in codecs:
            settings = Settings(
                codec=codec.spec,
                versions=dict(codec.versions),
                prompt=digest(prompt),
                bytes=size,
                seed=seed,
                temperature=temperature,
                context=context,
                starts=starts,
            )
            keep = store.append if store is not None else None
            before = known.get(key(settings))
            found.append(_continued(codec, prompt, settings, before, keep, meter))
    if out is None:
        sys.stdout.buffer.write(found[0].text)
        return 0
    charged = prices(codecs, prompt, [one.text for one in found])
    with page_in(out):
        path = write(prompt, found, charged, command_line(), out)
    click.echo(f"page: {path}")
    return 0


def _continued(
    codec: Codec,
    prompt: bytes,
    settings: "Settings",
    before: "Continuation | None",
    keep: "Callable[[Continuation], None] | None",
    meter: Meter,
) -> "Continuation":
    from codelength_studies.sample.draw import draw
    from codelength_studies.sample.laws import law_of
    from codelength_studies.sample.page import Continuation

    if before is not None and before.complete:
        return before
    began = time.process_time()
    meter.now(f"{codec.spec} reads the prompt")
    law = law_of(codec, prompt, settings.context, settings.starts)
    earlier = ([], 0.0) if before is None else (before.symbols, before.bits)
    spent = 0.0 if before is None else before.cpu_seconds
    done = before
    stored = told = time.monotonic()
    said = False
    for drawn in draw(law, settings.bytes, settings.seed, settings.temperature, earlier):
        done = Continuation(
            settings=settings,
            symbols=list(drawn.symbols),
            text=drawn.text,
            bits=drawn.bits,
            cpu_seconds=spent + time.process_time() - began,
            method=law.method,
        )
        now = time.monotonic()
        fresh = len(drawn.text) - (0 if before is None else len(before.text))
        left = (settings.bytes - len(drawn.text)) * (now - told) / max(1, fresh)
        if not said and left > 10:
            meter.say(f"{codec.spec}: {settings.bytes} bytes take about {duration(left)}")
        said = True
        meter.now(
            f"{codec.spec}: {len(drawn.text)} of {settings.bytes} bytes, {duration(left)} to go"
        )
        if keep is not None and (done.complete or now - stored > KEEP):
            keep(done)
            stored = now
    if done is None:
        raise UsageError("nothing to draw: --bytes is 1 or more")
    return done

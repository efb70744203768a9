"""`codelength curve`: what context is worth to codecs and predictors."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codelength.api.errors import Unsupported, UsageError
from codelength.api.sampling import Limit
from codelength.cli import warn_problems
from codelength.cli.options import (
    DEVICE,
    FRESH,
    Size,
    warn_broken,
    with_out,
    with_plugins,
    with_selection,
)
from codelength.cli.output import print_sections
from codelength.plugins import Plugins
from codelength.report.progress import Meter

if TYPE_CHECKING:
    from codelength.api.codec import Codec
    from codelength.measure.plan import Plan
    from codelength_studies.curve.pieces import Piece
    from codelength_studies.curve.records import Question


@click.command()
@with_selection("paper", required=True)
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
@click.option(
    "--last",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    metavar="BYTES",
    help="Own bytes that also a foreign context ends in.",
)
@click.option(
    "--controls/--no-controls",
    default=True,
    help="Shuffled bytes, a surrogate, the model before training.",
)
@click.option(
    "--order",
    type=click.IntRange(0),
    default=2,
    show_default=True,
    help="The surrogate has each run of so many bytes and one more as often as the data.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of controls.")
@with_out("Where the page goes; curves that are there are not measured again.", "codelength-curves")
@FRESH
@with_plugins
def command(
    codecs: str,
    corpora: str,
    protocol: str,
    length: int,
    count: int,
    limit: Limit,
    last: int,
    controls: bool,
    order: int,
    seed: int,
    out: Path,
    fresh: bool,
    plugins: Plugins,
) -> int:
    """Show what context is worth: bits a byte by position and by prefix.

    For a predictor, what the byte at each position costs; for any codec, what prefixes cost, coded.
    The second half of each piece is coded in several contexts: none, a unigram, its last bytes, a
    foreign first half, its own. Where the own one beats the foreign one, the codec adapts. The
    command ends with 3 if the folder has lines that are not curves.

    \b
    codelength curve --codecs recurrent:size=0.9m,gzip --corpora enwik6,kodak,librispeech,random
    codelength curve --codecs order2 --corpora path:logs --protocol whole --length 16KiB
    """
    from codelength.results.machine import command_line
    from codelength_studies.curve.gain import group_curves
    from codelength_studies.curve.measure import measure_curve
    from codelength_studies.curve.page import PAGE, conclusion, gain_tables, page
    from codelength_studies.curve.records import CONTROLS, DATA, FILE, Curve, key_of
    from codelength_studies.journal import StudyJournal
    from codelength_studies.page import write_page
    from codelength_studies.plan import plan_study

    warn_broken(plugins)
    with Meter(sys.stderr) as meter, StudyJournal(out, FILE, [Curve], fresh=fresh) as journal:
        plan = plan_study(
            plugins,
            plugins.select_codecs(codecs),
            corpora,
            [plugins.protocol(protocol)],
            limit,
            lambda name: meter.now(f"reading {name}"),
        )
        wanted = [DATA, *(CONTROLS if controls else ())]
        asked = {"length": length, "chunks": count, "seed": seed, "last": last, "order": order}
        questions = list(_questions(plan, wanted, asked))
        keys = [key_of(question) for _, _, question in questions]
        missing = [
            q for q, key in zip(questions, keys, strict=True) if not journal.find(Curve, key)
        ]
        declined: list[str] = []
        for done, (codec, pieces, question) in enumerate(missing):
            what = f"{codec.spec} on {question.slice.corpus} ({question.control})"
            meter.now(f"[{done + 1}/{len(missing)}] {what}", done / len(missing))
            try:
                curve = measure_curve(codec, question, pieces)
            except Unsupported as error:
                declined.append(f"{what}: {error}")
            else:
                if curve is not None:
                    journal.append(curve)
        answers = [journal.find(Curve, key_of(question)) for _, _, question in questions]
    curves = [curve for curve in answers if curve is not None]
    if not curves:
        raise Unsupported(f"no curve came about: {'; '.join(declined)}")
    grouped = group_curves(curves)
    for one in grouped:
        print_sections(*gain_tables(one), conclusion(one) + "\n")
    for line in declined:
        click.echo(f"not drawn: {line}", err=True)
    write_page(page(grouped, declined, command_line()), out / PAGE)
    return warn_problems(journal.problems)


def _questions(
    plan: "Plan", controls: Sequence[str], asked: dict[str, int]
) -> "Iterator[tuple[Codec, list[Piece], Question]]":
    """Yield every curve to measure, with its codec and its pieces. Raises UsageError."""
    from codelength.api.codec import dependencies_of
    from codelength_studies.code import code_of
    from codelength_studies.curve.pieces import take_pieces
    from codelength_studies.curve.records import Question
    from codelength_studies.plan import samples_of

    pieces = {}
    for target in plan.targets:
        corpus = target.slice.corpus
        try:
            samples = samples_of(plan, target)
            pieces[corpus] = take_pieces(samples, asked["length"], asked["chunks"])
        except UsageError as error:
            raise UsageError(f"corpus {corpus} has {error}") from error
    for entry in plan.codecs:
        code = code_of(plan.plugins, entry).digest
        for target in plan.targets:
            for control in controls:
                question = Question(
                    codec=entry.item.spec,
                    versions=dependencies_of(entry.item),
                    code=code,
                    slice=target.slice,
                    control=control,
                    **asked,
                )
                yield entry.item, pieces[target.slice.corpus], question

"""`codelength scaling`: ladders of models, measured and fitted."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codelength.api.errors import CorpusError, StoreError, Unavailable, UsageError
from codelength.cli.meter import Meter, duration
from codelength.cli.options import LIMIT, load_plugins, page_in, warn_broken, with_out, with_plugins

if TYPE_CHECKING:
    from codelength_studies.scaling.points import Ladder
    from codelength_studies.scaling.reading import Fitted

POINTS = click.argument("points", required=False, type=click.Path(path_type=Path), metavar="CSV")
PUBLISHED = click.option(
    "--published", is_flag=True, help="Fit the published ladder of Pythia instead of a file."
)
RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(20),
    default=500,
    show_default=True,
    help="Of the bootstrap; 500 take some ten seconds for 25 points.",
)
SEED = click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap.")
OUT = with_out("Where all of it goes.", "codelength-scaling")


@click.group()
def command() -> None:
    """Train, measure, fit and plot compression against size and steps.

    \b
    codelength scaling train --data text.tar.xz --sizes 10k,100k,1m --out ladder
    codelength scaling measure ladder --as recurrent:weights={} --corpora enwik6 --out ladder
    codelength scaling fit ladder/points.csv --out ladder
    """


@command.command("fit")
@POINTS
@PUBLISHED
@RESAMPLES
@SEED
@OUT
def fit_command(points: Path | None, published: bool, resamples: int, seed: int, out: Path) -> int:
    """Fit CR(P, S) = a + b·P^−α + c·S^−β to a ladder of models.

    CSV has the columns parameters, steps and rate (coded / raw bytes), and maybe corpus, how and
    model; 'codelength scaling measure' writes one. The fit is robust least squares with bootstrap
    intervals; it is set beside simpler forms and such that turn upward, and says which of its
    numbers the ladder does not determine.

    \b
    codelength scaling fit ladder/points.csv --out ladder
    codelength scaling fit --published
    """
    _check_installed("scipy", "science")
    from codelength.results.machine import command_line
    from codelength_studies.scaling.page import tables, write
    from codelength_studies.scaling.reading import reading

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    found = []
    for fitted in _studied(points, published, resamples, seed):
        found.append(fitted)
        for table in tables(fitted):
            click.echo(table.text(width))
        for sentence in reading(fitted):
            click.echo(sentence)
        click.echo("")
    with page_in(out):
        path = write(found, resamples, command_line(), out)
    click.echo(f"page: {path}")
    return 0


@command.command("plot")
@POINTS
@PUBLISHED
@RESAMPLES
@SEED
@OUT
def plot_command(points: Path | None, published: bool, resamples: int, seed: int, out: Path) -> int:
    """Draw a ladder with its fit: by size, by steps, residuals, and how sure the numbers are.

    \b
    codelength scaling plot ladder/points.csv --out ladder
    """
    _check_installed("scipy", "science")
    _check_installed("matplotlib", "plots")
    from codelength.report.export.files import replace, slug
    from codelength_studies.scaling.plot import plot

    for fitted in _studied(points, published, resamples, seed):
        path = out / f"scaling-{slug(fitted.ladder.corpus)}.svg"
        try:
            replace(path, plot(fitted))
        except OSError as error:
            raise StoreError(f"no plot can be written to {out}: {error.strerror}") from error
        click.echo(f"plot: {path}")
    return 0


def _check_installed(module: str, extra: str) -> None:
    if find_spec(module) is None:
        raise Unavailable(f"this needs {module}: python -m pip install 'codelength[{extra}]'")


def _studied(points: Path | None, published: bool, resamples: int, seed: int) -> Iterator["Fitted"]:
    """What was found out about each ladder. Raises UsageError."""
    if (points is None) != published:
        raise UsageError("scaling takes the CSV file of a ladder, or --published, and not both")
    from codelength_studies.scaling.study import study

    with Meter(sys.stderr) as meter:
        for ladder, law in _ladders(points):
            meter.now(f"{ladder.corpus}: {len(ladder.points)} points, {resamples} resamples")
            fitted = study(ladder, resamples, seed, law)
            meter.clear()
            yield fitted


def _ladders(points: Path | None) -> "Iterator[tuple[Ladder, Mapping[str, float] | None]]":
    from codelength_studies.scaling.points import ladders, read
    from codelength_studies.scaling.published import COEFFICIENTS
    from codelength_studies.scaling.published import published as known

    if points is None:
        for ladder in known():
            yield ladder, COEFFICIENTS[ladder.corpus]
    else:
        for ladder in ladders(read(points)):
            yield ladder, None


@command.command("measure")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[FOLDER]")
@click.option(
    "--as",
    "template",
    metavar="SPEC",
    help="The codec of each model in FOLDER, {} standing for its file: recurrent:weights={}",
)
@click.option("--codecs", metavar="LIST", help="The models as codecs, instead of a folder.")
@click.option("--corpora", required=True, metavar="LIST", help="Best one of each kind.")
@click.option("--protocol", "rule", default="paper", show_default=True, metavar="NAME")
@LIMIT
@click.option(
    "--score", "scored", is_flag=True, help="Ideal code lengths, labelled ≈, instead of coding."
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@OUT
@with_plugins
def measure_command(
    folder: Path | None,
    template: str | None,
    codecs: str | None,
    corpora: str,
    rule: str,
    limit: int | None,
    scored: bool,
    jobs: int,
    out: Path,
    files: tuple[str, ...],
    data: Path | None,
) -> int:
    """Measure every model of a ladder on some corpora.

    By coding, decoding in another process and comparing, as 'codelength run' does it, or with
    --score by ideal code lengths. The name of a model says after how many steps it was saved:
    ladder-30k-step400.safetensors, or revision=step8000. The points are in DIR/points.csv for
    'codelength scaling fit'; a run that was stopped goes on with the same command. It
    ends with 3 if points are missing.

    \b
    codelength scaling measure ladder --as recurrent:weights={} --out ladder \\
        --corpora enwik6,kodak,librispeech --limit 1MB
    codelength scaling measure --codecs hf:model=pythia-70m-step1000,hf:model=… --corpora enwik6
    """
    from codelength.api.protocol import protocol
    from codelength.api.spec import split_specs
    from codelength.run.plan import survey
    from codelength_studies.scaling.points import write
    from codelength_studies.scaling.rungs import points, rungs, specs_of
    from codelength_studies.scaling.rungs_command import by_coding, by_score

    if (folder is None) == (codecs is None) or (folder is None) != (template is None):
        raise UsageError("measure takes FOLDER with --as SPEC, or --codecs LIST")
    plugins = load_plugins(files, data)
    warn_broken(plugins)
    if folder is not None and template is not None:
        specs = specs_of(folder, template)
    else:
        specs = split_specs(codecs or "")
    ladder = rungs(plugins, specs)
    entries = plugins.select_corpora(corpora)
    for entry in entries:
        entry.item.check_available()
    with Meter(sys.stderr) as meter:
        targets = survey(
            entries, [protocol(rule)], limit, lambda name: meter.now(f"reading {name}")
        )
    for target in targets:
        if target.problem:
            raise CorpusError(target.problem)
    how = by_score if scored else by_coding
    found = points(ladder, how(plugins, ladder, entries, targets, jobs, out))
    path = out / "points.csv"
    try:
        write(path, found)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    missing = len(ladder) * len(targets) - len(found)
    click.echo(f"points: {path}, {len(found)} of {len(found) + missing}")
    return 3 if missing else 0


@command.command("train", context_settings={"ignore_unknown_options": True})
@click.option(
    "--kind", type=click.Choice(["recurrent", "transformer"]), default="recurrent",
    show_default=True,
)  # fmt: skip
@click.option("--sizes", default="10k,30k,100k,300k,1m,3m", show_default=True, metavar="LIST")
@click.option(
    "--save-at", default="64,128,256,512,1024,2048", show_default=True, metavar="STEPS",
    help="Steps after which weights are written.",
)  # fmt: skip
@OUT
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def train_command(kind: str, sizes: str, save_at: str, out: Path, options: tuple[str, ...]) -> int:
    """Train a ladder of models: several sizes, each with weights at several steps.

    Calls 'codelength train' for one size after the other; what this command does not know is handed
    on to it, the data above all. Every size first takes a few steps, to say what all of it will
    cost. A ladder that was stopped goes on with the same command.

    \b
    codelength scaling train --data text.tar.xz --sizes 10k,30k,100k,300k,1m --out ladder
    """
    from codelength_studies.scaling.training import cost, train
    from codelength_studies.scaling.training import sizes as ladder_of

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{out} cannot be made: {error.strerror}") from error
    ladder = ladder_of(kind, sizes, save_at, out, options)
    missing = [size for size in ladder if not size.done]
    with Meter(sys.stderr) as meter:
        total = 0.0
        for size in missing:
            meter.now(f"{size.kind} {size.size}: first steps")
            left = cost(size)
            if left is not None:
                meter.say(f"{size.kind} {size.size}: about {duration(left)}")
                total += left
        if total:
            meter.say(f"{len(missing)} of {len(ladder)} sizes to train, about {duration(total)}")
        for size in missing:
            if not size.done:
                train(size, meter.say)
    click.echo(f"{len(ladder)} sizes with {len(ladder[0].save_at)} checkpoints each in {out}")
    return 0

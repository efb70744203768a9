"""`codelength scaling`: ladders of models, measured and fitted."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codelength.api.errors import StoreError, Unavailable, UsageError
from codelength.api.sampling import Limit
from codelength.cli.options import (
    FRESH,
    warn_broken,
    with_jobs,
    with_out,
    with_plugins,
    with_selection,
)
from codelength.cli.output import print_sections
from codelength.plugins import Plugins
from codelength.report.progress import Meter, duration

if TYPE_CHECKING:
    from codelength_studies.scaling.analysis import Analysis

POINTS = click.argument("points", required=False, type=click.Path(path_type=Path), metavar="CSV")
PUBLISHED = click.option(
    "--published", is_flag=True, help="Fit the published ladder of Pythia instead of a file."
)
RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(20),
    default=500,
    show_default=True,
    help="Of the bootstrap of runs.",
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

    CSV has the columns parameters, steps and rate (coded / raw bytes), and maybe corpus, how,
    model, embeddings and tokens; 'codelength scaling measure' writes one. Points of models whose
    names differ only in their steps are of one run. The form is fitted to all sizes but the
    largest and predicts that one; it is set beside simpler forms and such that turn upward. With
    several runs of each size its numbers have intervals.

    \b
    codelength scaling fit ladder/points.csv --out ladder
    codelength scaling fit --published
    """
    _check_installed("scipy", "science")
    from codelength.results.machine import command_line
    from codelength_studies.page import write_page
    from codelength_studies.scaling.page import PAGE, conclusions, page, tables

    analyses = []
    for analysis in _analyses(points, published, resamples, seed):
        analyses.append(analysis)
        print_sections(*tables(analysis), *conclusions(analysis), "")
    write_page(page(analyses, resamples, command_line()), out / PAGE)
    return 0


@command.command("plot")
@POINTS
@PUBLISHED
@RESAMPLES
@SEED
@OUT
def plot_command(points: Path | None, published: bool, resamples: int, seed: int, out: Path) -> int:
    """Draw a ladder with its fit: by size, by steps, residuals, and what it predicts.

    \b
    codelength scaling plot ladder/points.csv --out ladder
    """
    _check_installed("scipy", "science")
    _check_installed("matplotlib", "plots")
    from codelength.results.files import write_file
    from codelength_studies.page import to_file_name
    from codelength_studies.scaling.plot import draw

    for analysis in _analyses(points, published, resamples, seed):
        path = out / f"scaling-{to_file_name(analysis.ladder.corpus)}.svg"
        write_file(path, draw(analysis))
        click.echo(f"plot: {path}")
    return 0


def _check_installed(module: str, extra: str) -> None:
    if find_spec(module) is None:
        raise Unavailable(f"this needs {module}: python -m pip install 'codelength[{extra}]'")


def _analyses(
    points: Path | None, published: bool, resamples: int, seed: int
) -> Iterator["Analysis"]:
    """Fit every ladder. Raises UsageError."""
    if (points is None) != published:
        raise UsageError("scaling takes the CSV file of a ladder, or --published, and not both")
    from codelength_studies.scaling.analysis import analyse
    from codelength_studies.scaling.ladder import group_points, read_points
    from codelength_studies.scaling.published import COEFFICIENTS, published_ladders

    ladders = published_ladders() if points is None else group_points(read_points(points))
    with Meter(sys.stderr) as meter:
        for ladder in ladders:
            meter.now(f"{ladder.corpus}: {len(ladder.points)} points, {resamples} resamples")
            known = COEFFICIENTS[ladder.corpus] if published else None
            analysis = analyse(ladder, resamples, seed, known)
            meter.clear()
            yield analysis


@command.command("measure")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[FOLDER]")
@click.option(
    "--as",
    "template",
    metavar="SPEC",
    help="The codec of each model in FOLDER, {} standing for its file: recurrent:weights={}",
)
@click.option("--codecs", metavar="LIST", help="The models as codecs, instead of a folder.")
@with_selection("paper", required=True, codecs=False)
@click.option(
    "--score", "scored", is_flag=True, help="Ideal code lengths, labelled ≈, instead of coding."
)
@click.option(
    "--step-tokens",
    type=click.IntRange(1),
    metavar="TOKENS",
    help="Tokens of a training step, for axes in tokens and FLOPs.",
)
@with_jobs()
@OUT
@FRESH
@with_plugins
def measure_command(
    folder: Path | None,
    template: str | None,
    codecs: str | None,
    corpora: str,
    protocol: str,
    limit: Limit,
    scored: bool,
    step_tokens: int | None,
    jobs: int,
    out: Path,
    fresh: bool,
    plugins: Plugins,
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
    from codelength.api.spec import split_specs
    from codelength_studies.plan import plan_study
    from codelength_studies.scaling.ladder import write_points
    from codelength_studies.scaling.measure import code_with_models, score_models
    from codelength_studies.scaling.models import find_models, points_of, specs_in_folder

    if (folder is None) == (codecs is None) or (folder is None) != (template is None):
        raise UsageError("measure takes FOLDER with --as SPEC, or --codecs LIST")
    warn_broken(plugins)
    if folder is not None and template is not None:
        specs = specs_in_folder(folder, template)
    else:
        specs = split_specs(codecs or "")
    models = find_models(plugins, specs)
    with Meter(sys.stderr) as meter:
        plan = plan_study(
            plugins,
            [model.entry for model in models],
            corpora,
            [plugins.protocol(protocol)],
            limit,
            lambda name: meter.now(f"reading {name}"),
        )
    measure = score_models if scored else code_with_models
    points = points_of(models, measure(plan, jobs, out, fresh), step_tokens)
    path = out / "points.csv"
    write_points(path, points)
    wanted = len(models) * len(plan.targets)
    click.echo(f"points: {path}, {len(points)} of {wanted}")
    return 3 if len(points) < wanted else 0


@command.command("train", context_settings={"ignore_unknown_options": True})
@click.option(
    "--kind", type=click.Choice(["recurrent", "transformer"]), default="recurrent",
    show_default=True,
)  # fmt: skip
@click.option("--sizes", default="10k,30k,100k,300k,1m,3m", show_default=True, metavar="LIST")
@click.option(
    "--seeds", type=click.IntRange(1), default=1, show_default=True,
    help="Runs of each size; intervals take at least two.",
)  # fmt: skip
@click.option(
    "--save-at", default="64,128,256,512,1024,2048", show_default=True, metavar="STEPS",
    help="Steps after which weights are written.",
)  # fmt: skip
@OUT
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def train_command(
    kind: str, sizes: str, seeds: int, save_at: str, out: Path, options: tuple[str, ...]
) -> int:
    """Train a ladder of models: several sizes, each with weights at several steps.

    Calls 'codelength train' for one run after the other; what this command does not know is handed
    on to it, the data above all. Every size first takes a few steps, to say what all of it will
    cost. A ladder that was stopped goes on with the same command.

    \b
    codelength scaling train --data text.tar.xz --sizes 10k,30k,100k,300k,1m --seeds 3 --out ladder
    """
    from codelength_studies.scaling.training import estimate_cost, plan_runs, train

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{out} cannot be made: {error.strerror}") from error
    ladder = plan_runs(kind, sizes, seeds, save_at, out, options)
    missing = [run for run in ladder if not run.is_done]
    with Meter(sys.stderr) as meter:
        total = 0.0
        for run in missing:
            meter.now(f"{run.name}: first steps")
            left = estimate_cost(run)
            if left is not None:
                meter.say(f"{run.name}: about {duration(left)}")
                total += left
        if total:
            meter.say(f"{len(missing)} of {len(ladder)} runs to train, about {duration(total)}")
        for run in missing:
            if not run.is_done:
                meter.clear()
                train(run)
    sizes_done = len(ladder) // seeds
    of = "" if seeds == 1 else f", {seeds} runs of each,"
    click.echo(f"{sizes_done} sizes{of} with {len(ladder[0].save_at)} checkpoints each in {out}")
    return 0

"""`codelength run`: the main job, from plugins to tables."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click

from codelength.api.errors import UsageError
from codelength.api.sampling import Limit
from codelength.cli import fail, warn_problems
from codelength.cli.config import USE
from codelength.cli.exports import Outputs, with_exports
from codelength.cli.options import (
    ALL,
    DEVICE,
    FRESH,
    KEY,
    OUT,
    SANDBOX,
    Duration,
    Part,
    Size,
    choose_sandbox,
    leave_out_missing,
    warn_broken,
    with_budget,
    with_jobs,
    with_plugins,
    with_selection,
    with_timeout,
)
from codelength.cli.pricing import price_cells, with_price
from codelength.coding.device import several
from codelength.measure.job import TIMEOUT, Limits
from codelength.measure.plan import Plan
from codelength.metrics.budget import Budget
from codelength.metrics.price import STORED, Price
from codelength.plugins import Plugins
from codelength.results.cell import Cell, Status

UNASKED = 2_000_000
"""Bytes of all corpora from which on a run tells beforehand how long it will take."""

SMOKE, SAMPLE = ("sample:64000", 30.0), ("sample:1000000", 1800.0)
"""What of each corpus every codec meets, in a run that names no corpora and in one that does, and
the seconds that it may take for all of a corpus. A default run takes 150 seconds on two cores."""

HERE = "local"

SMOKE_JOBS = 2
"""Codecs at once in a run that names no corpora; its speeds are labelled."""

SMOKE_TEST = (
    "A smoke test on small files made for it. A real board: codelength run --corpora "
    "canterbury,kodak,librispeech; 'codelength list corpora' shows what there is."
)
SLOW = " A codec that would take more than half an hour for a corpus is measured on a sample of it."


@click.command()
@USE
@with_selection()
@OUT
@KEY
@with_jobs(None, "1; 2 in a run that names no corpora")
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Threads that a codec's libraries may use.",
)
@DEVICE
@click.option(
    "--on",
    default=HERE,
    show_default=True,
    metavar="ENGINE",
    help="Where cells are measured: local, ray[:ADDRESS], slurm[:PARTITION], dask:ADDRESS.",
)
@click.option(
    "--shard",
    "part",
    type=Part(),
    default="1/1",
    metavar="I/N",
    help="Measure only part I of N, as 2/8; 'codelength merge' makes one folder of the parts.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be measured, and how long.")
@click.option(
    "--budget",
    "duration",
    type=Duration(),
    help="Let the run take about so long, as 20min: all codecs take a sample, and everything "
    "those that have the time.",
)
@FRESH
@with_timeout(TIMEOUT)
@click.option("--memory", type=Size(), help="For each worker; 80% of the machine's by default.")
@SANDBOX
@with_exports
@with_price
@with_budget
@with_plugins
def command(
    codecs: str | None,
    corpora: str | None,
    protocol: str,
    limit: Limit,
    out: Path,
    key: str,
    jobs: int | None,
    threads: int,
    on: str,
    part: tuple[int, int],
    dry_run: bool,
    duration: float | None,
    fresh: bool,
    timeout: float,
    memory: int | None,
    sandbox: str,
    outputs: Outputs,
    price: Price,
    decoder_bytes: bool,
    budget: Budget,
    plugins: Plugins,
) -> int:
    """Measure codecs on corpora, rank them, write a report.

    Without options: every codec on every embedded corpus. Every cell is encoded, decoded in
    another process and compared. Without --limit, fast codecs take everything and slow ones a
    sample.

    \b
    codelength run --codecs gzip,zstd:level=1..19 --corpora ~/data
    codelength run --corpora canterbury,kodak --protocol whole,chunks:2048
    codelength run --plugin my-codecs.toml --codecs my-gzip,gzip
    codelength run --on ray --corpora canterbury

    \b
    Exit codes: 2 bad usage, 3 something failed or nothing
    was measured, 4 a round trip failed.
    """
    from codelength.cli.planned import PlannedPage
    from codelength.measure.engine import execute
    from codelength.measure.forecast import choose_again, make_forecast, order
    from codelength.measure.plan import make_plan
    from codelength.measure.shorten import measure_less
    from codelength.report.board import build_board
    from codelength.report.board_page import BoardPage
    from codelength.report.progress import watch
    from codelength.results.store import Store, load

    warn_broken(plugins)
    selected = plugins.select_codecs(codecs)
    chosen_codecs = leave_out_missing(selected, asked=False)
    chosen_protocols = plugins.select_protocols(protocol)
    chosen_corpora = leave_out_missing(plugins.select_corpora(corpora), corpora is not None)
    limit, within = choose_limit(limit, corpora is not None, duration)
    if not chosen_codecs or not chosen_corpora or not chosen_protocols:
        raise UsageError("nothing to run; 'codelength list codecs' and 'list corpora' show what is")
    jobs = jobs or choose_jobs(on, corpora is not None)
    limits = Limits(timeout, memory, threads, choose_sandbox(sandbox, out))
    executor = None if dry_run or on == HERE else plugins.executor(on, jobs)
    keep = nullcontext() if dry_run else Store(out)
    with executor or nullcontext(), keep as store, watch(sys.stderr, outputs.quiet) as progress:

        def planned(limit: Limit, within: float | None = None) -> Plan:
            rules, reading = chosen_protocols, progress.reading
            plan = make_plan(plugins, chosen_codecs, chosen_corpora, rules, limit, reading, within)
            return replace(plan, part=part)

        plan = planned(limit, within)
        forecast = None
        is_large = sum(target.slice.bytes for target in plan.targets) > UNASKED
        if dry_run or duration or (is_large and corpora is not None):
            forecast = make_forecast(plan, chosen_corpora, chosen_protocols, limits, progress)
            if better := choose_again(forecast, duration, jobs):
                forecast = replace(forecast, plan=planned(*better))
            plan = order(forecast)
            progress.forecast.expected = forecast.seconds
            if not dry_run:
                progress.line(
                    PlannedPage(forecast, jobs, limits).summary + SLOW * (plan.within == SAMPLE[1])
                )
        interrupted = False
        if store is None:
            assert forecast
            outputs.show(PlannedPage(forecast, jobs, limits))
            return 0
        try:
            execute(plan, store, limits, executor or jobs, progress, fresh)
            plan = measure_less(plan, store, limits, executor or jobs, progress)
        except KeyboardInterrupt:
            interrupted = True
    results = load(out)
    cells = plan.latest(results)
    every = results.latest
    # what is missing for a price takes a while, which someone who wants to stop does not have
    priced = STORED
    if not interrupted:
        priced = price_cells(price, decoder_bytes, every, plugins, [out], budget)

    def page_of(cells: Sequence[Cell]) -> BoardPage:
        shown = {"results": replace(results, cells=list(cells))}
        return BoardPage(build_board(shown, pricing=priced), key=key)

    page = page_of(cells)
    outputs.show(page)
    # the report is of all that the folder holds, so that a narrower run does not replace it
    outputs.write_report(page if len(cells) == len(every) else page_of(every), out)
    code = warn_problems(results.problems)
    if interrupted:
        missing = len(plan.keys) - len(cells)
        return fail(f"interrupted with {missing} cells to go; repeat the command to go on", 3)
    asked_for = [plugin for plugin in plugins.broken if not plugin.package]
    if codecs is not None and len(chosen_codecs) < len(selected):
        return 3
    return 3 if asked_for else exit_code(cells, strict=codecs is not None) or code


def choose_jobs(on: str, is_named: bool) -> int:
    """Choose how many cells a machine measures at once: one, or one a device."""
    if on != HERE:
        return 1
    return max(len(several()), 1 if is_named else min(SMOKE_JOBS, os.cpu_count() or 1))


def choose_limit(
    limit: Limit, is_named: bool, budget: float | None = None
) -> tuple[Limit, float | None]:
    """Choose what of each corpus is measured, and the seconds that a codec may take for all."""
    if not is_named:
        click.echo(SMOKE_TEST, err=True)
    if budget and limit:
        raise UsageError("--budget chooses how much of each corpus is measured: leave out --limit")
    if budget:
        return None, None
    if limit is not None:
        return (None if limit == ALL else limit), None
    return SAMPLE if is_named else SMOKE


def exit_code(cells: Sequence[Cell], strict: bool) -> int:
    """4 if a round trip failed, 3 if something else did or nothing was measured, else 0.

    A codec that declined or is not installed counts as a failure only where it was asked for
    (`strict`).
    """
    statuses = {cell.status for cell in cells}
    if Status.MISMATCH in statuses:
        return 4
    harmless = {Status.OK} if strict else {Status.OK, Status.UNSUPPORTED}
    return 0 if Status.OK in statuses and statuses <= harmless else 3

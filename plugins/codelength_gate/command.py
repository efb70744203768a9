"""`codelength gate`: fails when a codec has got worse since the baseline was made."""

import os
import sys
from dataclasses import replace as with_fields
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource
from msgspec.structs import replace

from codelength.api.errors import UsageError
from codelength.api.spec import split_specs
from codelength.cli import fail
from codelength.cli.config import USE
from codelength.cli.exports import Outputs, with_exports
from codelength.cli.options import (
    DEVICE,
    Size,
    leave_out_missing,
    warn_broken,
    with_budget,
    with_plugins,
    with_timeout,
)
from codelength.metrics.budget import Budget
from codelength.plugins import Plugins
from codelength.report.export import PageExporter
from codelength.report.progress import watch
from codelength_gate.baseline import LIMIT, Baseline, Grid, load, update_file
from codelength_gate.history.entries import append, to_entry
from codelength_gate.outcome import Policy, accept, check
from codelength_gate.page import to_annotations, to_junit, to_page
from codelength_gate.rows import RowChanges, compare_rows, update_rows
from codelength_gate.verdicts import codecs_to_check

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@USE
@click.option(
    "--baseline",
    "path",
    type=FILE,
    required=True,
    metavar="FILE",
    help="The baseline to compare with; commit it.",
)
@click.option("--update", is_flag=True, help="Accept what is measured now, and write FILE.")
@click.option("--codecs", metavar="LIST", help="With --update: only these codecs; others stay.")
@click.option("--corpora", metavar="LIST", help="With --update: the corpora of the grid.")
@click.option(
    "--protocol", "protocols", metavar="LIST", help="With --update: the protocols of the grid."
)
@click.option("--limit", type=Size(), help="With --update: bytes of each corpus, as 20kB.")
@click.option(
    "--wall",
    metavar="LIST",
    help="With --update: codecs that are timed by the wall clock, because they work in threads or "
    "on a device.",
)
@click.option(
    "--time",
    "time",
    type=click.Choice(["advise", "block", "off"]),
    show_default="advise",
    help="What to do with times: report a slower codec, fail, or take no times. With --update: "
    "take all times anew, or none, instead of those of codecs that changed.",
)
@click.option(
    "--keys",
    type=click.Choice(["advise", "block"]),
    default="advise",
    show_default=True,
    help="What to do with a cell that cannot be compared, because its library or corpus changed.",
)
@with_budget
@with_timeout(120)
@DEVICE
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write JUnit XML, with a test case for each cell and time; - for standard output.",
)
@click.option(
    "--history", type=FILE, metavar="FILE", help="Append sizes and times, a line of JSON."
)
@click.option("--annotations", is_flag=True, help="Print what changed for a GitHub workflow.")
@with_exports
@with_plugins
def command(
    path: Path,
    update: bool,
    codecs: str | None,
    corpora: str | None,
    protocols: str | None,
    limit: int | None,
    wall: str | None,
    time: str | None,
    keys: str,
    budget: Budget,
    timeout: float,
    junit: Path | None,
    history: Path | None,
    annotations: bool,
    outputs: Outputs,
    plugins: Plugins,
) -> int:
    """Fail when a codec has got worse since the baseline was made.

    Measures the grid of the baseline again, and the default rows of its plugins. Round trips, coded
    sizes and blobs have to be the same as then; a smaller size is reported and does not fail the
    gate. If a library or a corpus is another one, the cell has a changed key and is not compared.
    CPU time is compared relative to that of two references, and reported if it grew by more than
    15%.

    \b
    Exit codes: 0 nothing got worse, 1 a cell is larger or has other bytes,
    or a default row has other settings, 2 bad usage, 3 a codec is gone or new,
    a cell failed or nothing was compared, 4 a round trip failed.

    \b
    codelength gate --baseline baseline.json --update --plugin squeeze.py --codecs squeeze
    codelength gate --baseline baseline.json --plugin squeeze.py
    codelength gate --baseline baseline.json --history history.jsonl --max-total 16MB
    """
    options: dict[str, Any] = {
        "codecs": codecs,
        "corpora": corpora,
        "protocol": protocols,
        "limit": limit,
        "wall": wall,
    }
    typed = [f"--{name}" for name in options if _is_typed(name) and not update]
    if typed:
        raise UsageError(
            f"{typed[0]} changes the grid of the baseline; give it with --update, once"
        )
    before = load(path)
    if before is None and not update:
        raise UsageError(
            f"no baseline {path}; 'codelength gate --baseline {path} --update' makes it"
        )
    warn_broken(plugins)
    policy = Policy(time == "block", keys == "block", budget)
    with watch(sys.stderr, quiet=not sys.stderr.isatty()) as progress:
        if before and not update:
            _refuse_others(_choose(plugins, before, **options), plugins, before, path)
            recorded = history is not None
            outcome = check(before, plugins, progress, policy, time != "off", timeout, recorded)
        else:
            chosen = _choose(plugins, before, **options)
            baseline, outcome = accept(
                chosen.codecs,
                chosen.grid,
                plugins,
                progress,
                time != "off",
                timeout,
                rows=update_rows(
                    before.rows if before else (), plugins, chosen.codecs, chosen.gone
                ),
                wall=chosen.wall,
                before=before if time is None else None,
                policy=policy,
            )
    if junit:
        exporter = PageExporter("junit", ".xml", "", lambda _: to_junit(outcome).encode())
        outputs = with_fields(outputs, files={**outputs.files, exporter: junit})
    outputs.show(to_page(outcome, str(path)))
    if outcome.log:
        click.echo(outcome.log.rstrip(), err=True)
    if annotations:
        entries = [entry for entry in plugins.codecs if not entry.plugin.package]
        files = {entry.item.spec: os.path.relpath(entry.plugin.where) for entry in entries}
        for line in to_annotations(outcome, files, str(path)):
            click.echo(line, err=outputs.to_stdout)
    if history:
        append(history, to_entry(outcome, path.resolve().parent))
    if outcome.exit_code:
        refused = "; nothing was written" if update else ""
        return fail(f"gate: {outcome.headline}{refused}", outcome.exit_code)
    line = f"gate: {outcome.headline}" if not update else _keep(baseline, path, chosen.gone)
    click.echo(line, err=outputs.to_stdout)
    return 0


class Choice(NamedTuple):
    """What --update measures."""

    codecs: list[str]
    grid: Grid
    wall: list[str]
    """Codecs that are timed by the wall clock."""
    gone: list[str]
    """Default rows that are taken out of the baseline."""


def _choose(
    plugins: Plugins,
    before: Baseline | None,
    codecs: str | None,
    corpora: str | None,
    protocol: str | None,
    limit: int | None,
    wall: str | None,
) -> Choice:
    """Choose what --update measures: an option that is not given takes what the baseline has.

    Codecs that are not named are measured too if there are to be other corpora.

    Raises:
        UsageError: An option names something that is not there.
    """
    grid = before.grid if before else Grid(corpora=[], protocols=[], limit=LIMIT)
    if before is None or corpora is not None:
        chosen = leave_out_missing(plugins.select_corpora(corpora), asked=corpora is not None)
        grid = replace(grid, corpora=[entry.item.spec for entry in chosen])
    if before is None or protocol is not None:
        selected = plugins.select_protocols(protocol or "whole")
        grid = replace(grid, protocols=[entry.item.spec for entry in selected])
    if limit is not None:
        grid = replace(grid, limit=limit)
    rows = compare_rows(before.rows, plugins) if before else RowChanges()
    if before is None or codecs is not None:
        entries = leave_out_missing(plugins.select_codecs(codecs), asked=codecs is not None)
        specs = [entry.item.spec for entry in entries]
        rows = rows.of({entry.item.name for entry in entries})
        if before and before.grid != grid:
            specs = list(dict.fromkeys([*codecs_to_check(before, rows), *specs]))
    else:
        new = leave_out_missing(map(plugins.codec, rows.new), asked=False)
        usable = {entry.item.spec for entry in new}
        specs = [s for s in codecs_to_check(before, rows) if s not in rows.new or s in usable]
    walled = [t.codec for t in before.timings if t.clock == "wall"] if before else []
    if wall is not None:
        walled = [plugins.codec(spec).item.spec for spec in split_specs(wall)]
        if stray := [spec for spec in walled if spec not in specs]:
            raise UsageError(f"--wall names {stray[0]}, which is not measured; see --codecs")
    return Choice(specs, grid, walled, [row for row in rows.gone if row not in specs])


def _is_typed(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name.replace("protocol", "protocols"))
    return source is ParameterSource.COMMANDLINE


def _refuse_others(asked: Choice, plugins: Plugins, before: Baseline, path: Path) -> None:
    """Raise UsageError if the options of `--use` ask for what the baseline does not have."""
    has = codecs_to_check(before, compare_rows(before.rows, plugins))
    others = [codec for codec in asked.codecs if codec not in has]
    if others or asked.grid != before.grid:
        what = others[0] if others else "other corpora, protocols or another limit"
        raise UsageError(f"--use asks for {what}, which {path} does not have; add --update, once")


def _keep(baseline: Baseline, path: Path, gone: list[str]) -> str:
    """Put a baseline into its file, and return a line that says what it changes."""
    before, after = update_file(path, baseline, gone)
    old, new = before.by_key if before else {}, after.by_key
    what = f"{path}, {len(new):,} cells"
    if after == before:
        return f"unchanged: {what}"
    counts = {
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "changed": sum(old[key] != new[key] for key in old.keys() & new.keys()),
        "times": sum(timing not in before.timings for timing in after.timings) if before else 0,
    }
    changes = "".join(f", {number:,} {word}" for word, number in counts.items() if number)
    return f"written: {what}{changes if before else ''}"

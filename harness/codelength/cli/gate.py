"""`codelength gate`: fails when a codec has got worse since the baseline was made."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from codelength.api.errors import StoreError, UsageError
from codelength.api.spec import split_specs
from codelength.cli import fail
from codelength.cli.options import (
    DEVICE,
    Size,
    leave_out_missing,
    warn_broken,
    with_plugins,
    with_timeout,
)
from codelength.cli.output import STDOUT, print_sections
from codelength.cli.progress import Lines, Live
from codelength.gate.baseline import LIMIT, Baseline, Grid, load, update_file
from codelength.gate.outcome import Policy, accept, check
from codelength.gate.output import outcome_to_json, to_junit, to_markdown, to_tables
from codelength.plugins import Plugins
from codelength.results.cell import Cell, Status


def _output(name: str, what: str) -> Callable[..., Any]:
    kind = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
    text = f"Write {what}; - for standard output."
    return click.option(f"--{name}", f"{name}_file", type=kind, metavar="FILE", help=text)


@click.command()
@click.option(
    "--baseline",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
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
@with_timeout(120)
@DEVICE
@_output("json", "all findings as JSON")
@_output("junit", "JUnit XML, with a test case for each cell and time")
@_output("markdown", 'Markdown, as for "$GITHUB_STEP_SUMMARY"')
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
    timeout: float,
    json_file: Path | None,
    junit_file: Path | None,
    markdown_file: Path | None,
    plugins: Plugins,
) -> int:
    """Fail when a codec has got worse since the baseline was made.

    Measures the grid of the baseline again. Round trips, coded sizes and blobs have to be the same
    as then; a smaller size is reported and does not fail the gate. If a library or a corpus is
    another one, the cell has a changed key and is not compared. CPU time is compared relative to
    that of two references, and reported if it grew by more than 15%.

    \b
    Exit codes: 0 nothing got worse, 1 a cell is larger or has other bytes,
    2 bad usage, 3 a codec is gone, a cell failed or nothing was compared,
    4 a round trip failed.

    \b
    codelength gate --baseline baseline.json --update --plugin squeeze.py --codecs squeeze
    codelength gate --baseline baseline.json --plugin squeeze.py
    """
    settings = {
        "codecs": codecs,
        "corpora": corpora,
        "protocol": protocols,
        "limit": limit,
        "wall": wall,
    }
    given = [f"--{name}" for name, value in settings.items() if value is not None]
    if given and not update:
        raise UsageError(
            f"{given[0]} changes the grid of the baseline; give it with --update, once"
        )
    before = load(path)
    if before is None and not update:
        raise UsageError(
            f"no baseline {path}; 'codelength gate --baseline {path} --update' makes it"
        )
    warn_broken(plugins)
    timed = time != "off"
    with _watch() as watch:
        if before and not update:
            policy = Policy(time == "block", keys == "block")
            outcome = check(before, plugins, watch, policy, timed, timeout)
        else:
            grid = _grid(plugins, before.grid if before else None, settings)
            kept = before if time is None else None
            baseline, outcome = accept(grid, plugins, watch, timed, timeout, kept)
    is_quiet = STDOUT in (json_file, junit_file, markdown_file)
    print_sections(*to_tables(outcome), err=is_quiet)
    if outcome.log:
        click.echo(outcome.log.rstrip(), err=True)
    print_sections(*outcome.summary(), err=is_quiet)
    texts: list[tuple[Path | None, Callable[[], str]]] = [
        (json_file, lambda: outcome_to_json(outcome, str(path))),
        (junit_file, lambda: to_junit(outcome)),
        (markdown_file, lambda: to_markdown(outcome, str(path))),
    ]
    for file, text in texts:
        if file:
            _write(file, text())
    if update and not outcome.exit_code:
        click.echo(_keep(baseline, path), err=is_quiet)
        return 0
    if outcome.exit_code:
        refused = "; nothing was written" if update else ""
        return fail(f"gate: {outcome.headline}{refused}", outcome.exit_code)
    click.echo(f"gate: {outcome.headline}", err=is_quiet)
    return 0


def _grid(plugins: Plugins, before: Grid | None, settings: dict[str, Any]) -> Grid:
    """Return what --update measures: an option that is not given takes what the baseline has.

    Codecs that are not named are measured too if there are to be other corpora.

    Raises:
        UsageError: An option names something that is not there.
    """
    codecs, corpora, protocols, limit, wall = settings.values()
    grid = before or Grid(codecs=[], corpora=[], protocols=[], limit=LIMIT)
    if before is None or corpora is not None:
        chosen = plugins.select_corpora(corpora)
        grid = replace(grid, corpora=[entry.item.spec for entry in chosen])
    if before is None or protocols is not None:
        selected = plugins.select_protocols(protocols or "whole")
        grid = replace(grid, protocols=[entry.item.spec for entry in selected])
    if limit is not None:
        grid = replace(grid, limit=limit)
    if before is None or codecs is not None:
        entries = leave_out_missing(plugins.select_codecs(codecs), asked=codecs is not None)
        specs = [entry.item.spec for entry in entries]
        others = before.codecs if before and not before.has_same_data(grid) else []
        grid = replace(grid, codecs=list(dict.fromkeys([*others, *specs])))
    if wall is None:
        return replace(grid, wall=[spec for spec in grid.wall if spec in grid.codecs])
    grid = replace(grid, wall=[plugins.codec(spec).item.spec for spec in split_specs(wall)])
    stray = [spec for spec in grid.wall if spec not in grid.codecs]
    if stray:
        raise UsageError(f"--wall names {stray[0]}, which is not measured; see --codecs")
    return grid


def _keep(baseline: Baseline, path: Path) -> str:
    """Put a baseline into its file, and return a line that says what it changes."""
    before, after = update_file(path, baseline)
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


class _Failures(Lines):
    """One line for each cell that failed."""

    def finished(self, cell: Cell, reused: bool) -> None:
        if not cell.ok and cell.status is not Status.UNSUPPORTED:
            super().finished(cell, reused)


class _Bar(Live):
    """A bar over all cells, and then what is being timed."""

    def timing(self, what: str) -> None:
        self.bar.update(self.bar.task_ids[0], description=what)


@contextmanager
def _watch() -> Iterator[Lines]:
    """Yield a bar if standard error is a terminal, or else lines."""
    if sys.stderr.isatty():
        live = _Bar(sys.stderr)
        with live.bar:
            yield live
    else:
        yield _Failures(sys.stderr)


def _write(file: Path, text: str) -> None:
    if file == STDOUT:
        click.echo(text, nl=False)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")  # in place: CI names a file that it has made
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error

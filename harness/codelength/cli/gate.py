"""`codelength gate`: fails when a codec has got worse since the baseline was made."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codelength.api.codec import Codec
from codelength.api.errors import CodelengthError, StoreError, UsageError
from codelength.api.protocol import protocol
from codelength.api.spec import split_specs
from codelength.cli import fail
from codelength.cli.options import (
    DEVICE,
    Size,
    load_plugins,
    warn_broken,
    with_plugins,
    with_timeout,
)
from codelength.cli.progress import Lines, Live
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell, Status

if TYPE_CHECKING:
    from codelength.gate.baseline import Baseline, Grid
    from codelength.gate.grid import GridWatch
    from codelength.gate.outcome import Outcome


def _output(name: str, what: str) -> Callable[..., Any]:
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option(f"--{name}", f"{name}_file", type=kind, metavar="FILE", help=what)


@click.command()
@click.option(
    "--baseline",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="What to compare with; commit it.",
)
@click.option("--update", is_flag=True, help="Accept what is measured now, and write FILE.")
@click.option("--codecs", metavar="LIST", help="With --update: the codecs of the grid.")
@click.option("--corpora", metavar="LIST", help="With --update: its corpora.")
@click.option("--protocol", "protocols", metavar="LIST", help="With --update: how they are cut.")
@click.option("--limit", type=Size(), help="With --update: so much of each corpus, as 20kB.")
@click.option(
    "--wall",
    metavar="LIST",
    help="With --update: codecs to be timed by the wall clock, as they work in threads or on a "
    "device.",
)
@click.option(
    "--time",
    "time",
    type=click.Choice(["advise", "block", "off"]),
    default="advise",
    show_default=True,
    help="What a codec that got slower means.",
)
@click.option(
    "--keys",
    type=click.Choice(["advise", "block"]),
    default="advise",
    show_default=True,
    help="What a cell means that cannot be compared, as its library or its corpus is another one.",
)
@with_timeout(120)
@DEVICE
@_output("json", "Write all that was found as JSON.")
@_output("junit", "Write JUnit XML, a test case for each cell and time.")
@_output("markdown", 'Write Markdown, as for "$GITHUB_STEP_SUMMARY".')
@with_plugins
def command(
    path: Path,
    update: bool,
    codecs: str | None,
    corpora: str | None,
    protocols: str | None,
    limit: int | None,
    wall: str | None,
    time: str,
    keys: str,
    timeout: float,
    json_file: Path | None,
    junit_file: Path | None,
    markdown_file: Path | None,
    files: tuple[str, ...],
    data: Path | None,
) -> int:
    """Fail when a codec has got worse since the baseline was made.

    Runs the grid that the baseline was made with. Round trips, coded sizes and blobs have to be
    the same as then; a smaller size is told and does not block. A cell with another library or
    other data has a changed key: it is not compared. CPU time is compared as a multiple of what
    two references take, and told only past 15%.

    \b
    Exit codes: 0 nothing got worse, 1 a cell is larger or has other bytes, 2 the
    command cannot be meant, 3 a codec is gone, a cell failed or nothing was
    compared, 4 a round trip failed.

    \b
    codelength gate --baseline baseline.json --update --plugin squeeze.py --codecs squeeze
    codelength gate --baseline baseline.json --plugin squeeze.py
    """
    from codelength.gate import document, junit, markdown
    from codelength.gate.acceptance import accept
    from codelength.gate.baseline import load
    from codelength.gate.outcome import Policy, check

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
    before = load(path) if path.exists() or not update else None
    plugins = load_plugins(files, data)
    warn_broken(plugins)
    with _watch() as watch:
        if update:
            grid = _grid(plugins, before.grid if before else None, settings)
            made, outcome = accept(grid, plugins, watch, time != "off", timeout)
        else:
            assert before is not None
            policy = Policy(time == "block", keys == "block")
            outcome = check(before, plugins, watch, policy, time != "off", timeout)
    show(outcome)
    texts: list[tuple[Path | None, Callable[[], str]]] = [
        (json_file, lambda: document.encoded(outcome, str(path))),
        (junit_file, lambda: junit.junit(outcome)),
        (markdown_file, lambda: markdown.markdown(outcome, str(path))),
    ]
    for file, text in texts:
        if file:
            _write(file, text())
    if update and not outcome.exit_code:
        return _accepted(made, before, path)
    if outcome.exit_code:
        refused = "; nothing was written" if update else ""
        return fail(f"gate: {outcome.headline}{refused}", outcome.exit_code)
    click.echo(f"gate: {outcome.headline}")
    return 0


def show(outcome: "Outcome") -> None:
    """What is not as it was, and how much is; what workers wrote before they failed."""
    from codelength.gate.tables import tables

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for table in tables(outcome):
        click.echo(table.text(width))
    if outcome.log:
        click.echo(outcome.log.rstrip(), err=True)
    for line in outcome.summary():
        click.echo(line)


def _grid(plugins: Plugins, before: "Grid | None", settings: dict[str, Any]) -> "Grid":
    """The grid that was asked for; what was not mentioned stays as it was. Raises UsageError."""
    from codelength.gate.baseline import LIMIT, Grid

    codecs, corpora, protocols, limit, wall = settings.values()
    if before is None or codecs is not None:
        chosen = [entry.item.spec for entry in _here(plugins.select_codecs(codecs), codecs)]
    else:
        chosen = before.codecs
    if before is None or corpora is not None:
        places = [entry.item.spec for entry in plugins.select_corpora(corpora)]
    else:
        places = before.corpora
    if before is None or protocols is not None:
        slices = [protocol(spec).spec for spec in split_specs(protocols or "whole")]
    else:
        slices = before.protocols
    if wall is not None:
        timed = [plugins.codec(spec).item.spec for spec in split_specs(wall)]
    else:
        timed = [spec for spec in before.wall if spec in chosen] if before else []
    stray = [spec for spec in timed if spec not in chosen]
    if stray:
        raise UsageError(f"--wall names {stray[0]}, which is not in the grid; see --codecs")
    if limit is None:
        limit = before.limit if before else LIMIT
    return Grid(codecs=chosen, corpora=places, protocols=slices, limit=limit, wall=timed)


def _here(entries: Sequence[Registered[Codec]], asked: str | None) -> list[Registered[Codec]]:
    """Those that can be used here. One that was asked for and cannot is an error; of the default
    ones, the others are taken and it is named."""
    found = []
    for entry in entries:
        try:
            entry.item.check_available()
        except CodelengthError as error:
            if asked is not None:
                raise
            click.echo(f"codec {entry.item.spec} is left out: {error}", err=True)
        else:
            found.append(entry)
    return found


def _accepted(made: "Baseline", before: "Baseline | None", path: Path) -> int:
    """Writes the baseline and says what it changes."""
    from codelength.gate.baseline import save

    save(made, path)
    old, new = before.expected() if before else {}, made.expected()
    counts = {
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "changed": sum(old[place] != new[place] for place in old.keys() & new.keys()),
    }
    told = "".join(f", {number:,} {what}" for what, number in counts.items() if number and before)
    click.echo(f"written: {path}, {len(new):,} cells{told or (', as before' if before else '')}")
    return 0


class _Failures(Lines):
    """One line for each cell that is not ok; the others are nothing to log."""

    def finished(self, cell: Cell, reused: bool) -> None:
        if not cell.ok and cell.status is not Status.UNSUPPORTED:
            super().finished(cell, reused)

    def timing(self, what: str) -> None:
        """The cells are done; a codec is timed."""


class _Bar(Live):
    """A bar over all cells, and then what is being timed."""

    def timing(self, what: str) -> None:
        """The cells are done; a codec is timed."""
        self.bar.update(self.bar.task_ids[0], description=what)


@contextmanager
def _watch() -> "Iterator[GridWatch]":
    """The watch that suits standard error."""
    if sys.stderr.isatty():
        live = _Bar(sys.stderr)
        with live.bar:
            yield live
    else:
        yield _Failures(sys.stderr)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)  # in place: CI names a file that it has made
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error

"""The options of every command that shows a page: how it is ranked, and the files it goes to."""

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codelength.api.errors import UsageError
from codelength.api.hooks import Exporter
from codelength.cli.output import STDOUT, has_colour, terminal_width
from codelength.plugins import installed_plugins
from codelength.report.export import EXPORTERS
from codelength.results.files import write_file

if TYPE_CHECKING:
    from codelength.report.page import Page


FLAGS = {
    ("-q", "--quiet"): "Print only what went wrong.",
    ("--full",): "Print every table, not one screen.",
}


@dataclass(frozen=True)
class Outputs:
    """Where a page goes: exporter → file."""

    files: Mapping[Exporter, Path]
    full: bool = False
    quiet: bool = False

    @property
    def to_stdout(self) -> bool:
        """Whether one of the files is standard output, so that nothing else may go there."""
        return STDOUT in self.files.values()

    def show(self, page: "Page") -> None:
        """Write the files, and print the page unless one of them is standard output.

        The first screen of it, or everything with `full`. Raises StoreError.
        """
        for exporter, path in self.files.items():
            data = exporter.export(page)
            if path == STDOUT:
                click.echo(data, nl=False)
            else:
                write_file(path, data)
                click.echo(f"written: {path}", err=True)
        if not self.to_stdout and not self.quiet:
            from codelength.report.export.terminal import to_screen, to_text

            width, colour = terminal_width(), has_colour()
            for block in (
                to_text(page, width, colour) if self.full else [to_screen(page, width, colour)]
            ):
                click.echo(block, color=colour)
            sys.stdout.flush()

    def write_report(self, page: "Page", folder: Path, name: str = "report.md") -> None:
        """Write the page as Markdown with its charts and as HTML into a folder, and say where.

        Raises StoreError.
        """
        from codelength.report.export import markdown
        from codelength.report.export.data import records_to_csv
        from codelength.report.export.html import to_html

        path = markdown.write_report(page, folder, name)
        files, by_file = getattr(page, "files", None), ""
        if files and files.rows:
            write_file(folder / "files.csv", records_to_csv(files))
            by_file = f"; by file: {folder / 'files.csv'}"
        site = path.with_suffix(".html")
        write_file(site, to_html(page))
        if not self.quiet:
            click.echo(f"All of it: {path}, {site}{by_file}", err=self.to_stdout)


def with_exports(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each exporter; the command gets `outputs`."""
    exporters = all_exporters()

    @functools.wraps(command)
    def wrapped(**options: Any) -> Any:
        chosen = {e: options.pop(e.name) for e in exporters}
        files = {exporter: path for exporter, path in chosen.items() if path is not None}
        if list(files.values()).count(STDOUT) > 1:
            raise UsageError("two outputs cannot both go to standard output; name a file for one")
        outputs = Outputs(files, options.pop("full"), options.pop("quiet"))
        return command(outputs=outputs, **options)

    for flags, what in FLAGS.items():
        wrapped = click.option(*flags, is_flag=True, help=what)(wrapped)
    for exporter in reversed(exporters):
        wrapped = click.option(
            f"--{exporter.name}",
            type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
            metavar="FILE",
            help=f"Write {exporter.help}; - for standard output.",
        )(wrapped)
    return wrapped


def all_exporters() -> list[Exporter]:
    """Return the built-in exporters and those of installed plugins with other names."""
    built_in = {exporter.name for exporter in EXPORTERS}
    added = [entry.item for entry in installed_plugins().exporters]
    return [*EXPORTERS, *(exporter for exporter in added if exporter.name not in built_in)]

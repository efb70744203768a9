"""Options that several commands have, and the values they turn into."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from codelength.errors import UsageError
from codelength.plugins import Plugins

F = TypeVar("F", bound=Callable[..., Any])

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}

KEY = click.option(
    "--sort",
    "key",
    type=click.Choice(["ratio", "adjusted", "encode", "decode", "memory"]),
    default="ratio",
    show_default=True,
    help="What tables are ranked by.",
)
OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="codelength-results",
    show_default=True,
    metavar="DIR",
    help="The results folder; a run that was stopped goes on where it was.",
)


class Size(click.ParamType[int]):
    """A number of bytes: `2048`, `2MB` (10^6), `64KiB` (2^10)."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?b?", str(value).strip().lower())
        if match is None or float(match[1]) <= 0:
            self.fail(f"{value!r} is no size; write it like 2048, 2MB or 64KiB", param, ctx)
        return int(float(match[1]) * UNITS[match[2] or ""])


def with_plugins(command: F) -> F:
    """Adds --plugin and --data."""
    for option in (
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            envvar="CODELENGTH_DATA",
            metavar="DIR",
            help="A local mirror of the standard corpora (or CODELENGTH_DATA).",
        ),
        click.option(
            "--plugin",
            "files",
            multiple=True,
            metavar="FILE",
            help="A file with codecs or corpora, Python or TOML; may be repeated.",
        ),
    ):
        command = option(command)
    return command


def load_plugins(files: tuple[str, ...], data: Path | None) -> Plugins:
    """The plugins for one command. Raises UsageError for a mirror that is none."""
    if data is not None and not data.is_dir():
        raise UsageError(f"--data {data} is no folder")
    return Plugins(files, data.resolve() if data else None)


def warn_broken(plugins: Plugins) -> None:
    """One line for each plugin that could not be loaded."""
    for plugin in plugins.broken:
        click.echo(f"plugin {plugin.origin.name} is not active: {plugin.problem}", err=True)

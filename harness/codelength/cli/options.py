"""Options that several commands have, and the values they turn into."""

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import CodelengthError, UsageError
from codelength.api.sampling import parse_limit
from codelength.api.spec import parse_duration, parse_size
from codelength.cli.config import read_groups
from codelength.coding.device import PROCESSOR, VARIABLE
from codelength.metrics.budget import Budget
from codelength.plugins import Plugins, Registered, installed_plugins
from codelength.workers.sandbox import Sandbox, strongest

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", Codec, Corpus)

KEY = click.option(
    "--sort",
    "key",
    type=click.Choice(["ratio", "adjusted", "encode", "decode", "memory"]),
    default="ratio",
    show_default=True,
    help="What tables are ranked by.",
)


class Folder(click.Path):
    """A folder, or the URL of one, which is a folder of this machine while the command lasts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str) or "://" not in value:
            return super().convert(value, param, ctx)
        openers = installed_plugins().folder_openers
        if not openers or ctx is None:
            raise UsageError(f"no plugin opens {value}; name a folder of this machine")
        opened = openers[0].item.load()(value)
        ctx.call_on_close(opened.close)
        return opened.path


def with_out(what: str, folder: str | None = None) -> Callable[[F], F]:
    """--out, by default `folder`."""
    return click.option(
        "--out",
        type=Folder(file_okay=False),
        default=folder,
        show_default=folder is not None,
        metavar="DIR",
        help=what,
    )


def with_list(
    name: str, what: str, default: str | None = None, required: bool = False
) -> Callable[[F], F]:
    """An option that takes a list, in one text or by being repeated; None if it is not given."""

    def join(_context: click.Context, _option: click.Parameter, given: Sequence[str]) -> str | None:
        return ",".join(given) if given else default

    def complete(
        _context: click.Context, _option: click.Parameter, begun: str
    ) -> list[CompletionItem]:
        before, comma, word = begun.rpartition(",")
        plugins = installed_plugins()
        if name == "--codecs":
            words = [entry.item.spec for entry in plugins.codecs]
            groups = list(plugins.codec_groups())
        else:
            words = [entry.item.spec for entry in plugins.corpora]
            groups = list(plugins.corpus_groups())
        words += [f"@{group}" for group in groups]
        found = [CompletionItem(before + comma + one) for one in words if one.startswith(word)]
        return found or [CompletionItem(begun, type="file")]

    return click.option(
        name,
        multiple=True,
        shell_complete=complete if name in ("--codecs", "--corpora") else None,
        required=required,
        callback=join,
        metavar="LIST",
        help=what + (f"  [default: {default}]" if default else ""),
    )


def with_jobs(default: int | None = 1, shown: str | bool = True) -> Callable[[F], F]:
    """--jobs, by default `default`, which the help describes as `shown`."""
    return click.option(
        "--jobs",
        type=click.IntRange(1),
        default=default,
        show_default=shown,
        help="Cells at once on a machine; above 1 sizes stay exact and speeds are labelled.",
    )


class Part(click.ParamType[tuple[int, int]]):
    """A part of a run: `2/8`, the second of eight."""

    name = "part"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        number, _, parts = str(value).partition("/")
        if not (number.isdecimal() and parts.isdecimal() and 0 < int(number) <= int(parts)):
            self.fail(f"{value!r} is no part; the second of eight is 2/8", param, ctx)
        return int(number), int(parts)


def with_selection(
    protocol: str = "whole", required: bool = False, codecs: bool = True
) -> Callable[[F], F]:
    """--codecs, --corpora, --protocol and --limit: what is measured.

    Args:
        protocol: The default.
        required: Whether there is no default of the others.
        codecs: Whether there is a --codecs.
    """
    every, embedded = ("", "") if required else ("; by default all", "; by default the embedded")

    def add(command: F) -> F:
        for option in (
            LIMIT,
            with_list(
                "--protocol",
                "How files are cut before coding: whole, chunks:N (pieces of N bytes), solid (all "
                "joined), paper (as Delétang et al. do).",
                protocol,
            ),
            with_list("--corpora", f"Corpora, files and folders{embedded}.", required=required),
            with_list(
                "--codecs", f"Codecs, as NAME:level=1..19,@fast,-NAME{every}.", required=required
            ),
        )[: 3 + codecs]:
            command = option(command)
        return command

    return add


LONGEST = 1e9
"""Seconds, about 30 years: clocks count no further everywhere."""


class Seconds(click.FloatRange):
    """A number of seconds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is no number, which is in every range."""
        number = super().convert(value, param, ctx)
        return (
            self.fail(f"{value!r} is no number of seconds", param, ctx) if isnan(number) else number
        )


def with_timeout(seconds: float, what: str = "For each direction of a cell.") -> Callable[[F], F]:
    """--timeout, by default `seconds`."""
    return click.option(
        "--timeout",
        type=Seconds(0, LONGEST, min_open=True),
        default=seconds,
        show_default=True,
        metavar="SECONDS",
        help=what,
    )


OUT = with_out(
    "The results folder; a run that was stopped goes on where it was.", "codelength-results"
)


class Size(click.ParamType[int]):
    """A number of bytes: `2048`, `2MB` (10^6), `64KiB` (2^10)."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return parse_size(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Duration(click.ParamType[float]):
    """A number of seconds: `90`, `10min`, `1.5h`."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            return parse_duration(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


BUDGET = {
    "size": (Size(), "Mark what needs more coded bytes, as 16MB: all corpora together."),
    "time": (Duration(), "Mark what encodes or decodes for longer, as 10min."),
    "memory": (Size(), "Mark what takes more memory, as 2GB."),
    "total": (Size(), "Mark what needs more bytes for blobs, model and zipped decoder together."),
}
"""What --max-NAME means, by the field of `Budget`."""


def with_budget(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --max-size, --max-time, --max-memory and --max-total; the command gets `budget`."""

    @functools.wraps(command)
    def wrapped(**options: Any) -> Any:
        limits = {name: options.pop(f"max_{name}") for name in BUDGET}
        return command(budget=Budget(**limits), **options)

    for name, (kind, what) in reversed(BUDGET.items()):
        wrapped = click.option(f"--max-{name}", type=kind, help=what)(wrapped)
    return wrapped


def _compute_on(_context: click.Context, _option: click.Parameter, device: str) -> None:
    os.environ[VARIABLE] = device


DEVICE = click.option(
    "--device",
    default=PROCESSOR,
    show_default=True,
    envvar=VARIABLE,
    metavar="NAME",
    expose_value=False,
    callback=_compute_on,
    help=f"Where models compute, as PyTorch calls it: cuda, cuda:1 (or {VARIABLE}).",
)
"""For all processes of the command; no byte depends on it."""


def choose_sandbox(wanted: str, out: Path) -> Sandbox:
    """Return the sandbox for a run that works in a folder. Raises UsageError for `require`."""
    if wanted == "off":
        return Sandbox.NONE
    if wanted == "require":
        there = next(folder for folder in (out, *out.resolve().parents) if folder.is_dir())
        if (found := strongest(there)) is not Sandbox.NAMESPACES:
            raise UsageError(
                f"there is no sandbox for {out}: users may make no namespaces here, or they cannot "
                f"share that folder; --sandbox auto takes what there is ({found})"
            )
    return strongest()


SANDBOX = click.option(
    "--sandbox",
    type=click.Choice(["auto", "require", "off"]),
    default="auto",
    show_default=True,
    help="Keep codecs from the network, files and each other: as far as the system can, wholly or "
    "not at all.",
)


ALL = "all"
"""The limit of someone who wants everything, also of slow codecs."""


class LimitOption(click.ParamType[str | int]):
    """What of a corpus is measured: `2MB`, drawn from all its files; `head:2MB`; `all`."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | int:
        try:
            return ALL if value == ALL else parse_limit(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


LIMIT = click.option(
    "--limit",
    type=LimitOption(),
    help="So many bytes of each corpus, as 2MB, drawn from all its files; head:2MB: its "
    "first; all.",
)
FRESH = click.option("--fresh", is_flag=True, help="Measure also what the folder of --out holds.")

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="CODELENGTH_DATA",
    metavar="DIR",
    help="A local mirror of the standard corpora (or CODELENGTH_DATA).",
)

PLUGIN = click.option(
    "--plugin",
    "files",
    multiple=True,
    metavar="FILE",
    help="A file with codecs or corpora, Python or TOML; may be repeated.",
)


def with_plugins(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --plugin and --data; the command gets `plugins`."""

    @functools.wraps(command)
    def wrapped(files: tuple[str, ...], data: Path | None, **options: Any) -> Any:
        return command(plugins=load_plugins(files, data), **options)

    return PLUGIN(DATA(wrapped))


def load_plugins(files: tuple[str, ...], data: Path | None) -> Plugins:
    """The plugins for one command. Raises UsageError for a mirror that is none."""
    if data is not None and not data.is_dir():
        raise UsageError(f"--data {data} is no folder")
    plugins = Plugins(files, data.resolve() if data else None)
    plugins.groups = read_groups()
    return plugins


def warn_broken(plugins: Plugins) -> None:
    """One line for each plugin that could not be loaded."""
    for plugin in plugins.broken:
        click.echo(f"plugin {plugin.name} is not active: {plugin.problem}", err=True)


def leave_out_missing(entries: Iterable[Registered[T]], asked: bool) -> list[Registered[T]]:
    """Leave out codecs or corpora that cannot be used here, with a line for each reason.

    Args:
        asked: Whether they were asked for by name.

    Raises:
        CodelengthError: One that was asked for cannot be used.
    """
    usable, missing = [], dict[str, list[str]]()
    for entry in entries:
        try:
            entry.item.check_available()
        except CodelengthError as error:
            if asked:
                raise
            missing.setdefault(str(error), []).append(entry.item.spec)
        else:
            usable.append(entry)
    for reason, specs in missing.items():
        click.echo(f"left out: {', '.join(specs)}: {reason}", err=True)
    return usable

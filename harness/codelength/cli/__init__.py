"""The command line. Every command is a module here, loaded only when it is called."""

import importlib
import signal
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from codelength.api.errors import CodelengthError, unknown

COMMANDS = {
    "run": "Measure codecs on corpora, rank them, write a report.",
    "report": "Write the tables and plots of a results folder again.",
    "break-even": "Show from which corpus size on each codec is cheaper than each other one.",
    "leaderboard": "Merge results folders of many people and machines into one ranking.",
    "compare": "Show what changed between two results folders.",
    "gate": "Fail when a codec has got worse since a baseline was made.",
    "compress": "Compress a file with any codec.",
    "decompress": "Give back the file in a container, check one, or show what it says.",
    "list": "Show what can be named: codecs, corpora, protocols.",
    "plugins": "Show the plugins: version, where from, active or why not.",
    "corpus": "Fetch or verify a corpus.",
    "check-plugin": "Put the codecs and corpora of a plugin through the conformance kit.",
    "doctor": "Show the machine, what is installed, and how to get what is missing.",
}
"""Name → what `--help` says. Each lives in the module of that name, `-` as `_`."""


COMMAND_GROUP = "codelength.commands"
"""The entry-point group of commands that plugins add: name → a click command."""


class Lazy(click.Group):
    """Finds commands by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *(point.name for point in _added())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"codelength.cli.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command
        return next((point.load() for point in _added() if point.name == cmd_name), None)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        added = [(point.name, point.load().get_short_help_str(80)) for point in _added()]
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items(), *added])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            raise unknown("command", args[0], known, "codelength --help")
        return super().resolve_command(ctx, args)


def _added() -> Iterable[EntryPoint]:
    return entry_points(group=COMMAND_GROUP)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codelength")
def cli() -> None:
    """Compare lossless compressors, classical and learned.

    Every codec runs on every corpus; what it encodes is decoded in another process and compared;
    sizes, speeds and memory are ranked. 'codelength run' without options takes the corpora that
    come with it and needs no download.

    \b
    Exit codes: 0 all is well, 1 the gate found a regression, 2 the command cannot
    be meant, 3 something failed or nothing was measured, 4 a round trip failed.
    """


def main() -> None:
    """The entry point: errors that a person can mend are one line, bugs keep their traceback."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)  # so that nothing is left behind
    try:
        code: Any = cli.main(standalone_mode=False)
    except CodelengthError as error:
        sys.exit(fail(str(error), error.exit_code))
    except click.ClickException as error:
        sys.exit(fail(error.format_message(), 2))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(fail("interrupted", 3))
    except BrokenPipeError:  # the reader of a pipe has had enough
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code or 0)


def fail(line: str, code: int) -> int:
    """Prints the one line that a failure comes to; the exit code."""
    click.echo(f"codelength: {line}", err=True)
    return code

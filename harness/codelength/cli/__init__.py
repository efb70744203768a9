"""The command line. Every command is a module here, imported only when it is called."""

import importlib
import signal
import sys
from collections.abc import Iterable
from typing import Any

import click

from codelength.api.errors import CodelengthError, unknown
from codelength.api.hooks import Command

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
"""Name → what `--help` says. The module has the same name, with `_` for `-`."""


class Lazy(click.Group):
    """Finds commands by name and imports only the one that is called.

    Plugins are loaded only for a command that is not in the box.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *_added()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"codelength.cli.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command
        added = _added()
        return added[cmd_name].load() if cmd_name in added else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        added = [(command.name, command.help) for command in _added().values()]
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items(), *added])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else "-"
        if name not in COMMANDS and not name.startswith("-") and name not in _added():
            raise unknown("command", name, self.list_commands(ctx), "codelength --help")
        return super().resolve_command(ctx, args)


def _added() -> dict[str, Command]:
    """The commands of plugins by name. A name in the box cannot be taken."""
    from codelength.plugins import installed_plugins

    commands = [entry.item for entry in installed_plugins().commands]
    return {command.name: command for command in commands if command.name not in COMMANDS}


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codelength")
def cli() -> None:
    """Compare lossless compressors, classical and learned.

    Every codec runs on every corpus; what it encodes is decoded in another process and compared;
    sizes, speeds and memory are ranked. 'codelength run' without options takes the corpora that
    come with it and needs no download.

    \b
    Exit codes: 0 success, 1 the gate found a regression, 2 bad usage, 3 something
    failed or nothing was measured, 4 a round trip failed.
    """


def main() -> None:
    """Run a command. An error that the user can fix is one line; a bug keeps its traceback."""
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


def warn_problems(problems: Iterable[str]) -> int:
    """Print the lines that are not results. Return the exit code: 3 if there are any, else 0."""
    code = 0
    for problem in problems:
        code = fail(problem, 3)
    return code


def fail(line: str, code: int) -> int:
    """Print a failure as one line and return its exit code."""
    click.echo(f"codelength: {line}", err=True)
    return code

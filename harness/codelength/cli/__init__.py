"""The command line. Every command is a module here, imported only when it is called."""

import errno
import importlib
import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any

import click

from codelength.api.errors import CodelengthError, unknown
from codelength.api.hooks import Command

COMMANDS = {
    "run": "Measure codecs on corpora, rank them, write a report.",
    "report": "Write the tables and plots of a results folder again.",
    "leaderboard": "Merge results folders of many people and machines into one ranking.",
    "list": "Show what can be named: codecs, corpora, protocols.",
    "plugins": "Show the plugins: version, where from, active or why not.",
    "corpus": "Fetch or verify a corpus.",
    "check-plugin": "Put the codecs and corpora of a plugin through the conformance kit.",
    "doctor": "Show the machine, what is installed, and how to get what is missing.",
}
"""Name → what `--help` says. The module has the same name, with `_` for `-`."""


SURROUNDINGS = {
    errno.EBADF: "standard output",
    errno.EDQUOT: "the output cannot be written",
    errno.EIO: "the output cannot be written",
    errno.EMFILE: "no file can be opened",
    errno.ENFILE: "no file can be opened",
    errno.ENOMEM: "out of memory",
    errno.ENOSPC: "the output cannot be written",
    errno.EAGAIN: "no process can be started",
}
"""What no code of ours can help → what to say where no file is named."""


COMPLETION = "_CODELENGTH_COMPLETE"
"""The variable by which a shell asks click what a word may become."""


class Lazy(click.Group):
    """Finds commands by name and imports only the one that is called.

    Plugins are loaded only for a command that is not built in.
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
    """The commands of plugins by name. The name of a built-in command cannot be taken."""
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
    failed or nothing was measured, 4 a round trip failed, 70 a bug in codelength.
    """


def main() -> None:
    """Run the command that was typed, in a process that is guarded, and exit with its code."""
    from codelength.cli.guard import guarded

    sys.exit(guarded(run_command))


def run_command() -> int:
    """Run the command that was typed and return its exit code.

    An error is one line; the traceback of a bug goes to a file.
    """
    if sys.stdout is None:
        return fail("standard output is closed; send it to /dev/null instead", 2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # of paths that are not UTF-8
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has had enough
        code = 0
    except OSError:  # not even an error can be printed
        code = 3
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:  # nor will what is left be
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _run() -> int:
    streams = sys.stdout, sys.stderr
    try:
        code: Any = cli.main(standalone_mode=False)
        return code or 0
    except CodelengthError as error:
        return fail(str(error), error.exit_code)
    except click.ClickException as error:
        return fail(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        return fail("interrupted", 3)
    except SystemExit as error:
        if sys.stdout is not streams[0]:  # click wraps both after a broken pipe, and exits with 1
            sys.stdout, sys.stderr = streams
            raise BrokenPipeError from None
        if COMPLETION in os.environ:
            return int(error.code or 0)
        return fail(f"something that the command has called exits with {error.code!r}", 70)
    except OSError as error:
        what = error.filename or SURROUNDINGS.get(error.errno or 0)
        if what is None:
            return report_bug(error)
        usage = error.errno in (errno.ENAMETOOLONG, errno.ELOOP)
        return fail(f"{what!s:.200}: {error.strerror}", 2 if usage else 3)
    except MemoryError:
        return fail("out of memory", 3)
    except Exception as error:
        return report_bug(error)


def report_bug(error: Exception) -> int:
    """Print a bug as one line, write its traceback to a file, and return the exit code.

    That is 70, or 3 for code of others: a plugin, or a library that breaks when it is imported.
    """
    import tempfile
    import traceback

    from codelength.plugins import is_foreign
    from codelength.workers.calls import describe_error

    trace = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            encoding="utf-8",
            prefix="codelength-",
            suffix=".log",
            errors="backslashreplace",
            delete=False,
        ) as file:
            file.write(trace)
        where = f"the traceback is in {file.name}"
    except OSError:  # there is no folder that can be written to
        click.echo(trace, err=True)
        where = "the traceback is above"
    if is_foreign(traceback.extract_tb(error.__traceback__)):
        return fail(f"a plugin or a library failed: {describe_error(error)}; {where}", 3)
    return fail(f"internal error: {describe_error(error)}; {where}", 70)


def warn_problems(problems: Iterable[str]) -> int:
    """Print the lines that are not results. Return the exit code: 3 if there are any, else 0."""
    code = 0
    for problem in problems:
        code = fail(problem, 3)
    return code


def fail(line: str, code: int) -> int:
    """Print a failure as one line and return its exit code."""
    from codelength.report.table import to_line

    click.echo(f"codelength: {to_line(line)}", err=True)
    return code

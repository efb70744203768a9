"""Command lines of this program, as pages and help texts show them, and whether they parse."""

import itertools
import re
import shlex
from collections.abc import Iterator

import click

from codelength.api.errors import CodelengthError
from codelength.cli import cli

END = {"|", "||", "&&", ";", "<", ">", ">>", "2>", "&"}
"""What ends a command, or begins what the shell takes for itself."""


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of every `codelength …` in a block of shell, without what stands around it.

    Written for people, so `a|b` is one of two, `[--x]` may be there or not, and `…` is anything.
    """
    for line in re.sub(r"\\\n", " ", text).splitlines():
        try:
            words = shlex.split(re.sub(r"(\w)\|(?=\w)", r"\1\0", line), comments=True)
        except ValueError:  # a quote of prose: no line of shell
            continue
        while "codelength" in words:
            words = words[words.index("codelength") + 1 :]
            own = list(itertools.takewhile(lambda word: word not in END, words))
            yield from _meant(own)


def _meant(words: list[str]) -> Iterator[list[str]]:
    cleaned = [
        word if word == "…" else word.strip("[]").removesuffix("…").removesuffix("...")
        for word in words
    ]
    choices = [word.split("\0") for word in cleaned if word]
    yield from map(list, itertools.product(*choices))


def problem(arguments: list[str]) -> str | None:
    """Why these are no arguments of codelength; nothing is run, and no file has to be there. The
    bare name of a command is a mention, and lacks nothing."""
    command: click.Command = cli
    context = click.Context(cli, info_name="codelength", **cli.context_settings)
    try:
        while isinstance(command, click.Group):
            if not arguments or arguments[0].startswith("-"):
                break
            name, found, arguments = command.resolve_command(context, arguments)
            assert found is not None
            command = found
            context = click.Context(found, context, name, **found.context_settings)
        values, left, _ = command.make_parser(context).parse_args(args=list(arguments))
        if left and not context.allow_extra_args:
            return f"nothing takes {left[0]!r}"
        for parameter in command.get_params(context):
            value = values.get(parameter.name or "")
            if parameter.required and arguments and not isinstance(value, str | list | tuple):
                raise click.MissingParameter(ctx=context, param=parameter)
            _check(parameter, value, context)
    except (click.ClickException, CodelengthError) as error:
        return error.format_message() if isinstance(error, click.ClickException) else str(error)
    return None


def _check(parameter: click.Parameter, value: object, context: click.Context) -> None:
    """Raises for a value of the wrong kind. Whether files are there is not looked at."""
    if isinstance(parameter.type, click.Path | click.File):
        return
    for one in value if isinstance(value, list | tuple) else [value]:
        if isinstance(one, str):
            parameter.type.convert(one, parameter, context)


def options() -> set[str]:
    """Every option of every command."""
    return {
        option
        for _, command in all_commands()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help", "--version"}


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its name as it is typed; those of a group behind the group's."""
    context = click.Context(cli, **cli.context_settings)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {part}", found) for part, found in command.commands.items())

"""Shared boards: hand results in, and measure a sample of somebody's results again."""

from collections.abc import Iterable

from codelength import Command, hookimpl

HELP = {
    "submit": "Check a results folder, and hand it in to a shared board as a pull request.",
    "recheck": "Measure a sample of a results folder again, and compare the bytes.",
    "schema": "Print the JSON Schema of the lines of a results folder.",
}


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command(name, text, f"{__name__}.{name}:command") for name, text in HELP.items()]

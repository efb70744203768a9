"""Which codec for a file or a folder: `codelength advise`."""

from collections.abc import Iterable

from codelength import Command, hookimpl

HELP = "Say which codec fits a file or a folder, and what a type or a model would gain."


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command("advise", HELP, f"{__name__}.command:command")]

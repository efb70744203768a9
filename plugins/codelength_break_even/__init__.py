"""From which corpus size on a codec is cheaper than another, its model counted."""

from collections.abc import Iterable

from codelength import Command, hookimpl

HELP = "Show from which corpus size on each codec is cheaper than each other one."


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command("break-even", HELP, f"{__name__}.command:command")]

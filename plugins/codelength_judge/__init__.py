"""Contests with a budget: `codelength judge`."""

from collections.abc import Iterable

from codelength import Command, hookimpl

HELP = "Judge a submission to a contest: total bytes, time and memory; sign the verdict."


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command("judge", HELP, f"{__name__}.command:command")]

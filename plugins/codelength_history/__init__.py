"""The history of a gate: how sizes and speeds went over the commits, and where they made a step."""

from collections.abc import Iterable

from codelength import Command, hookimpl


@hookimpl
def codelength_commands() -> Iterable[Command]:
    text = "Show sizes and speeds over the commits that a gate has recorded."
    return [Command("history", text, "codelength_history.command:command")]

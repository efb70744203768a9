"""What changed between runs: sizes exactly, speeds beyond the noise of runs."""

from collections.abc import Iterable

from codelength import Command, hookimpl


@hookimpl
def codelength_commands() -> Iterable[Command]:
    text = "Show what changed between two results folders."
    return [Command("compare", text, f"{__name__}.command:command")]

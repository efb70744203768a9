"""Measured rates beside those that "Language Modeling Is Compression" has published."""

from collections.abc import Iterable

from codelength import Command, hookimpl

HELP = "Set measured rates beside those of the paper that the protocol `paper` follows."


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command("published", HELP, f"{__name__}.command:command")]

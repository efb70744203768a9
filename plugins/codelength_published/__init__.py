"""The cut of "Language Modeling Is Compression", and measured rates beside its own."""

from collections.abc import Iterable

from codelength import Command, Protocol, hookimpl
from codelength_published.protocol import Paper

HELP = "Set measured rates beside those of the paper that the protocol `paper` follows."


@hookimpl
def codelength_protocols() -> Iterable[type[Protocol]]:
    return [Paper]


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command("published", HELP, f"{__name__}.command:command")]

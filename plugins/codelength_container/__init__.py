"""A compressor out of any codec: `codelength compress`, `codelength decompress`."""

from collections.abc import Iterable

from codelength import Command, hookimpl


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [
        Command("compress", "Compress a file with any codec.", f"{__name__}.compress:command"),
        Command(
            "decompress",
            "Give back the file in a container, check one, or show what it says.",
            f"{__name__}.decompress:command",
        ),
    ]

"""The gate: fails when a codec has got worse, and shows how sizes and times went over the commits.

It measures a small grid and compares it with an accepted baseline. Sizes, blobs and round trips are
exact, so a change of them fails the gate. Times are advice, unless `--time block` is given.
`outcome.check` compares, `outcome.accept` makes a baseline.

The process that times a codec imports this package, so it imports little itself.
"""

from collections.abc import Iterable

from codelength import Command, hookimpl


@hookimpl
def codelength_commands() -> Iterable[Command]:
    gate = "Fail when a codec has got worse since a baseline was made."
    history = "Show sizes and speeds over the commits that a gate has recorded."
    return [
        Command("gate", gate, f"{__name__}.command:command"),
        Command("history", history, f"{__name__}.history.command:command"),
    ]

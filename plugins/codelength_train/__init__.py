"""`codelength train`: makes byte models such as the bundled ones, from any bytes."""

from collections.abc import Iterable

from codelength import Command, hookimpl


@hookimpl
def codelength_commands() -> Iterable[Command]:
    text = "Train a model of bytes, as the bundled ones were."
    return [Command("train", text, "codelength_train.command:command")]

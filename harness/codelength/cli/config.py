"""`codelength.toml`: named groups of codecs and corpora, and named uses of a command."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from codelength.api.errors import UsageError, unknown
from codelength.api.spec import split_specs

FILE = "codelength.toml"
"""In the folder that a command is called in."""


def read_config() -> dict[str, Any]:
    """Return what the file says; nothing if there is none. Raises UsageError."""
    try:
        with Path(FILE).open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{FILE} cannot be read: {error}") from error


def read_groups() -> dict[str, list[str]]:
    """Return what each `@NAME` stands for, groups within groups spelt out. Raises UsageError."""
    groups = read_config().get("groups", {})
    if not isinstance(groups, dict) or not all(isinstance(g, str) for g in groups.values()):
        raise UsageError(f'{FILE}: a group is a list in a text, as in mine = "NAME,@fast"')

    def specs(name: str, around: tuple[str, ...]) -> Iterator[str]:
        if name in around:
            raise UsageError(f"{FILE}: the group @{name} is part of itself")
        for piece in split_specs(groups[name]):
            if piece.startswith("@") and piece[1:] in groups:
                yield from specs(piece[1:], (*around, name))
            else:
                yield piece

    return {name: list(specs(name, ())) for name in groups}


def _take_options(context: click.Context, _option: click.Parameter, name: str | None) -> None:
    if name is None:
        return
    command = context.command
    uses = read_config().get(context.info_name or "", {})
    if not isinstance(uses, Mapping) or name not in uses:
        raise unknown(f"[{context.info_name}.…]", name, uses, f"{FILE} in this folder")
    known: dict[str, click.Parameter] = {}
    for option in command.params:
        spelt = [text.lstrip("-") for text in option.opts]
        known |= dict.fromkeys([*spelt, option.name or ""], option)
    for key in uses[name]:
        if key not in known:
            raise unknown("option", key, sorted(known), f"codelength {context.info_name} --help")
    given = {
        known[key].name or "": [v] if known[key].multiple and isinstance(v, str) else v
        for key, v in uses[name].items()
    }
    context.default_map = {**(context.default_map or {}), **given}


USE = click.option(
    "--use",
    metavar="NAME",
    is_eager=True,
    expose_value=False,
    callback=_take_options,
    help=f"Take the options that the table of this name in {FILE} gives, as [run.NAME].",
)

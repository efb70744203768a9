"""Options that the studies share, as `codelength run` has them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

CODECS = click.option("--codecs", required=True, metavar="LIST", help="Codecs with settings.")
CORPORA = click.option(
    "--corpora", required=True, metavar="LIST", help="Corpora; one of each kind tells most."
)
FRESH = click.option("--fresh", is_flag=True, help="Measure also what the folder of --out holds.")


def with_protocol(default: str, metavar: str = "NAME") -> Callable[[F], F]:
    """--protocol, by default `default`."""
    return click.option(
        "--protocol",
        "protocol",
        default=default,
        show_default=True,
        metavar=metavar,
        help="How corpora are cut, as in 'codelength run'.",
    )

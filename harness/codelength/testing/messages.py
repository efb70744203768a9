"""The outcome of a call in a process of the kit."""

from importlib import import_module
from operator import attrgetter
from typing import Any

import msgspec


class CheckFailed(Exception):
    """A check failed. The text is the problem, and continues "decoding a blob …"."""


class Outcome(msgspec.Struct, frozen=True):
    """What a call returned, or why it did not."""

    value: Any = None
    problem: str | None = None
    """It raised, or its process ended; continues "decoding a blob …"."""
    declined: bool = False
    """It raised Unsupported, and `problem` is its text alone."""
    lost: bool = False
    """Its process ended."""


def find_class(module: str, name: str) -> Any:
    """Return the class `name` of a module, as this process has it."""
    return attrgetter(name)(import_module(module))

"""The outcomes of calls in a process of the kit."""

from importlib import import_module
from operator import attrgetter
from typing import Any

import msgspec


class CheckFailed(Exception):
    """A check failed. The text is the problem, and continues "decoding a blob …"."""


class Returned(msgspec.Struct, frozen=True, tag="returned"):
    """A call returned."""

    value: Any


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """A call raised an exception; `problem` continues "decoding a blob …"."""

    problem: str
    declined: bool = False
    """The exception was Unsupported, and `problem` is its text alone."""


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """A call did not return, because its process ended; `problem` continues "decoding a blob …"."""

    problem: str


Outcome = Returned | Raised | Lost


def find_class(module: str, name: str) -> Any:
    """Return the class `name` of a module, as this process has it."""
    return attrgetter(name)(import_module(module))

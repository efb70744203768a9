"""What goes to a process of the kit and comes back from it."""

from importlib import import_module
from operator import attrgetter
from typing import Any

import msgspec


class Finding(Exception):
    """Raised by a check; its text is the problem, and goes on from "decoding a blob …"."""


class Returned(msgspec.Struct, frozen=True, tag="returned"):
    """A call went well."""

    value: Any


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """A call ended in an exception; `problem` goes on from "decoding a blob …"."""

    problem: str
    declined: bool = False
    """It was Unsupported; `problem` is its text alone."""


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """A call never came back; `problem` goes on from "decoding a blob …"."""

    problem: str


Outcome = Returned | Raised | Lost


def named(module: str, name: str) -> Any:
    """The class `name`, as a process of the kit has it."""
    return attrgetter(name)(import_module(module))

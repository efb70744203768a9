"""What a process of the kit does: it loads one thing, and calls functions about it."""

import importlib.util
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from codelength.api.errors import Unsupported
from codelength.plugins import import_file
from codelength.testing.messages import CheckFailed, Outcome
from codelength.workers.calls import describe_error
from codelength.workers.limits import limit_memory

_things: list[Any] = []
"""The thing of this process."""


def receive(module: str, file: str | None, pickled: bytes, memory: int) -> Outcome:
    """Load the thing whose class is in `module`, or else in `file`.

    After that the process may allocate `memory` bytes more.
    """
    try:
        make_importable(module, file)
        _things.append(pickle.loads(pickled))
        _allow_memory(memory)
    except Exception as error:
        return _raised(error)
    return Outcome()


def answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    """Call `function(thing, *arguments)` and return its outcome."""
    try:
        return Outcome(function(_things[0], *arguments))
    except Exception as error:
        return _raised(error)


def make_importable(module: str, file: str | None) -> None:
    """Load `module` from `file`, unless importing it by its name gives the same file.

    Raises whatever the file raises.
    """
    if file is None or _origin(module) == file:
        return
    # a script's own name would run its main part
    name = "__mp_main__" if module == "__main__" else module
    import_file(Path(file), *dict.fromkeys((name, module)))


def _origin(module: str) -> str | None:
    with suppress(ImportError, ValueError):  # a parent is missing; a script has no spec
        spec = importlib.util.find_spec(module)
        return spec.origin if spec else None
    return None


def _allow_memory(memory: int) -> None:
    """Make allocations fail after so many more bytes, if the system says how many there are now."""
    if sys.platform == "win32":
        return
    with suppress(OSError):  # no /proc, as on macOS and Windows
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[5])
        limit_memory(pages * os.sysconf("SC_PAGE_SIZE") + memory)


def _raised(error: Exception) -> Outcome:
    text = " ".join(str(error).split())[:300]
    if not isinstance(error, CheckFailed | Unsupported):
        text = f"raised {describe_error(error)}"
    return Outcome(problem=text, declined=isinstance(error, Unsupported))

"""A process of the kit, `python -m codelength.testing.child`: answers calls about one thing.

Calls come pickled on standard input, from the session that started it. The first message says where
the thing's class is and how much memory there is, the others are a function and its arguments.
"""

import importlib.util
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from codelength.api.errors import Unsupported
from codelength.testing.messages import Finding, Raised, Returned, written
from codelength.workers.limits import die_with_parent, limit_memory


def main() -> None:
    """Serves until the session closes its end."""
    die_with_parent()
    calls, answers = _channel()
    try:
        module, file, pickled, memory = pickle.load(calls)
        provide(module, file)
        thing = pickle.loads(pickled)
        _leave(memory)
    except Exception as error:
        answers.write(written(_raised(error)))
        return
    answers.write(written(Returned(None)))
    with suppress(EOFError):
        while True:
            function, arguments = pickle.load(calls)
            answers.write(_answer(function, thing, arguments))


def provide(module: str, file: str | None) -> None:
    """Makes `module` importable: by the path if it leads to `file`, or else from there. Raises
    whatever the file raises."""
    if file is None or _origin(module) == file:
        return
    # a script's own name would run its main part
    name = "__mp_main__" if module == "__main__" else module
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, file
    assert spec.loader is not None, file
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = sys.modules[module] = loaded
    spec.loader.exec_module(loaded)


def _origin(module: str) -> str | None:
    with suppress(ImportError, ValueError):  # a parent is missing; a script has no spec
        spec = importlib.util.find_spec(module)
        return spec.origin if spec else None
    return None


def _channel() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output, moved away from whatever a codec reads and prints."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return calls, answers


def _leave(memory: int) -> None:
    """Allocations fail after so many more bytes, where the system tells what is held now."""
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[5])
        limit_memory(pages * os.sysconf("SC_PAGE_SIZE") + memory)


def _answer(function: Callable[..., Any], thing: Any, arguments: tuple[Any, ...]) -> bytes:
    try:
        return written(Returned(function(thing, *arguments)))
    except Exception as error:
        return written(_raised(error))


def _raised(error: Exception) -> Raised:
    text = " ".join(str(error).split())[:300]
    if isinstance(error, Finding):
        return Raised(text)
    if isinstance(error, Unsupported):
        return Raised(text, declined=True)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return Raised(f"raised {type(error).__name__}: {text}".removesuffix(": ") + place)


if __name__ == "__main__":
    main()

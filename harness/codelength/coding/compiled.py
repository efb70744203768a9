"""How this project compiles loops: to machine code that does what the source says, in that order.

Without fastmath, Numba neither reassociates a float sum nor contracts a product and a sum, so that
results are the same on every machine. The code is kept on disk beside its source, and what imports
this imports Numba, a quarter of a second: commands that only list things keep away from it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

from codelength.api.errors import Unavailable

try:
    from numba import njit
    from numba.core.caching import FunctionCache
    from numba.core.dispatcher import Dispatcher
    from numba.core.extending import _Intrinsic
except ModuleNotFoundError as error:
    raise Unavailable(
        "learned codecs need numba: python -m pip install 'codelength[learned]'"
    ) from error

Compiled = TypeVar("Compiled", bound=Callable[..., Any])


def compiled(function: Compiled) -> Compiled:
    """`function` as machine code. Divisions by zero give what IEEE 754 says."""
    made: Any = njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # no folder can be written to: every process compiles it again
        made._cache = _Cache(function)  # type: ignore[no-untyped-call]
    return cast("Compiled", made)


def is_kept(function: Callable[..., Any]) -> bool:
    """Return whether the machine code of a compiled function is kept for the next process."""
    return isinstance(cast("Any", function)._cache, _Cache)


def inlined(function: Compiled) -> Compiled:
    """The same, to be called from compiled functions alone."""
    return cast("Compiled", njit(inline="always", nogil=True, error_model="numpy")(function))


def compiled_anew() -> int:
    """Return how many functions this process has compiled, because none was kept for it."""
    return _Cache.missed


class _Cache(FunctionCache):
    """Numba compiles again when the file of a function has changed.

    But functions and constants of other files become part of the code, too; with these, what was
    kept has to be forgotten.
    """

    missed = 0

    def _index_key(self, signature: object, codegen: object) -> tuple[object, ...]:
        taken = sha256("\n".join(_taken(self._py_func, set())).encode()).hexdigest()
        own = super()._index_key(signature, codegen)  # type: ignore[no-untyped-call]
        return (*own, taken)

    def save_overload(self, signature: object, data: object) -> None:
        _Cache.missed += 1
        with suppress(OSError):  # a full disk; the code is there all the same
            super().save_overload(signature, data)  # type: ignore[no-untyped-call]


def _taken(function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    """All that goes into the code of `function` from outside of it."""
    seen.add(function)
    for name in sorted(set(function.__code__.co_names) & function.__globals__.keys()):
        value = function.__globals__[name]
        if isinstance(value, Dispatcher):
            if value.py_func not in seen:
                code = value.py_func.__code__
                yield f"{name} {code.co_code.hex()} {code.co_consts}"
                yield from _taken(value.py_func, seen)
        elif isinstance(value, _Intrinsic):
            yield Path(value._defn.__code__.co_filename).read_text("utf-8")
        elif isinstance(value, (int, float, str, tuple, np.generic)):
            yield f"{name} {value!r}"

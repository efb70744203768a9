"""How this project compiles loops: to machine code that does what the source says, in that order.

Without fastmath, Numba neither reassociates a float sum nor contracts a product and a sum, so that
results are the same on every machine. The code is kept on disk beside its source, and what imports
this imports Numba, a quarter of a second: commands that only list things keep away from it.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Compiled = TypeVar("Compiled", bound=Callable[..., Any])


def compiled(function: Compiled) -> Compiled:
    """`function` as machine code. Divisions by zero give what IEEE 754 says."""
    return cast("Compiled", njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: Compiled) -> Compiled:
    """The same, to be called from compiled functions alone."""
    return cast("Compiled", njit(inline="always", nogil=True, error_model="numpy")(function))

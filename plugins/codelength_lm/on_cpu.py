"""The exact arithmetic on a CPU: NumPy's float32 products, or PyTorch's int8 ones where the machine
has instructions for them, and the compiled loops of `compiled`."""

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength_lm import compiled
from codelength_lm.arithmetic import Arithmetic, Matrix, Rows, Tables, checked

ENOUGH_ROWS = 128
"""From so many rows int8 products are faster than float32 ones, given the instructions."""


class OnCpu(Arithmetic):
    """`int8` says when products are of int8: from so many rows, or never."""

    def __init__(self, int8: int | None = None) -> None:
        self._int8 = int8

    @classmethod
    def fastest(cls) -> "OnCpu":
        """The products that this machine is best at."""
        return cls(int8_from())

    def array(self, values: NDArray[Any]) -> NDArray[Any]:
        return values

    def matrix(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> Matrix:
        forms: dict[str, Any] = {"float32": np.ascontiguousarray(checked(values).T, np.float32)}
        if self._int8 is not None:
            import torch

            forms["int8"] = torch.from_numpy(np.ascontiguousarray(values)).T
        return Matrix(forms, scales)

    def product(self, rows: Rows, matrix: Matrix) -> NDArray[Any]:
        if rows.q.dtype == np.float32:
            floats: NDArray[np.float32] = rows.q @ matrix.forms["float32"]
            return floats
        import torch

        integers: NDArray[np.int32] = torch._int_mm(
            torch.from_numpy(rows.q), matrix.forms["int8"]
        ).numpy()
        return integers

    def _rows(self, rows: int, columns: int) -> Rows:
        kind = np.float32 if self._int8 is None or rows < self._int8 else np.int8
        return Rows(np.empty((rows, columns), kind), np.empty(rows, np.float32))

    def look_up(self, symbols: NDArray[np.int64], time: int, tables: Tables) -> Rows:
        found = self._rows(len(symbols) * time, len(tables.orders) * tables.values.shape[1])
        compiled.look_up(
            symbols, tables.orders, tables.values, tables.scales, tables.rows, found.q, found.s
        )
        return found

    def normalise(self, x: NDArray[np.float32]) -> Rows:
        made = self._rows(*x.shape)
        compiled.normalise(x, made.q, made.s)
        return made

    def add_and_normalise(
        self, x: NDArray[np.float32], product: NDArray[Any], rows: Rows, matrix: Matrix
    ) -> Rows:
        made = self._rows(*x.shape)
        compiled.add_and_normalise(x, product, rows.s, matrix.channels, made.q, made.s)
        return made

    def gated(
        self, product: Any, rows: Rows, matrix: Matrix, gate: Any, carried: Any, r: Any
    ) -> Rows:
        made = self._rows(len(product), r.shape[1])
        compiled.gated(product, rows.s, matrix.channels, gate, carried, r, made.q, made.s)
        return made

    def squared(self, product: NDArray[Any], rows: Rows, matrix: Matrix) -> Rows:
        made = self._rows(*product.shape)
        compiled.squared(product, rows.s, matrix.channels, made.q, made.s)
        return made

    def frequencies(self, product: Any, rows: Rows, matrix: Matrix, bias: Any) -> NDArray[np.int32]:
        out = np.empty(product.shape, np.int32)
        compiled.frequencies(product, rows.s, matrix.channels, bias, out)
        return out


@cache
def int8_from() -> int | None:
    """From how many rows int8 products are the faster ones here. None for never: without VNNI
    instructions PyTorch's are slow."""
    from llvmlite import binding  # type: ignore[import-untyped]

    features = binding.get_host_cpu_features()
    fast = features.get("avx512vnni") or features.get("avxvnni")
    return ENOUGH_ROWS if fast and find_spec("torch") else None

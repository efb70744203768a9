"""Products of quantised rows with int8 matrices, exact, by what the machine does best.

Rows are of int16, and a tile of four rows and sixteen outputs is summed up in registers: on x86
with AVX2 one instruction multiplies sixteen pairs and adds them two by two to int32, which makes
this nearly twice as fast as float32, from a quarter of the memory. Where there are VNNI
instructions, PyTorch's int8 products are faster still, for many rows. But PyTorch does not promise
that they are exact: they saturate where oneDNN is told to do without VNNI, and some versions return
uninitialised memory for one input column. Each shape of matrix is therefore tried before it is used
first, and stays with the tiles unless PyTorch gives their integers.
"""

from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from codelength.coding.compiled import compiled

ROWS, COLUMNS = 4, 16
"""What a tile computes at once."""

MANY = 128
"""Rows from which PyTorch's int8 products are the faster ones, given the instructions."""


class Matrix:
    """int8 values (outputs, inputs), in the forms that products want."""

    def __init__(self, values: NDArray[np.int8]) -> None:
        self._values = values
        self.outputs, self.inputs = values.shape
        self.panels = panels(values)

    @cached_property
    def for_torch(self) -> Any:
        """The values transposed, as a tensor on the same memory."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(self._values)).T


class Products:
    """In tiles, or, from `int8` rows on if that is given, by PyTorch."""

    def __init__(self, int8: int | None = None) -> None:
        self._int8 = int8

    @classmethod
    def fastest(cls) -> "Products":
        """What this machine does best."""
        features = _features()
        vnni = features.get("avx512vnni") or features.get("avxvnni")
        return cls(MANY if vnni and find_spec("torch") else None)

    def matrix(self, values: NDArray[np.int8]) -> Matrix:
        """`values` (outputs, inputs) ready for products."""
        return Matrix(values)

    def rows(self, count: int, columns: int) -> NDArray[Any]:
        """Room for quantised rows, of the type that their products want."""
        many = self._int8 is not None and count >= self._int8
        return np.empty((count, columns), np.int8 if many else np.int16)

    def of(self, rows: NDArray[Any], matrix: Matrix) -> NDArray[np.int32]:
        """The integers rows · matrix (rows, outputs)."""
        int8 = self._int8 if rows.dtype == np.int8 else None
        if int8 is not None and _torch_is_exact(matrix.outputs, matrix.inputs, int8):
            return _by_torch(rows, matrix.for_torch)
        return _by_tiles(rows, matrix.panels, matrix.outputs)


@cache
def _torch_is_exact(outputs: int, inputs: int, count: int) -> bool:
    """Whether PyTorch multiplies `count` rows, and some more, by a matrix (outputs, inputs) without
    error: the largest values of either sign, where sums saturate first, and any values."""
    if inputs < 2:
        return False
    import torch

    random = np.random.default_rng(0)
    largest = np.full((outputs, inputs), 127, np.int8)
    for values in (largest, random.integers(-127, 128, (outputs, inputs), np.int8)):
        transposed, form = torch.from_numpy(values).T, panels(values)
        for rows in (count, count + 5):
            for trial in (
                np.full((rows, inputs), 127, np.int8),
                np.full((rows, inputs), -127, np.int8),
                random.integers(-127, 128, (rows, inputs), np.int8),
            ):
                if not np.array_equal(
                    _by_torch(trial, transposed), _by_tiles(trial, form, outputs)
                ):
                    return False
    return True


def _by_torch(rows: NDArray[np.int8], transposed: Any) -> NDArray[np.int32]:
    import torch

    product: NDArray[np.int32] = torch._int_mm(torch.from_numpy(rows), transposed).numpy()
    return product


def _by_tiles(rows: NDArray[Any], form: NDArray[np.int8], outputs: int) -> NDArray[np.int32]:
    rows = rows.astype(np.int16, copy=False)
    if rows.shape[1] % 2:
        rows = np.pad(rows, ((0, 0), (0, 1)))
    out = np.empty((len(rows), outputs), np.int32)
    _in_tiles(rows, form, out)
    return out


def panels(values: NDArray[np.int8]) -> NDArray[np.int8]:
    """Values (outputs, inputs) as a tile reads them: (panels of COLUMNS outputs, pairs of inputs,
    COLUMNS, 2), filled up with zeros."""
    outputs, inputs = values.shape
    filled = np.pad(values, ((0, -outputs % COLUMNS), (0, inputs % 2)))
    apart = filled.reshape(-1, COLUMNS, filled.shape[1] // 2, 2)
    return np.ascontiguousarray(apart.transpose(0, 2, 1, 3))


@cache
def _features() -> dict[str, bool]:
    """The instructions to compile for; none where someone compiles for another machine."""
    other = config.CPU_NAME or config.CPU_FEATURES
    return {} if other else dict(binding.get_host_cpu_features())


def tile(rows: int, avx2: bool) -> Any:
    """A function for compiled code: tile(a, step_a, b, pairs, c, step_c) writes `rows` · COLUMNS
    sums of int32 to c, of the products of rows of `pairs` pairs of int16 at a with a panel at b.
    a, b and c are addresses; step_a and step_c, from a row to the next, are in bytes."""
    whole, half, byte = ir.IntType(64), ir.IntType(32), ir.IntType(8)
    eight, sixteen = ir.VectorType(half, 8), ir.VectorType(ir.IntType(16), 16)
    vectors = COLUMNS // 8

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, step_a, b, pairs, c, step_c = args

        def pointer(base: Any, step: Any, count: int, offset: Any, kind: Any) -> Any:
            address = builder.add(builder.add(base, builder.mul(step, whole(count))), offset)
            return builder.inttoptr(address, kind.as_pointer())

        def every_other(vector: Any, first: int) -> Any:
            at = ir.Constant(eight, list(range(first, 16, 2)))
            return builder.sext(builder.shuffle_vector(vector, sixteen(ir.Undefined), at), eight)

        def products(values: Any, weights: Any) -> Any:
            """Of sixteen pairs, added two by two."""
            if avx2:
                kind = ir.FunctionType(eight, [sixteen, sixteen])
                madd = builder.module.declare_intrinsic("llvm.x86.avx2.pmadd.wd", (), kind)
                return builder.call(madd, [values, weights])
            even, odd = (
                builder.mul(every_other(values, n), every_other(weights, n)) for n in (0, 1)
            )
            return builder.add(even, odd)

        before = builder.block
        loop, done = builder.append_basic_block("pair"), builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        pair = builder.phi(whole)
        sums = [[builder.phi(eight) for _ in range(vectors)] for _ in range(rows)]
        stored = ir.VectorType(byte, 16)
        weights = [
            builder.sext(
                builder.load(pointer(b, pair, 2 * COLUMNS, whole(16 * n), stored), align=1),
                sixteen,
            )
            for n in range(vectors)
        ]
        added = []
        for row in range(rows):
            two = builder.load(pointer(a, step_a, row, builder.mul(pair, whole(4)), half), align=2)
            first = builder.insert_element(eight(ir.Undefined), two, half(0))
            spread = builder.shuffle_vector(first, eight(ir.Undefined), eight([0] * 8))
            values = builder.bitcast(spread, sixteen)
            added.append(
                [
                    builder.add(s, products(values, w))
                    for s, w in zip(sums[row], weights, strict=True)
                ]
            )
        following = builder.add(pair, whole(1))
        pair.add_incoming(whole(0), before)
        pair.add_incoming(following, loop)
        for row in range(rows):
            for n in range(vectors):
                sums[row][n].add_incoming(eight([0] * 8), before)
                sums[row][n].add_incoming(added[row][n], loop)
        builder.cbranch(builder.icmp_signed("<", following, pairs), loop, done)
        builder.position_at_end(done)
        for row in range(rows):
            for n in range(vectors):
                builder.store(added[row][n], pointer(c, step_c, row, whole(32 * n), eight), align=4)
        return context.get_dummy_value()

    def typed(context: Any, a: Any, step_a: Any, b: Any, pairs: Any, c: Any, step_c: Any) -> Any:
        return types.none(*[types.int64] * 6), generate

    return intrinsic(typed)


AVX2 = bool(_features().get("avx2"))
one_row, four_rows = tile(1, AVX2), tile(ROWS, AVX2)


@compiled
def _in_tiles(rows: Any, form: Any, out: Any) -> None:
    count, columns = rows.shape
    outputs, pairs = out.shape[1], columns // 2
    edge = np.empty((ROWS, COLUMNS), np.int32)
    a, b, c = rows.ctypes.data, form.ctypes.data, out.ctypes.data
    for panel in range(len(form)):
        first = panel * COLUMNS
        whole = first + COLUMNS <= outputs
        weights = b + panel * pairs * COLUMNS * 2
        step = 4 * (outputs if whole else COLUMNS)
        for row in range(0, count, ROWS):
            values = a + row * columns * 2
            target = c + 4 * (row * outputs + first) if whole else edge.ctypes.data
            if row + ROWS <= count:
                four_rows(values, columns * 2, weights, pairs, target, step)
            else:
                for n in range(count - row):
                    one_row(values + n * columns * 2, 0, weights, pairs, target + n * step, 0)
            if not whole:
                for n in range(row, min(row + ROWS, count)):
                    for column in range(first, outputs):
                        out[n, column] = edge[n - row, column - first]

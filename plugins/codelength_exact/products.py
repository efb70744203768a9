"""Exact products of quantised rows with int8 matrices, by what the machine does best.

There are two ways. `Products.fastest` chooses between them:

Tiles. Rows are int16. A tile of four rows and sixteen outputs is summed in registers. On x86 with
AVX2 one instruction multiplies sixteen pairs and adds them two by two to int32. This is nearly
twice as fast as float32, from a quarter of the memory. Tiles are always exact.

PyTorch's int8 products. With VNNI instructions they are faster still, for many rows. But PyTorch
does not promise that they are exact: they saturate where oneDNN is told to do without VNNI, and
some versions return uninitialised memory for one input column. So each shape of matrix is tried
before its first use. A shape whose integers differ from those of the tiles stays with the tiles.
"""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from codelength.coding.compiled import compiled

if TYPE_CHECKING:
    from torch import Tensor

ROWS, COLUMNS = 4, 16
"""Rows and outputs that a tile computes at once."""

TORCH_ROWS = 128
"""Rows from which PyTorch's int8 products are faster, on a machine with VNNI instructions."""

QuantisedRows: TypeAlias = NDArray[np.int8] | NDArray[np.int16]


class PackedMatrix:
    """An int8 matrix (outputs, inputs), in the forms that products read."""

    def __init__(self, values: NDArray[np.int8]) -> None:
        self._values = values
        self.outputs, self.inputs = values.shape
        self.panels = to_panels(values)

    @cached_property
    def for_torch(self) -> "Tensor":
        """Return the values as a tensor (inputs, outputs) int8 that shares their memory."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(self._values)).T


class Products:
    """Products in tiles, or by PyTorch from `torch_rows` rows on, if that is given."""

    def __init__(self, torch_rows: int | None = None) -> None:
        self._torch_rows = torch_rows

    @classmethod
    def fastest(cls) -> "Products":
        """Return what this machine does best, by its processor's flags."""
        features = _features()
        has_vnni = features.get("avx512vnni") or features.get("avxvnni")
        return cls(TORCH_ROWS if has_vnni and find_spec("torch") else None)

    def matrix(self, values: NDArray[np.int8]) -> PackedMatrix:
        """Return `values` (outputs, inputs) ready for products."""
        return PackedMatrix(values)

    def empty_rows(self, count: int, columns: int) -> QuantisedRows:
        """Return room for quantised rows (count, columns): int8 for PyTorch, int16 for tiles."""
        if self._torch_rows is not None and count >= self._torch_rows:
            return np.empty((count, columns), np.int8)
        return np.empty((count, columns), np.int16)

    def multiply(self, rows: NDArray[np.signedinteger], matrix: PackedMatrix) -> NDArray[np.int32]:
        """Return the integers rows · matrix: (rows, inputs) from `empty_rows` → (rows, outputs)."""
        if rows.itemsize == 1:
            enough = self._torch_rows
            if enough and _torch_is_exact(matrix.outputs, matrix.inputs, enough):
                return _multiply_by_torch(rows, matrix.for_torch)
            rows = rows.astype(np.int16)
        return _multiply_by_tiles(rows, matrix.panels, matrix.outputs)


@cache
def _torch_is_exact(outputs: int, inputs: int, count: int) -> bool:
    """Compare PyTorch with the tiles: `count` rows, and some more, times (outputs, inputs).

    The largest values of either sign are tried, where sums saturate first, and random ones.
    """
    if inputs < 2:
        return False
    import torch

    random = np.random.default_rng(0)
    matrices = (
        np.full((outputs, inputs), 127, np.int8),
        random.integers(-127, 128, (outputs, inputs), np.int8),
    )
    trials = [
        rows
        for more in (count, count + 5)
        for rows in (
            np.full((more, inputs), 127, np.int8),
            np.full((more, inputs), -127, np.int8),
            random.integers(-127, 128, (more, inputs), np.int8),
        )
    ]
    return all(
        np.array_equal(
            _multiply_by_torch(rows, torch.from_numpy(values).T),
            _multiply_by_tiles(rows.astype(np.int16), to_panels(values), outputs),
        )
        for values in matrices
        for rows in trials
    )


def _multiply_by_torch(rows: NDArray[np.signedinteger], transposed: "Tensor") -> NDArray[np.int32]:
    import torch

    product: NDArray[np.int32] = torch._int_mm(torch.from_numpy(rows), transposed).numpy()
    return product


def _multiply_by_tiles(
    rows: NDArray[np.signedinteger], panels: NDArray[np.int8], outputs: int
) -> NDArray[np.int32]:
    if rows.shape[1] % 2:
        rows = np.pad(rows, ((0, 0), (0, 1)))
    out = np.empty((len(rows), outputs), np.int32)
    _in_tiles(rows, panels, out)
    return out


def to_panels(values: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return values (outputs, inputs) as a tile reads them, filled up with zeros.

    The shape is (panels of COLUMNS outputs, pairs of inputs, COLUMNS, 2).
    """
    outputs, inputs = values.shape
    filled = np.pad(values, ((0, -outputs % COLUMNS), (0, inputs % 2)))
    apart = filled.reshape(-1, COLUMNS, filled.shape[1] // 2, 2)
    return np.ascontiguousarray(apart.transpose(0, 2, 1, 3))


@cache
def _features() -> dict[str, bool]:
    """Return the processor's features, or none if Numba compiles for another machine."""
    other = config.CPU_NAME or config.CPU_FEATURES  # type: ignore[attr-defined]
    return {} if other else dict(binding.get_host_cpu_features())


def make_tile(rows: int, avx2: bool) -> Callable[[int, int, int, int, int, int], None]:
    """Return a function for compiled code: tile(a, step_a, b, pairs, c, step_c).

    It multiplies `rows` rows of `pairs` pairs of int16 at address a by a panel at address b, and
    writes `rows` · COLUMNS sums of int32 to address c. step_a and step_c are the bytes from a row
    to the next.
    """
    whole, half, byte = ir.IntType(64), ir.IntType(32), ir.IntType(8)
    eight, sixteen = ir.VectorType(half, 8), ir.VectorType(ir.IntType(16), 16)
    vectors = COLUMNS // 8

    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        _signature: Signature,
        args: Sequence[ir.Value],
    ) -> ir.Value:
        a, step_a, b, pairs, c, step_c = args

        def pointer(
            base: ir.Value, step: ir.Value, count: int, offset: ir.Value, kind: ir.Type
        ) -> ir.Value:
            address = builder.add(builder.add(base, builder.mul(step, whole(count))), offset)
            return builder.inttoptr(address, kind.as_pointer())

        def every_other(vector: ir.Value, first: int) -> ir.Value:
            at = ir.Constant(eight, list(range(first, 16, 2)))
            return builder.sext(builder.shuffle_vector(vector, sixteen(ir.Undefined), at), eight)

        def multiply_pairs(values: ir.Value, weights: ir.Value) -> ir.Value:
            """Multiply sixteen pairs and add the products two by two."""
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
                    builder.add(s, multiply_pairs(values, w))
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

    def typed(
        _context: Context,
        _a: types.Type,
        _step_a: types.Type,
        _b: types.Type,
        _pairs: types.Type,
        _c: types.Type,
        _step_c: types.Type,
    ) -> tuple[Signature, Callable[..., ir.Value]]:
        return types.none(*[types.int64] * 6), generate

    return cast("Callable[[int, int, int, int, int, int], None]", intrinsic(typed))


AVX2 = bool(_features().get("avx2"))
one_row, four_rows = make_tile(1, AVX2), make_tile(ROWS, AVX2)


@compiled
def _in_tiles(rows: NDArray[np.int16], panels: NDArray[np.int8], out: NDArray[np.int32]) -> None:
    """Multiply rows (rows, inputs), filled up to pairs, by `panels`: out (rows, outputs)."""
    count, columns = rows.shape
    outputs, pairs = out.shape[1], columns // 2
    edge = np.empty((ROWS, COLUMNS), np.int32)
    a, b, c = rows.ctypes.data, panels.ctypes.data, out.ctypes.data
    for panel in range(len(panels)):
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

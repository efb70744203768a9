"""Float products whose every sum runs in one order, so that they are the same on every machine.

Element (row, column) is a sum over k in order: each product is rounded, then each sum. Vectors go
across columns and tiles across rows, which does not change that order. LLVM fuses a product with a
sum only if it is told to, and it is not.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from codelength.coding.compiled import compiled

Floats: TypeAlias = NDArray[np.float32]

ROWS, COLUMNS = 4, 16
"""What a tile computes at once, in registers."""


def to_panels(matrix: Floats) -> Floats:
    """Return a matrix (k, columns) as tiles read it: (panels of COLUMNS columns, k, COLUMNS)."""
    apart = matrix.reshape(len(matrix), -1, COLUMNS)
    return np.ascontiguousarray(apart.transpose(1, 0, 2))


def make_tile(rows: int) -> Callable[[int, int, int, int, int, int, int], None]:
    """Return a function for compiled code: tile(a, step_row, step_k, b, count, c, step_c).

    It multiplies `rows` rows of `count` ≥ 1 floats at address a by a panel at address b, and writes
    `rows` · COLUMNS sums to address c. Steps are in bytes.
    """
    whole, half, single = ir.IntType(64), ir.IntType(32), ir.FloatType()
    eight = ir.VectorType(single, 8)
    vectors = COLUMNS // 8

    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        _signature: Signature,
        args: Sequence[ir.Value],
    ) -> ir.Value:
        a, step_row, step_k, b, count, c, step_c = args

        def pointer(base: ir.Value, offset: ir.Value, kind: ir.Type) -> ir.Value:
            return builder.inttoptr(builder.add(base, offset), kind.as_pointer())

        def at(base: ir.Value, step: ir.Value, row: int, vector: int) -> ir.Value:
            offset = builder.add(builder.mul(step, whole(row)), whole(32 * vector))
            return pointer(base, offset, eight)

        before = builder.block
        loop, done = builder.append_basic_block("k"), builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        k = builder.phi(whole)
        sums = [[builder.phi(eight) for _ in range(vectors)] for _ in range(rows)]
        panel = [
            builder.load(at(b, builder.mul(k, whole(4 * COLUMNS)), 1, n), align=4)
            for n in range(vectors)
        ]
        inputs = builder.add(a, builder.mul(k, step_k))
        added = []
        for row in range(rows):
            value = builder.load(
                pointer(inputs, builder.mul(step_row, whole(row)), single), align=4
            )
            first = builder.insert_element(eight(ir.Undefined), value, half(0))
            spread = builder.shuffle_vector(
                first, eight(ir.Undefined), ir.Constant(ir.VectorType(half, 8), [0] * 8)
            )
            added.append(
                [
                    builder.fadd(s, builder.fmul(spread, w))
                    for s, w in zip(sums[row], panel, strict=True)
                ]
            )
        following = builder.add(k, whole(1))
        k.add_incoming(whole(0), before)
        k.add_incoming(following, loop)
        for row in range(rows):
            for n in range(vectors):
                sums[row][n].add_incoming(eight([0.0] * 8), before)
                sums[row][n].add_incoming(added[row][n], loop)
        builder.cbranch(builder.icmp_signed("<", following, count), loop, done)
        builder.position_at_end(done)
        for row in range(rows):
            for n in range(vectors):
                builder.store(added[row][n], at(c, step_c, row, n), align=4)
        return context.get_dummy_value()

    def typed(
        _context: Context,
        _a: types.Type,
        _step_row: types.Type,
        _step_k: types.Type,
        _b: types.Type,
        _count: types.Type,
        _c: types.Type,
        _step_c: types.Type,
    ) -> tuple[Signature, Callable[..., ir.Value]]:
        return types.none(*[types.int64] * 7), generate

    return cast("Callable[[int, int, int, int, int, int, int], None]", intrinsic(typed))


one_row, four_rows = make_tile(1), make_tile(ROWS)


@compiled
def multiply(a: Floats, matrix: Floats, out: Floats) -> None:
    """Write a · matrix to out.

    Args:
        a: (rows, k), in any strides.
        matrix: In panels (columns / COLUMNS, k, COLUMNS).
        out: (rows, columns)
    """
    rows, count = a.shape
    step_row, step_k = a.strides
    start, b, c = a.ctypes.data, matrix.ctypes.data, out.ctypes.data
    step = out.strides[0]
    for panel in range(len(matrix)):
        weights = b + panel * count * 4 * COLUMNS
        for row in range(0, rows, ROWS):
            inputs, target = start + row * step_row, c + row * step + panel * 4 * COLUMNS
            if row + ROWS <= rows:
                four_rows(inputs, step_row, step_k, weights, count, target, step)
            else:
                for n in range(rows - row):
                    own, to = inputs + n * step_row, target + n * step
                    one_row(own, 0, step_k, weights, count, to, 0)

"""Float products whose every sum runs in one order, so that they are the same on every machine.

Element (row, column) is a sum over k from the first to the last: a product rounded, a sum rounded.
Vectors lie across columns and tiles across rows, and neither changes what an element is made of.
Nothing fuses a product with a sum, for LLVM does that only if it is told to.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from codelength.coding.compiled import compiled

ROWS, COLUMNS = 4, 16
"""What a tile computes at once, in registers."""


def panels(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """A matrix (k, columns) as tiles read it: (panels of COLUMNS columns, k, COLUMNS)."""
    apart = matrix.reshape(len(matrix), -1, COLUMNS)
    return np.ascontiguousarray(apart.transpose(1, 0, 2))


def tile(rows: int) -> Any:
    """A function for compiled code: tile(a, step_row, step_k, b, count, c, step_c) writes `rows` ·
    COLUMNS sums to c, each over `count` ≥ 1 products of floats at a with a panel at b. a, b and c
    are addresses; steps are in bytes."""
    whole, half, single = ir.IntType(64), ir.IntType(32), ir.FloatType()
    eight = ir.VectorType(single, 8)
    vectors = COLUMNS // 8

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, step_row, step_k, b, count, c, step_c = args

        def pointer(base: Any, offset: Any, kind: Any) -> Any:
            return builder.inttoptr(builder.add(base, offset), kind.as_pointer())

        def at(base: Any, step: Any, row: int, vector: int) -> Any:
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

    def typed(context: Any, a: Any, r: Any, k: Any, b: Any, count: Any, c: Any, s: Any) -> Any:
        return types.none(*[types.int64] * 7), generate

    return intrinsic(typed)


one_row, four_rows = tile(1), tile(ROWS)


@compiled
def product(a: Any, matrix: Any, out: Any) -> None:
    """out (rows, columns) = a (rows, k) · matrix, in panels (columns / COLUMNS, k, COLUMNS)."""
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

"""Tiles: a few rows times a panel of outputs, summed in registers.

Every product of this project is made of tiles. What differs is the arithmetic of one step:

- quads: four inputs at once with the instruction vpdpbusd of AVX-512 VNNI or AVX VNNI. It
  multiplies unsigned bytes by signed ones. So rows hold their values plus OFFSET, and `start` has
  what this adds to each sum, subtracted. The instruction cannot saturate.
- pairs: two inputs at once in int16, with vpdpwssd of AVX-512 VNNI, pmaddwd of AVX2, or neither.
  Rows may hold any int16.
- floats: one input at a time. Each product is rounded, then each sum, in the order of the inputs.
  LLVM fuses a product with a sum only if it is told to, and it is not.

Sums of integers are exact, so that the first two give the same on every machine.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias, cast

from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

WHOLE, HALF, BYTE = ir.IntType(64), ir.IntType(32), ir.IntType(8)
OFFSET = 128
"""Added to the rows of quads, so that they are unsigned."""

Tile: TypeAlias = Callable[[int, int, int, int, int, int, int, int], None]
"""tile(a, step_row, step_input, b, count, start, c, step_c), for compiled code.

It multiplies rows at address a by `count` ≥ 1 steps of a panel at address b, and writes the sums to
address c. The other arguments are the bytes from a row of a to the next, from what one step reads
of it to what the next reads, and from a row of c to the next. `start` is the address of the sums to
begin with, for an arithmetic that has them."""


@dataclass(frozen=True)
class Arithmetic:
    """What a tile does in one step, for vectors of `lanes` outputs."""

    lanes: int
    element: ir.Type
    """Of the sums."""
    spread: ir.Type
    """What one step reads of a row, and gives to all lanes."""
    weight_bytes: int
    """What one lane reads of a panel in one step."""
    accumulate: Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value], ir.Value]
    """(builder, sums, spread values, weights) → sums"""
    has_start: bool = False

    @property
    def vector(self) -> ir.VectorType:
        """Return the type of a vector of sums."""
        return ir.VectorType(self.element, self.lanes)


def quads(lanes: int) -> Arithmetic:
    """Return the arithmetic of vpdpbusd on 8 lanes (AVX VNNI) or 16 (AVX-512 VNNI)."""
    vector = ir.VectorType(HALF, lanes)

    def accumulate(
        builder: ir.IRBuilder, sums: ir.Value, values: ir.Value, weights: ir.Value
    ) -> ir.Value:
        name = f"llvm.x86.avx512.vpdpbusd.{32 * lanes}"
        kind = ir.FunctionType(vector, [vector] * 3)
        dot = builder.module.declare_intrinsic(name, (), kind)
        return builder.call(dot, [sums, values, weights])

    return Arithmetic(lanes, HALF, HALF, 4, accumulate, has_start=True)


def pairs(features: Set[str]) -> Arithmetic:
    """Return the arithmetic of pairs for a processor with these features.

    On 16 lanes with vpdpwssd of AVX-512 VNNI, else on 8 with pmaddwd of AVX2, else on 8 with
    operations of any machine.
    """
    lanes = 16 if "avx512vnni" in features else 8
    vector = ir.VectorType(HALF, lanes)
    halves = ir.VectorType(ir.IntType(16), 2 * lanes)

    def every_other(builder: ir.IRBuilder, values: ir.Value, first: int) -> ir.Value:
        at = ir.Constant(vector, list(range(first, 2 * lanes, 2)))
        return builder.sext(builder.shuffle_vector(values, halves(ir.Undefined), at), vector)

    def accumulate(
        builder: ir.IRBuilder, sums: ir.Value, values: ir.Value, weights: ir.Value
    ) -> ir.Value:
        weights = builder.bitcast(weights, ir.VectorType(BYTE, 2 * lanes))
        weights = builder.sext(weights, halves)
        if lanes == 16:
            kind = ir.FunctionType(vector, [vector] * 3)
            name = "llvm.x86.avx512.vpdpwssd.512"
            dot = builder.module.declare_intrinsic(name, (), kind)
            return builder.call(dot, [sums, values, builder.bitcast(weights, vector)])
        values = builder.bitcast(values, halves)
        if "avx2" in features:
            kind = ir.FunctionType(vector, [halves, halves])
            madd = builder.module.declare_intrinsic("llvm.x86.avx2.pmadd.wd", (), kind)
            return builder.add(sums, builder.call(madd, [values, weights]))
        even, odd = (
            builder.mul(every_other(builder, values, n), every_other(builder, weights, n))
            for n in (0, 1)
        )
        return builder.add(sums, builder.add(even, odd))

    return Arithmetic(lanes, HALF, HALF, 2, accumulate)


def floats() -> Arithmetic:
    """Return the arithmetic of float32 on 8 lanes."""
    single = ir.FloatType()

    def accumulate(
        builder: ir.IRBuilder, sums: ir.Value, values: ir.Value, weights: ir.Value
    ) -> ir.Value:
        weights = builder.bitcast(weights, ir.VectorType(single, 8))
        return builder.fadd(sums, builder.fmul(values, weights))

    return Arithmetic(8, single, single, 4, accumulate)


def make_tile(arithmetic: Arithmetic, rows: int, vectors: int) -> Tile:
    """Return a tile of `rows` rows and `vectors` vectors of outputs.

    A panel is (steps, vectors · lanes) weights.
    """
    lanes, vector = arithmetic.lanes, arithmetic.vector
    read = ir.VectorType(ir.IntType(8 * arithmetic.weight_bytes), lanes)
    spread = ir.VectorType(arithmetic.spread, lanes)
    size, read_size = 4 * lanes, arithmetic.weight_bytes * lanes

    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        _signature: Signature,
        args: Sequence[ir.Value],
    ) -> ir.Value:
        a, step_row, step_input, b, count, start, c, step_c = args

        def pointer(base: ir.Value, offset: ir.Value, kind: ir.Type) -> ir.Value:
            return builder.inttoptr(builder.add(base, offset), kind.as_pointer())

        def read_spread(address: ir.Value) -> ir.Value:
            value = builder.load(pointer(address, WHOLE(0), arithmetic.spread), align=1)
            first = builder.insert_element(spread(ir.Undefined), value, HALF(0))
            everywhere = ir.Constant(ir.VectorType(HALF, lanes), [0] * lanes)
            return builder.shuffle_vector(first, spread(ir.Undefined), everywhere)

        first_sums = [
            builder.load(pointer(start, WHOLE(size * n), vector), align=4)
            if arithmetic.has_start
            else vector(None)
            for n in range(vectors)
        ]
        before = builder.block
        loop, done = builder.append_basic_block("step"), builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        step = builder.phi(WHOLE)
        sums = [[builder.phi(vector) for _ in range(vectors)] for _ in range(rows)]
        panel = builder.add(b, builder.mul(step, WHOLE(read_size * vectors)))
        weights = [
            builder.load(pointer(panel, WHOLE(read_size * n), read), align=1)
            for n in range(vectors)
        ]
        inputs = builder.add(a, builder.mul(step, step_input))
        added = []
        for row in range(rows):
            values = read_spread(builder.add(inputs, builder.mul(step_row, WHOLE(row))))
            added.append(
                [
                    arithmetic.accumulate(builder, s, values, w)
                    for s, w in zip(sums[row], weights, strict=True)
                ]
            )
        following = builder.add(step, WHOLE(1))
        step.add_incoming(WHOLE(0), before)
        step.add_incoming(following, loop)
        for row in range(rows):
            for n in range(vectors):
                sums[row][n].add_incoming(first_sums[n], before)
                sums[row][n].add_incoming(added[row][n], loop)
        builder.cbranch(builder.icmp_signed("<", following, count), loop, done)
        builder.position_at_end(done)
        for row in range(rows):
            target = builder.add(c, builder.mul(step_c, WHOLE(row)))
            for n in range(vectors):
                builder.store(added[row][n], pointer(target, WHOLE(size * n), vector), align=4)
        return context.get_dummy_value()

    def typed(
        _context: Context,
        _a: types.Type,
        _step_row: types.Type,
        _step_input: types.Type,
        _b: types.Type,
        _count: types.Type,
        _start: types.Type,
        _c: types.Type,
        _step_c: types.Type,
    ) -> tuple[Signature, Callable[..., ir.Value]]:
        return types.none(*[types.int64] * 8), generate

    return cast("Tile", intrinsic(typed))

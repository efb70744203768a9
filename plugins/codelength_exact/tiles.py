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


def quads(lanes: int, unsigned: bool = False) -> Arithmetic:
    """Return the arithmetic of vpdpbusd on 8 lanes (AVX VNNI) or 16 (AVX-512 VNNI).

    If weights are unsigned, rows are signed as they are.
    """
    vector = ir.VectorType(HALF, lanes)

    def accumulate(
        builder: ir.IRBuilder, sums: ir.Value, values: ir.Value, weights: ir.Value
    ) -> ir.Value:
        name = f"llvm.x86.avx512.vpdpbusd.{32 * lanes}"
        kind = ir.FunctionType(vector, [vector] * 3)
        dot = builder.module.declare_intrinsic(name, (), kind)
        return builder.call(dot, [sums, weights, values] if unsigned else [sums, values, weights])

    return Arithmetic(lanes, HALF, HALF, 4, accumulate, has_start=not unsigned)


def pairs(features: Set[str], unsigned: bool = False) -> Arithmetic:
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
        weights = (builder.zext if unsigned else builder.sext)(weights, halves)
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
    size, read_size = 4 * lanes, arithmetic.weight_bytes * lanes

    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        _signature: Signature,
        args: Sequence[ir.Value],
    ) -> ir.Value:
        a, step_row, step_input, b, count, start, c, step_c = args

        def pointer(base: ir.Value, offset: ir.Value, kind: ir.Type) -> ir.Value:
            return _pointer(builder, base, offset, kind)

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
            at = builder.add(inputs, builder.mul(step_row, WHOLE(row)))
            values = _spread(builder, at, arithmetic.spread, lanes)
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

    return cast("Tile", _of_eight(generate))


def _pointer(builder: ir.IRBuilder, base: ir.Value, offset: ir.Value, kind: ir.Type) -> ir.Value:
    return builder.inttoptr(builder.add(base, offset), kind.as_pointer())


def _spread(builder: ir.IRBuilder, address: ir.Value, kind: ir.Type, lanes: int) -> ir.Value:
    """Return a vector that has what is at an address in all lanes."""
    vector = ir.VectorType(kind, lanes)
    value = builder.load(_pointer(builder, address, WHOLE(0), kind), align=1)
    first = builder.insert_element(vector(ir.Undefined), value, HALF(0))
    everywhere = ir.Constant(ir.VectorType(HALF, lanes), [0] * lanes)
    return builder.shuffle_vector(first, vector(ir.Undefined), everywhere)


Generate: TypeAlias = Callable[[BaseContext, ir.IRBuilder, Signature, Sequence[ir.Value]], ir.Value]


def _of_eight(generate: Generate) -> object:
    """Return an intrinsic of eight numbers."""

    def typed(
        _context: Context,
        _1: types.Type,
        _2: types.Type,
        _3: types.Type,
        _4: types.Type,
        _5: types.Type,
        _6: types.Type,
        _7: types.Type,
        _8: types.Type,
    ) -> tuple[Signature, Generate]:
        return types.none(*[types.int64] * 8), generate

    return intrinsic(typed)


def make_group_tile(  # noqa: C901 - one loop
    arithmetic: Arithmetic, rows: int, vectors: int, parts: int, bits: int, takes: int
) -> Tile:
    """Return a tile for matrices in groups (see `groups`).

    tile(a, step_row, b, groups, factors, totals, c, scales) multiplies `rows` rows of a, each of
    `parts` parts, by a panel at address b, and adds the products to the float64 sums at c
    (rows, vectors · lanes). Factors (int32) and totals (float64) of a row are as many bytes behind
    those of the row before as `groups` of them take. At `scales` are the steps of the panel
    (groups, vectors · lanes) int16, and behind them what is least.

    Args:
        arithmetic: One without a start.
        rows: How many rows.
        vectors: Vectors of a panel.
        parts: Of a row: 1, to be multiplied by its factor, or a high and a low one.
        bits: Of weights. Of 4, a byte has one in the first half of the group's steps, and one in
            the second half above it.
        takes: Steps of a group.
    """
    lanes, vector = arithmetic.lanes, arithmetic.vector
    size = arithmetic.weight_bytes * lanes
    bytes_ = ir.VectorType(BYTE, size)
    doubles, shorts = ir.VectorType(ir.DoubleType(), 8), ir.VectorType(ir.IntType(16), 8)
    turns = takes // 2 if bits == 4 else takes
    columns, taken = vectors * lanes, arithmetic.spread.width // 8
    group = turns * size * vectors  # bytes of a panel

    def generate(  # noqa: C901 - one loop
        _context: BaseContext,
        builder: ir.IRBuilder,
        _signature: Signature,
        args: Sequence[ir.Value],
    ) -> ir.Value:
        a, step_row, b, groups, factors, totals, c, scales = args

        def read(base: ir.Value, offset: ir.Value, kind: ir.Type) -> ir.Value:
            return builder.load(_pointer(builder, base, offset, kind), align=1)

        def times(value: ir.Value, by: int) -> ir.Value:
            return builder.mul(value, WHOLE(by))

        entry = builder.block
        each, inner, after, done = (
            builder.append_basic_block(name) for name in ("group", "step", "after", "done")
        )
        builder.branch(each)
        builder.position_at_end(each)
        at = builder.phi(WHOLE)
        panel, inputs = builder.add(b, times(at, group)), builder.add(a, times(at, takes * taken))
        builder.branch(inner)
        builder.position_at_end(inner)
        step = builder.phi(WHOLE)
        sums = [[builder.phi(vector) for _ in range(vectors)] for _ in range(rows * parts)]
        added = [list(row) for row in sums]
        place = builder.add(panel, times(step, size * vectors))
        stored = [read(place, WHOLE(n * size), bytes_) for n in range(vectors)]
        of_step = builder.add(inputs, times(step, taken))

        def accumulate(weights: Sequence[ir.Value], first: int) -> None:
            for row in range(rows * parts):
                where = builder.add(of_step, builder.mul(step_row, WHOLE(row)))
                where = builder.add(where, WHOLE(first))
                values = _spread(builder, where, arithmetic.spread, lanes)
                for n, w in enumerate(weights):
                    as_given = builder.bitcast(w, vector) if taken == size // lanes else w
                    added[row][n] = arithmetic.accumulate(builder, added[row][n], values, as_given)

        if bits == 4:
            low = ir.Constant(bytes_, [15] * size)
            four = ir.Constant(bytes_, [4] * size)
            accumulate([builder.and_(w, low) for w in stored], 0)
            accumulate([builder.lshr(w, four) for w in stored], turns * taken)
        else:
            accumulate(stored, 0)
        following = builder.add(step, WHOLE(1))
        step.add_incoming(WHOLE(0), each)
        step.add_incoming(following, inner)
        for row in range(rows * parts):
            for n in range(vectors):
                sums[row][n].add_incoming(vector(None), each)
                sums[row][n].add_incoming(added[row][n], inner)
        builder.cbranch(builder.icmp_signed("<", following, WHOLE(turns)), inner, after)
        builder.position_at_end(after)
        of_group = builder.add(scales, times(at, 2 * columns))
        behind = times(groups, 2 * columns)
        exact = ("contract",)  # sums are exact, so it does not matter what is rounded
        for n in range(vectors):
            for eight in range(0, lanes, 8):
                column = n * lanes + eight
                steps, least = (
                    builder.sitofp(read(of_group, offset, shorts), doubles)
                    for offset in (WHOLE(2 * column), builder.add(behind, WHOLE(2 * column)))
                )
                some = ir.Constant(ir.VectorType(HALF, 8), list(range(eight, eight + 8)))
                for row in range(rows):
                    of_row = builder.add(times(groups, row), at)
                    if parts == 2:
                        high = builder.shl(added[2 * row][n], ir.Constant(vector, [8] * lanes))
                        whole = builder.add(high, added[2 * row + 1][n])
                    else:
                        factor = builder.add(factors, times(of_row, 4))
                        factor = _spread(builder, factor, HALF, lanes)
                        whole = builder.mul(added[row][n], factor)
                    half = builder.shuffle_vector(whole, vector(ir.Undefined), some)
                    total = _spread(
                        builder, builder.add(totals, times(of_row, 8)), ir.DoubleType(), 8
                    )
                    target = _pointer(builder, c, WHOLE(8 * (row * columns + column)), doubles)
                    sum_ = builder.load(target, align=8)
                    product = builder.fmul(builder.sitofp(half, doubles), steps, flags=exact)
                    sum_ = builder.fadd(sum_, product, flags=exact)
                    product = builder.fmul(total, least, flags=exact)
                    builder.store(builder.fadd(sum_, product, flags=exact), target, align=8)
        next_group = builder.add(at, WHOLE(1))
        at.add_incoming(WHOLE(0), entry)
        at.add_incoming(next_group, after)
        builder.cbranch(builder.icmp_signed("<", next_group, groups), each, done)
        builder.position_at_end(done)
        return _context.get_dummy_value()

    return cast("Tile", _of_eight(generate))

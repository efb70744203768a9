"""The two loops of the mixer over a row of weights, as vectors.

Three times as fast as what LLVM makes of a loop so short; integers, so the order of a sum does not
matter.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

Weights: TypeAlias = NDArray[np.int32]

WIDTH = 16
"""Inputs of a mixer: a power of two, so that rows lie side by side."""

HEAVIEST = (1 << 19) - 1
"""The largest magnitude of a weight, in units of 2^-16: times log odds below 2^12 it fits 32
bits."""

LANE = ir.IntType(32)
ROW = ir.VectorType(LANE, WIDTH)


def _row(
    context: BaseContext,
    builder: ir.IRBuilder,
    form: types.Array,
    array: ir.Value,
    number: ir.Value,
) -> ir.Value:
    """A pointer to row `number` of an array (rows, WIDTH) of int32 in C order."""
    data = context.make_array(form)(context, builder, array).data
    return builder.gep(builder.bitcast(data, ROW.as_pointer()), [number])


def _all(value: int) -> ir.Constant:
    return ir.Constant(ROW, [value] * WIDTH)


def _called(builder: ir.IRBuilder, name: str, result: ir.Type, *args: ir.Value) -> ir.Value:
    form = ir.FunctionType(result, [arg.type for arg in args])
    function = cgutils.get_or_insert_function(builder.module, form, f"llvm.{name}.v{WIDTH}i32")
    return builder.call(function, args)


def _dot(
    _typing: Context,
    x: types.Array,
    w: types.Array,
    _row_number: types.Integer,
) -> tuple[Signature, Callable[..., ir.Value]]:
    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        signature: Signature,
        args: Sequence[ir.Value],
    ) -> ir.Value:
        none = ir.Constant(args[2].type, 0)
        inputs = builder.load(_row(context, builder, signature.args[0], args[0], none), align=4)
        weights = builder.load(_row(context, builder, signature.args[1], args[1], args[2]), align=4)
        products = builder.ashr(builder.mul(inputs, weights), _all(8))
        return _called(builder, "vector.reduce.add", LANE, products)

    return types.int32(x, w, types.int64), generate


dot = cast("Callable[[Weights, Weights, int], np.int32]", intrinsic(_dot))
"""dot(x, w, row): Σ floor(x · w / 2^8) for x (1, WIDTH) and a row of w (rows, WIDTH), mod 2^32."""


def _train(
    _typing: Context,
    x: types.Array,
    w: types.Array,
    _row_number: types.Integer,
    _error: types.Integer,
) -> tuple[Signature, Callable[..., ir.Value]]:
    def generate(
        context: BaseContext,
        builder: ir.IRBuilder,
        signature: Signature,
        args: Sequence[ir.Value],
    ) -> ir.Value:
        none = ir.Constant(args[2].type, 0)
        inputs = builder.load(_row(context, builder, signature.args[0], args[0], none), align=4)
        place = _row(context, builder, signature.args[1], args[1], args[2])
        anything = ir.Constant(ROW, ir.Undefined)
        first = builder.insert_element(anything, args[3], ir.Constant(LANE, 0))
        errors = builder.shuffle_vector(first, anything, _all(0))
        steps = builder.ashr(builder.add(builder.mul(inputs, errors), _all(1 << 13)), _all(14))
        weights = builder.add(builder.load(place, align=4), steps)
        weights = _called(builder, "smin", ROW, weights, _all(HEAVIEST))
        weights = _called(builder, "smax", ROW, weights, _all(-HEAVIEST))
        builder.store(weights, place, align=4)
        return context.get_dummy_value()

    return types.void(x, w, types.int64, types.int32), generate


train = cast("Callable[[Weights, Weights, int, np.int32], None]", intrinsic(_train))
"""train(x, w, row, error): add x · error / 2^14, rounded, to a row of the weights w, which stay
within ±HEAVIEST."""

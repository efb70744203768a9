"""The two loops of the mixer over a row of weights, as vectors: three times as fast as what LLVM
makes of a loop so short; integers, so the order of a sum does not matter.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 16
"""Inputs of a mixer: a power of two, so that rows lie side by side."""

HEAVIEST = (1 << 19) - 1
"""The largest magnitude of a weight, in units of 2^-16: times log odds below 2^12 it fits 32
bits."""

LANE = ir.IntType(32)
ROW = ir.VectorType(LANE, WIDTH)


def _row(context: Any, builder: Any, form: Any, array: Any, number: Any) -> Any:
    """A pointer to row `number` of an array (rows, WIDTH) of int32 in C order."""
    data = context.make_array(form)(context, builder, array).data
    return builder.gep(builder.bitcast(data, ROW.as_pointer()), [number])


def _all(value: int) -> Any:
    return ir.Constant(ROW, [value] * WIDTH)


def _called(builder: Any, name: str, result: Any, *args: Any) -> Any:
    form = ir.FunctionType(result, [arg.type for arg in args])
    function = cgutils.get_or_insert_function(builder.module, form, f"llvm.{name}.v{WIDTH}i32")
    return builder.call(function, args)


@intrinsic  # type: ignore[untyped-decorator]
def dot(typing: Any, x: Any, w: Any, row: Any) -> Any:
    """Σ floor(x · w / 2^8) for x (1, WIDTH) and a row of w (rows, WIDTH), modulo 2^32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        none = ir.Constant(args[2].type, 0)
        inputs = builder.load(_row(context, builder, signature.args[0], args[0], none), align=4)
        weights = builder.load(_row(context, builder, signature.args[1], args[1], args[2]), align=4)
        products = builder.ashr(builder.mul(inputs, weights), _all(8))
        return _called(builder, "vector.reduce.add", LANE, products)

    return types.int32(x, w, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def train(typing: Any, x: Any, w: Any, row: Any, error: Any) -> Any:
    """Adds x · error / 2^14, rounded, to a row of the weights w, which stay within ±HEAVIEST."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
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

"""An instruction for compiled code that brings memory near before it is used."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.context import Context
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray


def _prefetch(
    _typing: Context, array: types.Array, _index: types.Integer
) -> tuple[Signature, Callable[..., ir.Value]]:
    def generate(
        context: BaseContext, builder: ir.IRBuilder, signature: Signature, args: Sequence[ir.Value]
    ) -> ir.Value:
        byte, half = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.gep(builder.bitcast(data, byte), [args[1]])
        flags = [half(0), half(3), half(1)]  # to read, into the nearest cache, of data
        form = ir.FunctionType(ir.VoidType(), [byte, half, half, half])
        name = "llvm.prefetch.p0i8"
        fetch = cgutils.get_or_insert_function(builder.module, form, name)
        builder.call(fetch, [place, *flags])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


prefetch: Callable[[NDArray[np.generic], int], None] = cast(
    "Callable[[NDArray[np.generic], int], None]", intrinsic(_prefetch)
)
"""For compiled code: begin to bring near what lies `index` bytes behind an array's beginning."""

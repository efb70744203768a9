"""Arrays of numbers: the files of NumPy (NEP 1)."""

import ast
import re
from math import prod

from codelength.api.media import Array, FileBytes
from codelength_reading.decoded import Decoded, NotRepresentable, check_end, unpack

LONGEST = 1 << 16
"""Bytes of a header that is read; one of numbers takes 128."""
NUMBERS = re.compile(r"[<>|][iuf][1248]|[<>|]f16")


def read_npy(file: FileBytes) -> Decoded:
    """Read a `.npy` file: the numbers as they lie in it.

    An array whose first index runs fastest (Fortran's order) is taken with its indices turned
    round.
    """
    size_field = "<H" if file[6:7] == b"\1" else "<I"
    start = 8 + (2 if size_field == "<H" else 4)
    (size,) = unpack(size_field, file, 8)
    if size > LONGEST:
        raise NotRepresentable(f"its header claims {size} bytes")
    text = file[start : start + size].decode("latin-1")
    try:
        header = ast.literal_eval(text.strip())
        dtype, turned, shape = header["descr"], header["fortran_order"], header["shape"]
        shape = tuple(map(int, shape))
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise NotRepresentable("its header is not one of NumPy") from error
    if not isinstance(dtype, str) or not NUMBERS.fullmatch(dtype):
        raise NotRepresentable(f"it holds {_shown(dtype)}, not numbers of one type")
    if not shape or min(shape) < 1:
        raise NotRepresentable(f"its shape is {shape}")
    media = Array(dtype, shape[::-1] if turned else shape)
    end = start + size + media.item_size * prod(shape)
    check_end(file, end)
    data = file.part(start + size, end)
    sides = "×".join(map(str, shape))
    return Decoded(media, data, f"{sides} {dtype} NumPy array", len(data))


def _shown(dtype: object) -> str:
    return repr(dtype) if len(repr(dtype)) < 40 else "records"

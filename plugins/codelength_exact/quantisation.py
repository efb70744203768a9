"""How float32 matrices become int8, and what their scales are called in a file."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCALE = ".scale"
"""A quantised matrix called x has its scales in a vector called x.scale."""


def quantise_matrix(
    matrix: "NDArray[np.float32]",
) -> "tuple[NDArray[np.int8], NDArray[np.float32]]":
    """Return int8 values (rows, columns) and float32 scales (rows,).

    values · scale is nearest to `matrix`. A row is an output channel, or an entry of a table.
    """
    import numpy as np

    scale = np.maximum(np.abs(matrix).max(1) / np.float32(127), np.float32(1e-30))
    values = np.rint(matrix / scale[:, None]).astype(np.int8)
    return values, scale.astype(np.float32)

"""What an exact model needs of a machine: products of quantised rows, and the steps around them.

Two implementations give the same integers (see `constants`): compiled loops on NumPy arrays
(`backend_numba`), and PyTorch operations on any device (`backend_torch`). They differ in where
arrays live. Ints and Floats are their types of arrays.

Float arrays are float32. Rows are positions of a batch of streams: those of the first stream in
order, then those of the next.
"""

from abc import ABC, abstractmethod
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength.coding.range_coder import PRECISION
from codelength_exact.groups import Groups


class Array(Protocol):
    """An array whose first rows can be taken."""

    def __getitem__(self, rows: slice, /) -> Self:
        """Return some rows."""


Ints = TypeVar("Ints", bound=Array)
Floats = TypeVar("Floats", bound=Array)


Rows: TypeAlias = tuple[Ints, Floats]
"""Quantised rows: integers (rows, columns) int8 or, if they are wide, int16, and scales (rows,).

Row n is integers[n] · scales[n]. No integer has a magnitude above 127, or 32639. Plain tuples, as
`Product` is: a step of a small model takes 20 µs and has a dozen of each, and Numba finds the type
of a plain tuple faster than that of a NamedTuple."""

Product: TypeAlias = tuple[Ints, Floats, Floats, Floats]
"""Quantised rows times a matrix: integers, row_scales, channel_scales, bias.

The integers are (rows, outputs), int32 or in float32; row_scales are (rows,), channel_scales
and bias (outputs,). Output c of row n is
integers[n, c] · (row_scales[n] · channel_scales[c]) + bias[c].

The loop that reads a product does this multiplication too, so that it needs no pass of its own."""


class Matrix(ABC, Generic[Ints, Floats]):
    """int8 values (outputs, inputs), with a scale and a bias for each output."""

    @abstractmethod
    def times(self, rows: Rows[Ints, Floats]) -> Product[Ints, Floats]:
        """Return the product of quantised rows (rows, inputs) with this matrix, exact."""


class Backend(ABC, Generic[Ints, Floats]):
    """What every exact model needs. Models add their own steps."""

    @abstractmethod
    def floats(self, values: NDArray[np.float32]) -> Floats:
        """Return `values` where this backend computes."""

    @abstractmethod
    def matrix(
        self,
        values: NDArray[np.int8],
        scales: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
    ) -> Matrix[Ints, Floats]:
        """Return a matrix ready for products.

        Args:
            values: (outputs, inputs)
            scales: (outputs,)
            bias: (outputs,); zeros unless given.
        """

    @abstractmethod
    def grouped(
        self, groups: Groups, scales: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> Matrix[Ints, Floats]:
        """Return a matrix in groups ready for products; scales and bias are (outputs,)."""

    @abstractmethod
    def table(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> Rows[Ints, Floats]:
        """Return values (rows, columns) and scales (rows,), ready to be looked up."""

    @abstractmethod
    def look_up(self, table: Rows[Ints, Floats], rows: NDArray[np.int64]) -> Floats:
        """Return some rows of a table times their scales: (rows,) → (rows, columns)."""

    @abstractmethod
    def frequencies(
        self,
        logits: Product[Ints, Floats],
        escape: NDArray[np.int32],
        escapes: int,
        precision: int = PRECISION,
    ) -> NDArray[np.int32]:
        """Return (rows, outputs + escapes): positive, each row summing to less than 2^precision.

        Args:
            logits: (rows, outputs)
            escape: (rows,), the frequency of each escape, less one.
            escapes: How many escapes there are behind the outputs.
            precision: 24 or 31.
        """

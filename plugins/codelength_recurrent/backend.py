"""The steps of a recurrent model between its products.

Streams are sequences of bytes; a batch is some streams and some positions of each. Float arrays are
(rows, columns), a row for each position of the first stream, then of the next.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend import Backend, Floats, Ints, Product, Rows


@dataclass(frozen=True)
class NgramTables(Generic[Ints, Floats]):
    """One table for each of `orders`, under each other: what the input looks up for n-grams."""

    orders: NDArray[np.int64]
    rows: int
    """Rows of each table."""
    entries: Rows[Ints, Floats]
    """(orders · rows, columns)"""


class RecurrentBackend(Backend[Ints, Floats]):
    """What a quantised recurrent model needs besides products."""

    positions_at_once: ClassVar[int]
    """Positions, over all streams, that had best be computed at once."""

    @abstractmethod
    def look_up_ngrams(
        self, symbols: NDArray[np.int64], time: int, tables: NgramTables[Ints, Floats]
    ) -> Rows[Ints, Floats]:
        """Return what the tables hold for the last n symbols at the last `time` positions.

        Args:
            symbols: (streams, history − 1 + time): symbols plus one, zero for none.
            time: Positions of each stream.
            tables: The tables.

        Returns:
            (streams · time, orders · columns)
        """

    @abstractmethod
    def normalise(self, x: Floats) -> Rows[Ints, Floats]:
        """Return the RMS norm of x (rows, width)."""

    @abstractmethod
    def add_and_normalise(self, x: Floats, product: Product[Ints, Floats]) -> Rows[Ints, Floats]:
        """Add a product (rows, width) to x in place, and return the RMS norm of that."""

    @abstractmethod
    def advance_gated(
        self, product: Product[Ints, Floats], gate: Floats, carried: Floats, r: Floats
    ) -> Rows[Ints, Floats]:
        """Take the gated recurrence over all positions.

        Args:
            product: (rows, 6 · state): what z, b and g get from the current position, and then
                what it gives to the next one.
            gate: (state,)
            carried: (streams, 3 · state), what the position before gave; changed in place.
            r: (streams, state), the state; changed in place.

        Returns:
            r · silu(g): (rows, state)
        """

    @abstractmethod
    def square_relu(self, product: Product[Ints, Floats]) -> Rows[Ints, Floats]:
        """Return relu(x)² of a product (rows, hidden)."""

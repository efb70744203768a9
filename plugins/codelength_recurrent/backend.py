"""What the exact executor needs of a machine: products of quantised rows, and the steps between
them. Implementations give the same integers (see `fixed`); they differ in where arrays live."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Matrix:
    """int8 values in whatever form the arithmetic likes, and a float32 scale for each output."""

    values: Any
    channels: Any


@dataclass(frozen=True)
class Rows:
    """Quantised rows: integers of magnitude 127 at most, (rows, columns), and their scales."""

    q: Any
    s: Any


class Arithmetic(ABC):
    """Arrays are float32 and (rows, columns) where nothing else is said; rows are positions of a
    batch of streams, the positions of one stream together and in order."""

    together: ClassVar[int]
    """Positions, over all streams, that had best be computed at once."""

    @abstractmethod
    def array(self, values: NDArray[Any]) -> Any:
        """`values` where this arithmetic works."""

    @abstractmethod
    def matrix(self, values: NDArray[np.int8], scales: NDArray[np.float32]) -> Matrix:
        """From values (outputs, inputs) and scales (outputs,)."""

    @abstractmethod
    def product(self, rows: Rows, matrix: Matrix) -> Any:
        """The integers q · matrix (rows, outputs), in float32 or int32."""

    @abstractmethod
    def look_up(self, symbols: Any, time: int, tables: "Tables") -> Rows:
        """What the tables hold for the last n symbols at the last `time` positions of `symbols`
        (batch, history − 1 + time): symbols plus one, zero for none."""

    @abstractmethod
    def normalise(self, x: Any) -> Rows:
        """The RMS norm of x."""

    @abstractmethod
    def add_and_normalise(self, x: Any, product: Any, rows: Rows, matrix: Matrix) -> Rows:
        """Adds what `rows` gave in `matrix` to x in place; the RMS norm of that."""

    @abstractmethod
    def gated(
        self, product: Any, rows: Rows, matrix: Matrix, gate: Any, carried: Any, r: Any
    ) -> Rows:
        """The gated recurrence: `product` (rows, 6 · state) holds what z, b and g get from the
        current position and then what it gives to the next one. Changes `carried` (batch, 3 ·
        state), what the position before gave, and `r` (batch, state) in place."""

    @abstractmethod
    def squared(self, product: Any, rows: Rows, matrix: Matrix) -> Rows:
        """relu(x)² of what `rows` gave in `matrix`."""

    @abstractmethod
    def frequencies(self, product: Any, rows: Rows, matrix: Matrix, bias: Any) -> NDArray[np.int32]:
        """(rows, outputs): positive, each row summing to less than 2^24."""


@dataclass(frozen=True)
class Tables:
    """Tables of `rows` rows each, under each other, one for each of `orders`."""

    orders: NDArray[np.int64]
    rows: int
    values: Any
    scales: Any

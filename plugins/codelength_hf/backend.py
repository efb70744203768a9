"""What the exact transformer needs of a machine. Implementations give the same integers (see
`fixed`); they differ in where arrays live and in how products are made."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength_hf.architecture import Activation
from codelength_hf.weights import Quantised


@dataclass(frozen=True)
class Matrix:
    """int8 values in whatever form the arithmetic likes; a scale and a bias for each output."""

    values: Any
    channels: Any
    bias: Any


@dataclass(frozen=True)
class Table:
    """int8 rows, one for each token, and a scale for each."""

    rows: Any
    scales: Any


@dataclass(frozen=True)
class Rows:
    """Quantised rows: integers of magnitude 127 at most, (rows, columns), and their scales."""

    q: Any
    s: Any


@dataclass(frozen=True)
class Norm:
    """A norm's gain and bias, and what is added to the variance; an RMS norm is not centred."""

    gain: Any
    bias: Any
    epsilon: float
    centre: bool


@dataclass
class Cache:
    """What one layer remembers: int8 keys and values of each stream and key head, laid out as the
    arithmetic likes; their scales b and c, and v, the largest c so far (streams, key heads,
    window)."""

    keys: Any
    b: Any
    values: Any
    c: Any
    v: Any

    def keep(self, streams: int) -> None:
        """Forgets all but the first `streams`."""
        self.keys, self.values = self.keys[:streams], self.values[:streams]
        self.b, self.c, self.v = self.b[:streams], self.c[:streams], self.v[:streams]


@dataclass(frozen=True)
class Attention:
    """The constants of attention: heads, and the columns of each; cosines and sines (positions,
    half the rotated columns); what a query's scale is multiplied by; see `fixed` for the others."""

    heads: int
    columns: int
    cos: Any
    sin: Any
    by: np.float32
    share: np.float32
    units: np.float32


class Arithmetic(ABC):
    """Arrays are float32 and (rows, columns) where nothing else is said; rows are positions of a
    batch of streams, the positions of one stream together and in order."""

    @abstractmethod
    def array(self, values: NDArray[Any]) -> Any:
        """`values` where this arithmetic works."""

    @abstractmethod
    def matrix(self, weights: Quantised) -> Matrix:
        """`weights` ready for products."""

    @abstractmethod
    def table(self, weights: Quantised) -> Table:
        """`weights` ready to be looked up."""

    @abstractmethod
    def cache(self, streams: int, heads: int, window: int, columns: int) -> Cache:
        """Room for what one layer remembers."""

    @abstractmethod
    def look_up(self, table: Table, rows: NDArray[np.int64]) -> Any:
        """Rows of a table, multiplied by their scales."""

    @abstractmethod
    def product(self, rows: Rows, matrix: Matrix) -> Any:
        """The integers q · matrix (rows, outputs), in int32, or rounded to float32."""

    @abstractmethod
    def normalise(self, x: Any, norm: Norm) -> Rows:
        """The norm of x."""

    @abstractmethod
    def add(self, x: Any, product: Any, rows: Rows, matrix: Matrix) -> None:
        """Adds what `rows` gave in `matrix` to x, in place."""

    @abstractmethod
    def activate(
        self, kind: Activation, gated: bool, product: Any, rows: Rows, matrix: Matrix
    ) -> Rows:
        """The activation of what `rows` gave in `matrix`."""

    @abstractmethod
    def attend(
        self,
        attention: Attention,
        norm: Norm,
        product: Any,
        rows: Rows,
        matrix: Matrix,
        cache: Cache,
        at: int,
    ) -> Rows:
        """Attention of the positions from `at` on to those up to each, of the queries, keys and
        values that `rows` gave in `matrix`; keys and values go to the cache. `norm` is that of
        queries and keys, (2, columns), or of no rows for a model that has none."""

    @abstractmethod
    def frequencies(
        self, product: Any, rows: Rows, matrix: Matrix, escape: NDArray[np.int32], escapes: int
    ) -> NDArray[np.int32]:
        """(rows, outputs + escapes): positive, each row summing to less than 2^24. `escape` (rows,)
        is the frequency of each of the escapes, less one."""

"""The steps of a transformer between its products.

Float arrays are (rows, columns), a row for each position of the first stream, then of the next.
"""

from abc import abstractmethod
from typing import Generic, NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend import Backend, Floats, Ints, Product, Rows
from codelength_hf.architecture import Activation


class Norm(NamedTuple, Generic[Floats]):
    """A norm of rows, or norms of queries and keys."""

    gain: Floats
    """(columns,) or (norms, columns)"""
    bias: Floats
    """As gain."""
    epsilon: float
    """Is added to the variance."""
    centred: bool
    """The mean is taken away: a layer norm. Else an RMS norm."""


class Cache(NamedTuple, Generic[Ints, Floats]):
    """What one layer remembers of some streams.

    Keys and values are int8, laid out as the backend likes. The scales are (streams, key heads,
    window).
    """

    keys: Ints
    key_scales: Floats
    values: Ints
    value_scales: Floats
    largest_scales: Floats
    """The largest of the value scales so far."""

    def keep(self, streams: int) -> "Cache[Ints, Floats]":
        """Return what it remembers of the first `streams`."""
        first = slice(streams)
        return Cache(
            self.keys[first],
            self.key_scales[first],
            self.values[first],
            self.value_scales[first],
            self.largest_scales[first],
        )


class Attention(NamedTuple, Generic[Floats]):
    """The constants of attention of a layer (see `constants`)."""

    heads: int
    head_dim: int
    cos: Floats
    """(positions, half the rotated columns)"""
    sin: Floats
    """As cos."""
    bias: Floats
    """(heads, positions): what is added to scores, in exponents of 2; no rows for nothing."""
    query_factor: np.float32
    """log2 e / √head_dim, which scales of queries are multiplied by."""
    share: np.float32
    """What the weights of attention sum to."""
    units: np.float32
    """What exp2 is counted in."""
    window: int
    """The positions that a query sees, its own among them."""
    cap: np.float32
    """Where scores end, in exponents of 2; 0 for nowhere."""
    clip: np.float32
    """The largest magnitude of queries, keys and values; 0 for any."""
    whole_norms: bool
    """Norms of queries and keys take all heads together."""
    norms_last: bool
    """They come after the rotation."""


class TransformerBackend(Backend[Ints, Floats]):
    """What a quantised transformer needs besides products."""

    @abstractmethod
    def cache(
        self, streams: int, key_heads: int, window: int, head_dim: int
    ) -> Cache[Ints, Floats]:
        """Return room for what one layer remembers."""

    @abstractmethod
    def add_positions(self, x: Floats, positions: Floats, start: int, time: int) -> Floats:
        """Return x (streams · time, width) plus learned positions (context, width) from `start`."""

    @abstractmethod
    def normalise(self, x: Floats, norm: Norm[Floats]) -> Rows[Ints, Floats]:
        """Return the norm of x (rows, columns)."""

    @abstractmethod
    def quantise(self, x: Floats) -> Rows[Ints, Floats]:
        """Return x (rows, columns) in int8."""

    @abstractmethod
    def normed(self, x: Floats, norm: Norm[Floats]) -> Floats:
        """Return the norm of x (rows, columns) in floats."""

    @abstractmethod
    def to_floats(self, product: Product[Ints, Floats]) -> Floats:
        """Return what a product stands for."""

    @abstractmethod
    def add(self, x: Floats, product: Product[Ints, Floats]) -> None:
        """Add a product to x (rows, width) in place."""

    @abstractmethod
    def cap(self, product: Product[Ints, Floats], most: float) -> Product[Ints, Floats]:
        """Return most · tanh(product / most)."""

    @abstractmethod
    def sigmoid(self, product: Product[Ints, Floats]) -> Floats:
        """Return 1 / (1 + e^−product)."""

    @abstractmethod
    def route(
        self, product: Product[Ints, Floats], chosen: int, normalised: bool
    ) -> tuple[NDArray[np.int64], Floats]:
        """Choose experts for each row.

        Args:
            product: (rows, experts), their logits.
            chosen: How many are chosen.
            normalised: Whether their weights sum to one; else those of all experts do.

        Returns:
            The experts (rows, chosen), the likeliest first and of equals the first, and their
            weights.
        """

    @abstractmethod
    def take(self, rows: Rows[Ints, Floats], at: NDArray[np.int64]) -> Rows[Ints, Floats]:
        """Return some rows."""

    @abstractmethod
    def put(
        self, out: Floats, at: NDArray[np.int64], rank: NDArray[np.int64], values: Floats
    ) -> None:
        """Write values (count, columns) to out[at, rank]. Out is (rows, chosen, columns)."""

    @abstractmethod
    def plus(self, x: Floats, y: Floats) -> Floats:
        """Return x + y."""

    @abstractmethod
    def times(self, x: Floats, y: Floats) -> Floats:
        """Return x (rows, columns) times y (rows, 1)."""

    @abstractmethod
    def weighted_sum(self, parts: Floats, weights: Floats) -> Floats:
        """Return the sum of parts (rows, chosen, columns), each times its weight (rows, chosen).

        The first part is added to the second, then the third to that, and so on.
        """

    @abstractmethod
    def empty(self, *shape: int) -> Floats:
        """Return room for floats."""

    @abstractmethod
    def activate(
        self, kind: Activation, gated: bool, product: Product[Ints, Floats]
    ) -> Rows[Ints, Floats]:
        """Return the activation of a product (rows, hidden).

        A gated one is (rows, 2 · hidden): the activation of its first half, times the second.
        """

    @abstractmethod
    def attend(
        self,
        attention: Attention[Floats],
        norm: Norm[Floats],
        qkv: Product[Ints, Floats],
        cache: Cache[Ints, Floats],
        start: int,
    ) -> Rows[Ints, Floats]:
        """Return the attention of each position to those up to it.

        Args:
            attention: The constants.
            norm: The norms of each head of queries and of keys (heads + key_heads, head_dim);
                (0, head_dim) for a model that has none.
            qkv: (streams · time, (heads + 2 · key_heads) · head_dim): queries, keys and values of
                the positions from `start` on.
            cache: Keys and values of the positions before; those of the new ones are added.
            start: The first new position.

        Returns:
            (streams · time, heads · head_dim)
        """

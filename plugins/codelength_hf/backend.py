"""The steps of a transformer between its products.

Float arrays are (rows, columns), a row for each position of the first stream, then of the next.
"""

from abc import abstractmethod
from typing import Generic, NamedTuple

import numpy as np

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
    """The constants of attention (see `constants`)."""

    heads: int
    head_dim: int
    cos: Floats
    """(positions, half the rotated columns)"""
    sin: Floats
    """As cos."""
    query_factor: np.float32
    """log2 e / √head_dim, which scales of queries are multiplied by."""
    share: np.float32
    """What the weights of attention sum to."""
    units: np.float32
    """What exp2 is counted in."""


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
    def add(self, x: Floats, product: Product[Ints, Floats]) -> None:
        """Add a product to x (rows, width) in place."""

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
            norm: The norms of queries and of keys (2, head_dim); (0, head_dim) for a model that
                has none.
            qkv: (streams · time, (heads + 2 · key_heads) · head_dim): queries, keys and values of
                the positions from `start` on.
            cache: Keys and values of the positions before; those of the new ones are added.
            start: The first new position.

        Returns:
            (streams · time, heads · head_dim)
        """

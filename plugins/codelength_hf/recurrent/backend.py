"""The steps of a recurrent model between its products.

Float arrays are (rows, columns), a row for each position of the first stream, then of the next.
States are changed in place; their first axis is the streams.
"""

from abc import abstractmethod
from typing import Generic, NamedTuple

import numpy as np

from codelength_exact.backend import Floats, Ints
from codelength_hf.backend import Norm, TransformerBackend

NOWHERE = np.float32(-1e30)
"""An exponent of 2 below all others."""

LOWEST_DECAY = np.float32(-0.6065306597126334 / 0.6931471805599453)
"""−e^−1/2, as an exponent of 2: what RWKV-7 multiplies the sigmoid of a decay by."""

SMALL_LENGTH = 1e-24
"""The square of the least length that RWKV-7 divides a key by."""


class Scan(NamedTuple, Generic[Floats]):
    """What Mamba's scan reads, for each position."""

    x: Floats
    """(rows, inner): the input."""
    steps: Floats
    """(rows, inner): before softplus."""
    b: Floats
    """(rows, state): how the input is written to the state."""
    c: Floats
    """(rows, state): how the state is read."""
    gate: Floats
    """(rows, inner)"""


class HeadScan(NamedTuple, Generic[Floats]):
    """What Mamba-2's scan takes besides rows."""

    a: Floats
    """(heads,): decays, as exponents of 2 for a step of 1."""
    d: Floats
    """(heads,)"""
    bias: Floats
    """(heads,): of the steps."""
    low: np.float32
    high: np.float32
    """Bounds of the steps."""
    groups: int


class Delta(NamedTuple, Generic[Floats]):
    """What RWKV-7's rule reads for each position: all (rows, width)."""

    r: Floats
    w: Floats
    """Decays, before the sigmoid."""
    k: Floats
    v: Floats
    a: Floats
    """How much of what a key stood for is replaced, before the sigmoid."""
    g: Floats
    """What the output is multiplied by."""


class DeltaVectors(NamedTuple, Generic[Floats]):
    """The parameters of RWKV-7's rule, all (width,)."""

    k_k: Floats
    k_a: Floats
    r_k: Floats


class RecurrentBackend(TransformerBackend[Ints, Floats]):
    """What a recurrent model needs besides what a transformer does."""

    @abstractmethod
    def full(self, value: np.float32, *shape: int) -> Floats:
        """Return an array of one value."""

    @abstractmethod
    def bytes_of(self, x: Floats) -> int:
        """Return the bytes of an array."""

    @abstractmethod
    def columns(self, x: Floats, start: int, stop: int) -> Floats:
        """Return some columns of x (rows, columns)."""

    @abstractmethod
    def mixed(self, x: Floats, mixes: Floats, last: Floats) -> list[Floats]:
        """Return x + (the position before − x) · mix, for each of mixes (count, columns).

        Args:
            x: (rows, columns)
            mixes: The share of the position before.
            last: (streams, columns), the last position; becomes that of x.
        """

    @abstractmethod
    def blended(self, x: Floats, y: Floats, share: Floats) -> Floats:
        """Return x + (y − x) · sigmoid(share)."""

    @abstractmethod
    def convolved(
        self, x: Floats, start: int, taps: Floats, bias: Floats, before: Floats
    ) -> Floats:
        """Return the SiLU of a causal convolution of each column of x from `start` on.

        Args:
            x: (rows, at least start + columns)
            start: The first column.
            taps: (kernel, columns), the oldest position first.
            bias: (columns,)
            before: (streams, kernel − 1, columns), the last positions; become those of x.

        Returns:
            (rows, columns)
        """

    @abstractmethod
    def scanned(
        self, scan: Scan[Floats], a: Floats, d: Floats, gain: Floats, state: Floats
    ) -> Floats:
        """Return (Mamba's scan + d · x) · silu(gate) · gain.

        Args:
            scan: What it reads.
            a: (state, inner): decays, as exponents of 2 for a step of 1.
            d: (inner,)
            gain: (inner,)
            state: (streams, state, inner)

        Returns:
            (rows, inner)
        """

    @abstractmethod
    def heads_scanned(
        self,
        x: Floats,
        projected: Floats,
        scan: HeadScan[Floats],
        norm: Norm[Floats],
        state: Floats,
    ) -> Floats:
        """Return the norm of (Mamba-2's scan + d · x) · silu(gate).

        Args:
            x: (rows, inner + 2 · groups · state): the input, how it is written, how it is read.
            projected: (rows, …): the gate in its first columns, the steps in its last.
            scan: Parameters.
            norm: Of the columns of each group.
            state: (streams, heads, state, columns of a head)

        Returns:
            (rows, inner)
        """

    @abstractmethod
    def averaged(
        self,
        r: Floats,
        k: Floats,
        v: Floats,
        decay: Floats,
        first: Floats,
        sums: Floats,
        largest: Floats,
    ) -> Floats:
        """Return sigmoid(r) times RWKV-4's mean of values, weighted by e^key and by age.

        Args:
            r: (rows, columns)
            k: (rows, columns)
            v: (rows, columns)
            decay: (columns,), an exponent of 2 for each position.
            first: (columns,), the same for the position itself.
            sums: (streams, 2, columns): numerator and denominator,
            largest: (streams, columns): times two to the power of this.
        """

    @abstractmethod
    def delta(
        self, delta: Delta[Floats], vectors: DeltaVectors[Floats], norm: Norm[Floats], state: Floats
    ) -> Floats:
        """Return what RWKV-7's rule reads of its matrices.

        A position's value is stored under its key, and what was there is taken away.

        Args:
            delta: What it reads.
            vectors: Parameters.
            norm: Of the columns of each head.
            state: (streams, heads, columns of keys, columns of values)

        Returns:
            (rows, width)
        """

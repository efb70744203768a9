"""What quantised models of tokens have in common: the table of tokens, and the head."""

from functools import cached_property
from typing import Generic, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from codelength.coding.range_coder import PRECISION
from codelength_exact.backend import Backend, Floats, Ints, Matrix, Product, Rows
from codelength_exact.backend_numba import NumbaGroups, NumbaMatrix
from codelength_hf.backend import Norm, TransformerBackend
from codelength_hf.weights import ByteMatrix, GroupedMatrix, QuantizedMatrix, Vectors


class Shape(Protocol):
    """What a config says of these parts."""

    @property
    def vocabulary(self) -> int:
        """Return the number of tokens."""

    @property
    def begin(self) -> int:
        """Return the token in front of the first one."""

    @property
    def norm(self) -> Literal["layer", "rms"]:
        """Return the kind of all norms."""

    @property
    def epsilon(self) -> float:
        """And what they add to a variance."""


class Ends(Protocol):
    """The weights of these parts."""

    @property
    def shape(self) -> Shape:
        """Return what the config says."""

    @property
    def tokens(self) -> ByteMatrix:
        """Return the table (vocabulary, columns)."""

    @property
    def token_norm(self) -> Vectors | None:
        """Return the norm of what is looked up."""

    @property
    def last_norm(self) -> Vectors | None:
        """Return the norm in front of the head."""

    @property
    def head(self) -> QuantizedMatrix:
        """And the head (vocabulary, columns)."""

    @property
    def size(self) -> int:
        """Return the bytes of all weights."""


class QuantizedModel(Generic[Ints, Floats]):
    """The parts before and behind the layers.

    `alphabet` says how many of the outputs count, where that is not all of them.
    """

    def __init__(
        self,
        weights: Ends,
        window: int,
        backend: TransformerBackend[Ints, Floats],
        alphabet: int | None,
    ) -> None:
        shape = weights.shape
        self.window = window
        self.begin_token = shape.begin
        self.size = weights.size
        self._epsilon, self._is_centred = shape.epsilon, shape.norm == "layer"
        self._backend = backend
        self._tokens = backend.table(weights.tokens.values, weights.tokens.scales)
        self._token_norm = self._norm(weights.token_norm)
        self._last_norm = self._norm(weights.last_norm)
        self.outputs = shape.vocabulary if alphabet is None else alphabet
        self._head = self._matrix(weights.head.first(self.outputs))

    def _matrix(self, matrix: QuantizedMatrix) -> Matrix[Ints, Floats]:
        return ready(self._backend, matrix)

    def _norm(self, vectors: Vectors | None) -> Norm[Floats] | None:
        if vectors is None:
            return None
        floats = self._backend.floats
        return Norm(floats(vectors.gain), floats(vectors.bias), self._epsilon, self._is_centred)

    def _looked_up(self, tokens: NDArray[np.integer]) -> Floats:
        """Return the embeddings of tokens (streams, time): (streams · time, columns)."""
        at = tokens.reshape(-1).astype(np.int64, copy=False)
        return self._backend.look_up(self._tokens, at)

    def _rows(self, x: Floats, norm: Norm[Floats] | None) -> Rows[Ints, Floats]:
        """Return x (rows, width) quantised, after a norm if there is one."""
        return self._backend.quantise(x) if norm is None else self._backend.normalise(x, norm)

    def _logits(self, rows: Rows[Ints, Floats]) -> Product[Ints, Floats]:
        return self._head.times(rows)

    @cached_property
    def head_rows(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Return the head's values (outputs, width) and scales (outputs,), on a CPU."""
        if isinstance(self._head, NumbaGroups):
            return self._head.unpacked()
        assert isinstance(self._head, NumbaMatrix)
        return self._head.unpacked(), self._head.channel_scales

    def quantise(self, x: Floats) -> Rows[Ints, Floats]:
        """Return x (rows, width) quantised."""
        return self._backend.quantise(x)

    def frequencies(
        self,
        rows: Rows[Ints, Floats],
        escape: NDArray[np.int32],
        escapes: int = 0,
        precision: int = PRECISION,
    ) -> NDArray[np.int32]:
        """Return (rows, outputs + escapes): positive, each row summing to less than 2^precision.

        Args:
            rows: Some rows that `run` gave.
            escape: (rows,), the frequency of each of the escapes, less one.
            escapes: How many there are.
            precision: 24 or 31.
        """
        return self._backend.frequencies(self._logits(rows), escape, escapes, precision)


def ready(backend: Backend[Ints, Floats], matrix: QuantizedMatrix) -> Matrix[Ints, Floats]:
    """Return a matrix ready for products."""
    if isinstance(matrix, GroupedMatrix):
        return backend.grouped(matrix.groups, matrix.scales, matrix.bias)
    assert isinstance(matrix, ByteMatrix)
    return backend.matrix(matrix.values, matrix.scales, matrix.bias)

"""A quantised decoder-only transformer: the same integers for the same tokens.

They depend neither on the batch nor on the number of positions at a time, the threads or the
device. There is one way to run the model: some streams, some positions each. All positions of a
known sequence and one step of an unknown one differ only in how many positions they take at a time.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength_exact.backend import Floats, Ints, Matrix, Rows
from codelength_hf.architecture import Architecture
from codelength_hf.backend import Attention, Cache, Norm, TransformerBackend
from codelength_hf.constants import share, units
from codelength_hf.positions import rotary_table
from codelength_hf.weights import Block, QuantizedMatrix, Vectors, Weights


@dataclass
class TransformerState(Generic[Ints, Floats]):
    """What streams remember: `at` positions, for each layer."""

    caches: list[Cache[Ints, Floats]]
    at: int = 0

    def keep(self, streams: int) -> None:
        """Forget all but the first `streams`."""
        self.caches = [cache.keep(streams) for cache in self.caches]


@dataclass(frozen=True)
class _Layer(Generic[Ints, Floats]):
    attention_norm: Norm[Floats]
    qkv: Matrix[Ints, Floats]
    qk_norms: Norm[Floats]
    out: Matrix[Ints, Floats]
    mlp_norm: Norm[Floats]
    up: Matrix[Ints, Floats]
    down: Matrix[Ints, Floats]


class QuantizedTransformer(Generic[Ints, Floats]):
    """A transformer ready to run, on sequences of `window` positions at most.

    `alphabet` says how many of its outputs count, where that is not all of them.
    """

    def __init__(
        self,
        weights: Weights,
        window: int,
        backend: TransformerBackend[Ints, Floats],
        alphabet: int | None = None,
    ) -> None:
        self.shape: Architecture = weights.architecture
        self.window = window
        self.begin_token = self.shape.begin
        self.size = weights.size
        cached = self.shape.layers * self.shape.key_heads * window
        self.remembers = cached * (2 * self.shape.head_dim + 3 * 4)
        self._backend = backend
        self._tokens = backend.table(weights.tokens.values, weights.tokens.scales)
        positions = weights.positions
        self._positions = None if positions is None else backend.floats(positions)
        self._layers = [self._layer(block) for block in weights.blocks]
        self._last_norm = self._norm(weights.last_norm)
        self.outputs = self.shape.vocabulary if alphabet is None else alphabet
        self._head = self._matrix(weights.head.first(self.outputs))
        self._attention = self._constants()

    def _layer(self, block: Block[QuantizedMatrix]) -> _Layer[Ints, Floats]:
        return _Layer(
            self._norm(block.attention_norm),
            self._matrix(block.qkv),
            self._norm(block.qk_norms),
            self._matrix(block.out),
            self._norm(block.mlp_norm),
            self._matrix(block.up),
            self._matrix(block.down),
        )

    def _matrix(self, matrix: QuantizedMatrix) -> Matrix[Ints, Floats]:
        return self._backend.matrix(matrix.values, matrix.scales, matrix.bias)

    def _norm(self, vectors: Vectors) -> Norm[Floats]:
        floats, shape = self._backend.floats, self.shape
        is_centred = shape.norm == "layer"
        return Norm(floats(vectors.gain), floats(vectors.bias), shape.epsilon, is_centred)

    def _constants(self) -> Attention[Floats]:
        shape, window = self.shape, self.window
        if shape.rotary is None:
            cos = sin = np.empty((window, 0), np.float32)
        else:
            cos, sin = rotary_table(shape.rotary, window)
        floats = self._backend.floats
        return Attention(
            shape.heads,
            shape.head_dim,
            floats(cos),
            floats(sin),
            np.float32(1 / (Decimal(2).ln() * Decimal(shape.head_dim).sqrt())),
            share(window),
            units(window),
        )

    def begin(self, streams: int, longest: int | None = None) -> TransformerState[Ints, Floats]:
        """Return `streams` sequences at their beginning, with room for `longest` positions."""
        shape = self.shape
        sizes = streams, shape.key_heads, longest or self.window, shape.head_dim
        return TransformerState([self._backend.cache(*sizes) for _ in self._layers])

    def run(
        self, state: TransformerState[Ints, Floats], tokens: NDArray[np.integer]
    ) -> Rows[Ints, Floats]:
        """Take in tokens, and return what the head takes.

        Args:
            state: What the streams remember; it is brought forward.
            tokens: (streams, time), each stream's next ones.

        Returns:
            (streams · time, width): the positions of the first stream, then of the next.
        """
        backend, time = self._backend, tokens.shape[1]
        x = backend.look_up(self._tokens, tokens.reshape(-1).astype(np.int64, copy=False))
        if self._positions is not None:
            x = backend.add_positions(x, self._positions, state.at, time)
        for layer, cache in zip(self._layers, state.caches, strict=True):
            self._advance(x, layer, cache, state.at)
        state.at += time
        return backend.normalise(x, self._last_norm)

    def _advance(
        self, x: Floats, layer: _Layer[Ints, Floats], cache: Cache[Ints, Floats], start: int
    ) -> None:
        """Add to x (streams · time, width), in place, what one layer makes of it."""
        backend, shape = self._backend, self.shape
        rows = backend.normalise(x, layer.attention_norm)
        # a parallel MLP reads what attention read, not what it added
        ahead = backend.normalise(x, layer.mlp_norm) if shape.parallel else None
        qkv = layer.qkv.times(rows)  # (streams · time, (heads + 2 · key_heads) · head_dim)
        rows = backend.attend(self._attention, layer.qk_norms, qkv, cache, start)
        backend.add(x, layer.out.times(rows))
        rows = ahead or backend.normalise(x, layer.mlp_norm)
        hidden = layer.up.times(rows)  # (streams · time, hidden or 2 · hidden)
        rows = backend.activate(shape.activation, shape.gated, hidden)
        backend.add(x, layer.down.times(rows))

    def frequencies(
        self, rows: Rows[Ints, Floats], escape: NDArray[np.int32], escapes: int = 0
    ) -> NDArray[np.int32]:
        """Return (rows, outputs + escapes): positive, each row summing to less than 2^24.

        Args:
            rows: Some rows that `run` gave.
            escape: (rows,), the frequency of each of the escapes, less one.
            escapes: How many there are.
        """
        return self._backend.frequencies(self._head.times(rows), escape, escapes)


AnyQuantizedTransformer: TypeAlias = QuantizedTransformer[Any, Any]
"""A model on whichever backend."""

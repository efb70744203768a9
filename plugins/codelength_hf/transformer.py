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

from codelength_exact.backend import Floats, Ints, Matrix, Product, Rows
from codelength_hf.architecture import Architecture, Attending
from codelength_hf.backend import Attention, Cache, Norm, TransformerBackend
from codelength_hf.constants import share, units
from codelength_hf.positions import bias_table, rotary_table
from codelength_hf.quantized_model import QuantizedModel
from codelength_hf.weights import Block, Experts, Mlp, QuantizedMatrix, Vectors, Weights


@dataclass
class TransformerState(Generic[Ints, Floats]):
    """What streams remember: `at` positions of at most `room`, for each layer."""

    caches: list[Cache[Ints, Floats]]
    room: int
    at: int = 0

    def keep(self, streams: int) -> None:
        """Forget all but the first `streams`."""
        self.caches = [cache.keep(streams) for cache in self.caches]


@dataclass(frozen=True)
class _Mlp(Generic[Ints, Floats]):
    up: Matrix[Ints, Floats]
    down: Matrix[Ints, Floats]


@dataclass(frozen=True)
class _Experts(Generic[Ints, Floats]):
    router: Matrix[Ints, Floats]
    mlps: list[_Mlp[Ints, Floats]]
    shared: _Mlp[Ints, Floats] | None
    shared_gate: Matrix[Ints, Floats] | None


@dataclass(frozen=True)
class _Layer(Generic[Ints, Floats]):
    attention: Attention[Floats]
    attention_norm: Norm[Floats] | None
    qkv: Matrix[Ints, Floats]
    qk_norms: Norm[Floats]
    out: Matrix[Ints, Floats]
    attention_post: Norm[Floats] | None
    mlp_norm: Norm[Floats] | None
    mlp: _Mlp[Ints, Floats] | _Experts[Ints, Floats]
    mlp_post: Norm[Floats] | None


class QuantizedTransformer(QuantizedModel[Ints, Floats]):
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
        super().__init__(weights, window, backend, alphabet)
        self.shape: Architecture = weights.shape
        positions = weights.positions
        self._positions = None if positions is None else backend.floats(positions)
        self._project_in = self._matrix_if(weights.project_in)
        attending = self.shape.attending
        kinds = [kind for i, kind in enumerate(attending) if kind not in attending[:i]]
        constants = [self._constants(kind) for kind in kinds]
        self._layers = [
            self._layer(block, constants[kinds.index(kind)])
            for block, kind in zip(weights.blocks, attending, strict=True)
        ]
        self._project_out = self._matrix_if(weights.project_out)

    def _layer(
        self, block: Block[QuantizedMatrix], attention: Attention[Floats]
    ) -> _Layer[Ints, Floats]:
        mlp = block.mlp
        return _Layer(
            attention=attention,
            attention_norm=self._norm(block.attention_norm),
            qkv=self._matrix(block.qkv),
            qk_norms=self._head_norms(block.qk_norms),
            out=self._matrix(block.out),
            attention_post=self._norm(block.attention_post),
            mlp_norm=self._norm(block.mlp_norm),
            mlp=self._mlp(mlp) if isinstance(mlp, Mlp) else self._experts(mlp),
            mlp_post=self._norm(block.mlp_post),
        )

    def _experts(self, experts: Experts[QuantizedMatrix]) -> _Experts[Ints, Floats]:
        return _Experts(
            self._matrix(experts.router),
            [self._mlp(mlp) for mlp in experts.mlps],
            None if experts.shared is None else self._mlp(experts.shared),
            self._matrix_if(experts.shared_gate),
        )

    def _mlp(self, mlp: Mlp[QuantizedMatrix]) -> _Mlp[Ints, Floats]:
        return _Mlp(self._matrix(mlp.up), self._matrix(mlp.down))

    def _matrix_if(self, matrix: QuantizedMatrix | None) -> Matrix[Ints, Floats] | None:
        return None if matrix is None else self._matrix(matrix)

    def _head_norms(self, vectors: Vectors) -> Norm[Floats]:
        """Return norms of each head of queries and of keys."""
        heads, key_heads = self.shape.heads, self.shape.key_heads
        gain, bias = vectors.gain, vectors.bias
        if len(gain) == 2 and heads + key_heads > 2:
            gain, bias = (np.repeat(rows, (heads, key_heads), 0) for rows in (gain, bias))
        norm = self._norm(Vectors(gain, bias))
        assert norm is not None
        return norm

    def _constants(self, kind: Attending) -> Attention[Floats]:
        shape, window = self.shape, self.window
        if kind.rotary is None:
            cos = sin = np.empty((window, 0), np.float32)
        else:
            cos, sin = rotary_table(kind.rotary, window)
        floats, log2 = self._backend.floats, Decimal(2).ln()
        factor = 1 / (log2 * Decimal(shape.head_dim).sqrt())
        if kind.scale is not None:
            factor = Decimal(kind.scale) / log2
        return Attention(
            heads=shape.heads,
            head_dim=shape.head_dim,
            cos=floats(cos),
            sin=floats(sin),
            bias=floats(bias_table(shape, window)),
            query_factor=np.float32(factor),
            share=share(window),
            units=units(window),
            window=window if kind.window is None else min(kind.window, window),
            cap=np.float32(Decimal(shape.score_cap or 0) / log2),
            clip=np.float32(shape.clip or 0),
            whole_norms=shape.qk_norms == "row",
            norms_last=shape.qk_norms_last,
        )

    def remembers(self, longest: int) -> int:
        """Return the bytes of memory of a stream of `longest` positions, or nearly."""
        shape = self.shape
        cached = shape.layers * shape.key_heads * min(longest, self.window)
        return cached * (2 * shape.head_dim + 3 * 4)

    def begin(self, streams: int, longest: int | None = None) -> TransformerState[Ints, Floats]:
        """Return `streams` sequences at their beginning, with room for `longest` positions."""
        shape = self.shape
        room = longest or self.window
        sizes = streams, shape.key_heads, room, shape.head_dim
        return TransformerState([self._backend.cache(*sizes) for _ in self._layers], room)

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
        if state.at + time > state.room:
            raise IndexError(f"position {state.at + time} of streams with {state.room}")
        x = self._looked_up(tokens)
        if self._project_in is not None:
            x = backend.to_floats(self._project_in.times(backend.quantise(x)))
        if self._positions is not None:
            x = backend.add_positions(x, self._positions, state.at, time)
        if self._token_norm is not None:
            x = backend.normed(x, self._token_norm)
        for layer, cache in zip(self._layers, state.caches, strict=True):
            x = self._advance(x, layer, cache, state.at)
        state.at += time
        rows = self._rows(x, self._last_norm)
        if self._project_out is not None:
            rows = backend.quantise(backend.to_floats(self._project_out.times(rows)))
        return rows

    def _advance(
        self, x: Floats, layer: _Layer[Ints, Floats], cache: Cache[Ints, Floats], start: int
    ) -> Floats:
        """Return x (streams · time, width), which is changed, with what one layer makes of it."""
        backend, shape = self._backend, self.shape
        rows = self._rows(x, layer.attention_norm)
        ahead = None
        if shape.parallel:  # a parallel MLP reads what attention read, not what it added
            ahead = rows if layer.mlp_norm is None else backend.normalise(x, layer.mlp_norm)
        qkv = layer.qkv.times(rows)  # (streams · time, (heads + 2 · key_heads) · head_dim)
        rows = backend.attend(layer.attention, layer.qk_norms, qkv, cache, start)
        x = self._add(x, layer.out.times(rows), layer.attention_post)
        rows = ahead or self._rows(x, layer.mlp_norm)
        if isinstance(layer.mlp, _Experts):
            return self._add_experts(x, layer.mlp, rows)
        return self._add(x, self._through(layer.mlp, rows), layer.mlp_post)

    def _through(self, mlp: _Mlp[Ints, Floats], rows: Rows[Ints, Floats]) -> Product[Ints, Floats]:
        hidden = mlp.up.times(rows)  # (rows, hidden or 2 · hidden)
        shape = self.shape
        return mlp.down.times(self._backend.activate(shape.activation, shape.gated, hidden))

    def _add(self, x: Floats, product: Product[Ints, Floats], post: Norm[Floats] | None) -> Floats:
        """Return x plus a product; a norm takes the product, or the sum."""
        backend = self._backend
        if post is None:
            backend.add(x, product)
            return x
        if self.shape.norm_sum:
            backend.add(x, product)
            return backend.normed(x, post)
        return backend.plus(x, backend.normed(backend.to_floats(product), post))

    def _add_experts(
        self, x: Floats, experts: _Experts[Ints, Floats], rows: Rows[Ints, Floats]
    ) -> Floats:
        """Return x plus what the experts of each row give.

        The sum is in the order of their ranks, so it does not depend on the other rows.
        """
        backend, said = self._backend, self.shape.experts
        assert said is not None
        logits = experts.router.times(rows)
        chosen, weights = backend.route(logits, said.chosen, said.normalised)
        parts = backend.empty(len(chosen), said.chosen, self.shape.width)
        for expert, mlp in enumerate(experts.mlps):
            at, rank = np.nonzero(chosen == expert)
            if len(at):
                product = self._through(mlp, backend.take(rows, at))
                backend.put(parts, at, rank, backend.to_floats(product))
        x = backend.plus(x, backend.weighted_sum(parts, weights))
        if experts.shared is None or experts.shared_gate is None:
            return x
        gate = backend.sigmoid(experts.shared_gate.times(rows))
        shared = backend.to_floats(self._through(experts.shared, rows))
        return backend.plus(x, backend.times(shared, gate))

    def _logits(self, rows: Rows[Ints, Floats]) -> Product[Ints, Floats]:
        logits, most = super()._logits(rows), self.shape.logit_cap
        return logits if most is None else self._backend.cap(logits, most)


AnyQuantizedTransformer: TypeAlias = QuantizedTransformer[Any, Any]
"""A model on whichever backend."""

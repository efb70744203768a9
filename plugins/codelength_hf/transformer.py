"""A decoder-only transformer in exact arithmetic: the same integers for the same tokens, whatever
the batch, the number of positions at a time, the threads or the device.

There is one way to run it: some streams, some positions each. All positions of a known sequence and
one step of an unknown one differ only in how many positions they take at a time.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength_hf.architecture import Architecture
from codelength_hf.backend import Arithmetic, Attention, Cache, Matrix, Norm, Rows
from codelength_hf.constants import share, units
from codelength_hf.positions import rotary_table
from codelength_hf.weights import Block, Vectors, Weights


@dataclass
class State:
    """What streams remember: `at` positions, for each layer."""

    caches: list[Cache]
    at: int = 0

    def keep(self, streams: int) -> None:
        """Forgets all but the first `streams`."""
        for cache in self.caches:
            cache.keep(streams)


@dataclass(frozen=True)
class _Layer:
    before_attention: Norm
    mix: Matrix
    heads: Norm
    out: Matrix
    before_perceptron: Norm
    up: Matrix
    down: Matrix


class Exact:
    """A model ready to run, on sequences of `window` positions at most. `alphabet` says how many of
    its outputs count, where that is not all of them."""

    def __init__(
        self,
        weights: Weights,
        window: int,
        arithmetic: Arithmetic,
        alphabet: int | None = None,
    ) -> None:
        self.shape: Architecture = weights.architecture
        self.window = window
        self.begin_token = self.shape.begin
        self.size = weights.size
        cached = self.shape.layers * self.shape.key_heads * window
        self.remembers = cached * (2 * self.shape.head_width + 3 * 4)
        self._with = arithmetic
        self._tokens = arithmetic.table(weights.tokens)
        self._positions = None if weights.positions is None else arithmetic.array(weights.positions)
        self._layers = [self._layer(block) for block in weights.blocks]
        self._last = self._norm(weights.last)
        self.outputs = self.shape.vocabulary if alphabet is None else alphabet
        self._head = arithmetic.matrix(weights.head.first(self.outputs))
        self._attention = self._constants()

    def _layer(self, block: Block) -> _Layer:
        matrix = self._with.matrix
        return _Layer(
            self._norm(block.before_attention),
            matrix(block.mix),
            self._norm(block.heads),
            matrix(block.out),
            self._norm(block.before_perceptron),
            matrix(block.up),
            matrix(block.down),
        )

    def _norm(self, vectors: Vectors) -> Norm:
        array, shape = self._with.array, self.shape
        centre = shape.norm == "layer"
        return Norm(array(vectors.gain), array(vectors.bias), shape.epsilon, centre)

    def _constants(self) -> Attention:
        shape, window = self.shape, self.window
        if shape.rotary is None:
            cos = sin = np.empty((window, 0), np.float32)
        else:
            cos, sin = rotary_table(shape.rotary, window)
        by = 1 / (Decimal(2).ln() * Decimal(shape.head_width).sqrt())
        array = self._with.array
        return Attention(
            shape.heads,
            shape.head_width,
            array(cos),
            array(sin),
            np.float32(by),
            share(window),
            units(window),
        )

    def begin(self, streams: int, longest: int | None = None) -> State:
        """`streams` sequences at their beginning, with room for `longest` positions."""
        shape = self.shape
        sizes = streams, shape.key_heads, longest or self.window, shape.head_width
        return State([self._with.cache(*sizes) for _ in self._layers])

    def run(self, state: State, tokens: NDArray[Any]) -> Rows:
        """Takes in `tokens` (streams, time), each stream's next ones. What the head takes: rows for
        each position of the first stream, then of the next."""
        time = tokens.shape[1]
        x = self._with.look_up(self._tokens, tokens.reshape(-1).astype(np.int64))
        if self._positions is not None:
            now = self._positions[state.at : state.at + time]
            x = (x.reshape(len(tokens), time, -1) + now).reshape(x.shape)
        for layer, cache in zip(self._layers, state.caches, strict=True):
            self._advance(x, layer, cache, state.at)
        state.at += time
        return self._with.normalise(x, self._last)

    def _advance(self, x: Any, layer: _Layer, cache: Cache, at: int) -> None:
        do, shape = self._with, self.shape
        rows = do.normalise(x, layer.before_attention)
        # a parallel perceptron reads what attention read, not what it added
        ahead = do.normalise(x, layer.before_perceptron) if shape.parallel else None
        made = do.product(rows, layer.mix)
        rows = do.attend(self._attention, layer.heads, made, rows, layer.mix, cache, at)
        do.add(x, do.product(rows, layer.out), rows, layer.out)
        rows = ahead or do.normalise(x, layer.before_perceptron)
        made = do.product(rows, layer.up)
        rows = do.activate(shape.activation, shape.gated, made, rows, layer.up)
        do.add(x, do.product(rows, layer.down), rows, layer.down)

    def frequencies(
        self, rows: Rows, escape: NDArray[np.int32], escapes: int = 0
    ) -> NDArray[np.int32]:
        """(rows, outputs + escapes): positive, each row summing to less than 2^24. `escape` (rows,)
        is the frequency of each of the escapes, less one."""
        product = self._with.product(rows, self._head)
        return self._with.frequencies(product, rows, self._head, escape, escapes)

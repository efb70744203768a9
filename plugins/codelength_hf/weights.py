"""The parameters of a transformer, quantised, under one set of names. `reading` fills them in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength_exact.quantisation import quantise_matrix
from codelength_hf.architecture import Architecture

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Vectors:
    """The gain and the bias of a norm (columns,), or of some norms (norms, columns)."""

    gain: Array
    bias: Array
    is_stored: bool = True
    """A norm without parameters has ones and zeros, which need not be sent."""

    def arrays(self) -> Iterator[Array]:
        """Yield what has to be sent."""
        if self.is_stored:
            yield self.gain
            yield from _nonzero(self.bias)


class Linear(NamedTuple):
    """A projection as the checkpoint has it."""

    matrix: Array
    """(outputs, inputs)"""
    bias: Array
    """(outputs,)"""

    def times(self, factor: float) -> "Linear":
        """Return this projection, multiplied."""
        by = np.float32(factor)
        return self if factor == 1 else Linear(self.matrix * by, self.bias * by)


@dataclass(frozen=True)
class QuantizedMatrix:
    """An int8 matrix with a scale and a bias for each output."""

    values: NDArray[np.int8]
    """(outputs, inputs)"""
    scales: Array
    """(outputs,)"""
    bias: Array
    """(outputs,)"""

    def first(self, outputs: int) -> "QuantizedMatrix":
        """Return the part that gives the first so many outputs."""
        return QuantizedMatrix(self.values[:outputs], self.scales[:outputs], self.bias[:outputs])

    def times(self, factor: float) -> "QuantizedMatrix":
        """Return what gives the same, multiplied."""
        by = np.float32(factor)
        return QuantizedMatrix(self.values, self.scales * by, self.bias * by)

    def arrays(self) -> Iterator[NDArray[np.int8] | Array]:
        """Yield what has to be sent. A bias that is zero throughout need not be."""
        yield from (self.values, self.scales)
        yield from _nonzero(self.bias)


M = TypeVar("M", Linear, QuantizedMatrix)


@dataclass(frozen=True)
class Mlp(Generic[M]):
    """The two projections around an activation."""

    up: M
    """(hidden, width); with a gate (2 · hidden, width), the gate first."""
    down: M
    """(width, hidden)"""

    def matrices(self) -> Iterator[M]:
        """Yield both."""
        yield from (self.up, self.down)

    def quantised(self: "Mlp[Linear]") -> "Mlp[QuantizedMatrix]":
        """Return the same with int8 matrices."""
        return Mlp(quantise(self.up), quantise(self.down))


@dataclass(frozen=True)
class Experts(Generic[M]):
    """MLPs of which a router chooses."""

    router: M
    """(experts, width)"""
    mlps: list[Mlp[M]]
    shared: Mlp[M] | None = None
    """One that is always added,"""
    shared_gate: M | None = None
    """(1, width), times the sigmoid of this."""

    def matrices(self) -> Iterator[M]:
        """Yield all."""
        yield self.router
        for mlp in self.mlps:
            yield from mlp.matrices()
        if self.shared is not None and self.shared_gate is not None:
            yield from self.shared.matrices()
            yield self.shared_gate

    def quantised(self: "Experts[Linear]") -> "Experts[QuantizedMatrix]":
        """Return the same with int8 matrices."""
        return Experts(
            quantise(self.router),
            [mlp.quantised() for mlp in self.mlps],
            None if self.shared is None else self.shared.quantised(),
            None if self.shared_gate is None else quantise(self.shared_gate),
        )


@dataclass(frozen=True)
class Block(Generic[M]):
    """One layer, as it is read or quantised."""

    attention_norm: Vectors | None
    qkv: M
    """((heads + 2 · key_heads) · head_dim, width): queries, then keys, then values, by head."""
    qk_norms: Vectors
    """Norms of queries and keys: (2, head_dim) for one of each, (heads + key_heads, head_dim), or
    (0, head_dim) if there are none."""
    out: M
    """(width, heads · head_dim)"""
    mlp_norm: Vectors | None
    """None in front of a parallel MLP is the norm of attention, else none at all."""
    mlp: Mlp[M] | Experts[M]
    attention_post: Vectors | None = None
    """Behind attention."""
    mlp_post: Vectors | None = None

    def norms(self) -> Iterator[tuple[str, Vectors]]:
        """Yield the norms of whole rows, with what they are called."""
        named = {
            "attention's norm": self.attention_norm,
            "MLP's norm": self.mlp_norm,
            "norm behind attention": self.attention_post,
            "norm behind the MLP": self.mlp_post,
        }
        yield from ((name, norm) for name, norm in named.items() if norm is not None)

    def matrices(self) -> Iterator[M]:
        """Yield all projections."""
        yield from (self.qkv, self.out)
        yield from self.mlp.matrices()

    def quantised(self: "Block[Linear]") -> "Block[QuantizedMatrix]":
        """Return the same with int8 matrices."""
        return Block(
            self.attention_norm,
            quantise(self.qkv),
            self.qk_norms,
            quantise(self.out),
            self.mlp_norm,
            self.mlp.quantised(),
            self.attention_post,
            self.mlp_post,
        )


def quantise(linear: Linear) -> QuantizedMatrix:
    """Return a projection in int8."""
    return QuantizedMatrix(*quantise_matrix(np.ascontiguousarray(linear.matrix)), linear.bias)


@dataclass(frozen=True)
class Floats:
    """A whole model as the checkpoint has it. Blocks are read one at a time."""

    tokens: Array
    """(vocabulary, embedding_width): the embedding of each token."""
    positions: Array | None
    """(context, width), where positions are learned."""
    block: Callable[[int], Block[Linear]]
    last_norm: Vectors | None
    head: Linear | None
    """(vocabulary, embedding_width); None if it is the table of tokens."""
    token_norm: Vectors | None = None
    project_in: Linear | None = None
    project_out: Linear | None = None

    def quantised(self, architecture: Architecture) -> "Weights":
        """Return the same with int8 matrices."""
        tokens = quantise(Linear(self.tokens, np.zeros(len(self.tokens), np.float32)))
        head = tokens if self.head is None else quantise(self.head)
        return Weights(
            architecture=architecture,
            tokens=tokens.times(architecture.embedding_scale),
            positions=self.positions,
            blocks=[self.block(i).quantised() for i in range(architecture.layers)],
            last_norm=self.last_norm,
            head=head.times(architecture.logit_scale),
            tied=self.head is None,
            token_norm=self.token_norm,
            project_in=None if self.project_in is None else quantise(self.project_in),
            project_out=None if self.project_out is None else quantise(self.project_out),
        )


@dataclass(frozen=True)
class Weights:
    """A whole model, quantised."""

    architecture: Architecture
    tokens: QuantizedMatrix
    """(vocabulary, width): the embedding of each token."""
    positions: Array | None
    """(context, width), where positions are learned."""
    blocks: list[Block[QuantizedMatrix]]
    last_norm: Vectors | None
    head: QuantizedMatrix
    """(vocabulary, width)"""
    tied: bool
    """The head is the table of tokens."""
    token_norm: Vectors | None = None
    """Of the embeddings."""
    project_in: QuantizedMatrix | None = None
    """(width, embedding_width), where embeddings have fewer columns,"""
    project_out: QuantizedMatrix | None = None
    """and (embedding_width, width), in front of the head."""

    @property
    def size(self) -> int:
        """Return the bytes of `arrays`."""
        return sum(array.nbytes for array in self.arrays())

    def arrays(self) -> Iterator[NDArray[np.int8] | Array]:
        """Yield what the receiver needs: int8 matrices, their scales, float32 vectors."""
        matrices = [m for block in self.blocks for m in block.matrices()]
        matrices += [self.tokens] if self.tied else [self.tokens, self.head]
        matrices += [m for m in (self.project_in, self.project_out) if m is not None]
        for matrix in matrices:
            yield from matrix.arrays()
        norms = [norm for block in self.blocks for _, norm in block.norms()]
        norms += [norm for norm in (self.last_norm, self.token_norm) if norm is not None]
        for norm in [*norms, *(block.qk_norms for block in self.blocks)]:
            yield from norm.arrays()
        if self.positions is not None:
            yield self.positions


def _nonzero(bias: Array) -> Iterator[Array]:
    if bias.any():
        yield bias


def check(weights: Weights) -> None:
    """Raise UsageError if a part has another shape than the architecture says."""
    for name, actual, expected in _shapes(weights):
        if actual != expected:
            raise misfit(name, expected, actual)


def misfit(name: str, expected: tuple[int, ...], actual: tuple[int, ...]) -> UsageError:
    """Return the error of a part with another shape than the architecture says."""
    expected = (*expected, *actual[len(expected) :])
    return UsageError(
        f"the weights do not fit config.json: the {name} should be "
        f"{' × '.join(map(str, expected))}, not {' × '.join(map(str, actual))}"
    )


Shape = tuple[int, ...]


def _shapes(weights: Weights) -> Iterator[tuple[str, Shape, Shape]]:
    """Yield each part's name, its shape, and the one that the architecture says."""
    shape = weights.architecture
    width, inner = shape.width, shape.heads * shape.head_dim
    qkv = inner + 2 * shape.key_heads * shape.head_dim
    columns = shape.embedding_width or width
    yield "tokens", weights.tokens.values.shape, (shape.vocabulary, columns)
    yield "head", weights.head.values.shape, (shape.vocabulary, columns)
    if weights.project_in is not None and weights.project_out is not None:
        yield "projection of tokens", weights.project_in.values.shape, (width, columns)
        yield "projection of outputs", weights.project_out.values.shape, (columns, width)
    if weights.positions is not None:
        yield "positions", weights.positions.shape, (shape.context, width)
    for name, norm in (("last norm", weights.last_norm), ("tokens' norm", weights.token_norm)):
        if norm is not None:
            yield name, norm.gain.shape, (width,)
    for i, block in enumerate(weights.blocks):
        yield f"queries, keys and values of layer {i}", block.qkv.values.shape, (qkv, width)
        yield f"attention's output of layer {i}", block.out.values.shape, (width, inner)
        norms = block.qk_norms.gain.shape
        if shape.qk_norms is None or norms != (2, shape.head_dim):
            heads = shape.heads + shape.key_heads if shape.qk_norms else 0
            yield f"norms of queries and keys of layer {i}", norms, (heads, shape.head_dim)
        for name, norm in block.norms():
            yield f"{name} of layer {i}", norm.gain.shape, (width,)
        for name, mlp, hidden in _mlps(block, shape):
            inputs = hidden * (1 + shape.gated)
            yield f"{name}'s input of layer {i}", mlp.up.values.shape, (inputs, width)
            yield f"{name}'s output of layer {i}", mlp.down.values.shape, (width, hidden)
        if isinstance(block.mlp, Experts) and shape.experts is not None:
            router = block.mlp.router.values.shape
            yield f"router of layer {i}", router, (shape.experts.count, width)


Named = tuple[str, Mlp[QuantizedMatrix], int]


def _mlps(block: Block[QuantizedMatrix], shape: Architecture) -> Iterator[Named]:
    """Yield each MLP of a layer with its hidden columns."""
    if isinstance(block.mlp, Mlp):
        yield "MLP", block.mlp, shape.hidden
    elif shape.experts is not None:
        for mlp in block.mlp.mlps:
            yield "expert", mlp, shape.experts.hidden
        if block.mlp.shared is not None:
            yield "shared expert", block.mlp.shared, shape.experts.shared

"""The parameters of a transformer, quantised, under one set of names. `reading` fills them in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength_exact.groups import Groups
from codelength_exact.quantisation import quantise_matrix
from codelength_hf.architecture import Architecture
from codelength_hf.grouping import to_groups

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


Stored = NDArray[np.int8] | NDArray[np.uint8] | NDArray[np.int16] | Array
"""What a receiver has of a model."""


@dataclass(frozen=True)
class QuantizedMatrix(ABC):
    """A matrix of integers with a scale and a bias for each output."""

    scales: Array
    """(outputs,)"""
    bias: Array
    """(outputs,)"""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Return outputs and inputs."""

    @abstractmethod
    def first(self, outputs: int) -> Self:
        """Return the part that gives the first so many outputs."""

    @abstractmethod
    def times(self, factor: float) -> Self:
        """Return what gives the same, multiplied."""

    @abstractmethod
    def arrays(self) -> Iterator[Stored]:
        """Yield what has to be sent. A bias that is zero throughout need not be."""


@dataclass(frozen=True)
class ByteMatrix(QuantizedMatrix):
    """An int8 matrix."""

    values: NDArray[np.int8]
    """(outputs, inputs)"""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def first(self, outputs: int) -> Self:
        return type(self)(self.scales[:outputs], self.bias[:outputs], self.values[:outputs])

    def times(self, factor: float) -> Self:
        by = np.float32(factor)
        return type(self)(self.scales * by, self.bias * by, self.values)

    def arrays(self) -> Iterator[Stored]:
        yield from (self.values, self.scales)
        yield from _nonzero(self.bias)


@dataclass(frozen=True)
class GroupedMatrix(QuantizedMatrix):
    """A matrix of integers of more than 8 bits, which have a step for each group of inputs."""

    groups: Groups

    @property
    def shape(self) -> tuple[int, ...]:
        return self.groups.values.shape

    def first(self, outputs: int) -> Self:
        part = self.groups.first(outputs)
        return type(self)(self.scales[:outputs], self.bias[:outputs], part)

    def times(self, factor: float) -> Self:
        by = np.float32(factor)
        return type(self)(self.scales * by, self.bias * by, self.groups)

    def arrays(self) -> Iterator[Stored]:
        yield from self.groups.arrays()
        yield self.scales
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

    def quantised(self: "Mlp[Linear]", bits: int) -> "Mlp[QuantizedMatrix]":
        """Return the same with matrices of integers."""
        return Mlp(quantise(self.up, bits), quantise(self.down, bits))


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

    def quantised(self: "Experts[Linear]", bits: int) -> "Experts[QuantizedMatrix]":
        """Return the same with matrices of integers; the router and the gate are small."""
        return Experts(
            quantise(self.router),
            [mlp.quantised(bits) for mlp in self.mlps],
            None if self.shared is None else self.shared.quantised(bits),
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

    def quantised(self: "Block[Linear]", bits: int = 8) -> "Block[QuantizedMatrix]":
        """Return the same with matrices of integers."""
        return Block(
            self.attention_norm,
            quantise(self.qkv, bits),
            self.qk_norms,
            quantise(self.out, bits),
            self.mlp_norm,
            self.mlp.quantised(bits),
            self.attention_post,
            self.mlp_post,
        )


def quantise(linear: Linear, bits: int = 8) -> QuantizedMatrix:
    """Return a projection in int8, or in 4 bits with groups."""
    if bits == 4:
        groups, scales = to_groups(linear.matrix, bits)
        return GroupedMatrix(scales, linear.bias, groups)
    values, scales = quantise_matrix(np.ascontiguousarray(linear.matrix))
    return ByteMatrix(scales, linear.bias, values)


def table(matrix: Array) -> ByteMatrix:
    """Return a table of embeddings in int8."""
    values, scales = quantise_matrix(np.ascontiguousarray(matrix))
    return ByteMatrix(scales, np.zeros(len(matrix), np.float32), values)


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

    def quantised(self, architecture: Architecture, bits: int = 8) -> "Weights":
        """Return the same with matrices of integers.

        Args:
            architecture: What config.json says.
            bits: 4 is for the projections of layers. The table of tokens and the head have 8
                then, the head in groups. If they are the same, only the head is sent, and the
                table is made of it.
        """
        tokens = table(self.tokens)
        head: QuantizedMatrix = tokens if self.head is None else quantise(self.head)
        if bits == 4:
            given = self.head or Linear(self.tokens, tokens.bias)
            groups, scales = to_groups(given.matrix, 8)
            head = GroupedMatrix(scales, given.bias, groups)
            if self.head is None:
                tokens = table(groups.integers() * scales[:, None])
        return Weights(
            shape=architecture,
            tokens=tokens.times(architecture.embedding_scale),
            positions=self.positions,
            blocks=[self.block(i).quantised(bits) for i in range(architecture.layers)],
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

    shape: Architecture
    tokens: ByteMatrix
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

    def arrays(self) -> Iterator[Stored]:
        """Yield what the receiver needs: matrices of integers, their scales, float32 vectors."""
        matrices = [m for block in self.blocks for m in block.matrices()]
        matrices += [self.head] if self.tied else [self.tokens, self.head]
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
    shape = weights.shape
    width, inner = shape.width, shape.heads * shape.head_dim
    qkv = inner + 2 * shape.key_heads * shape.head_dim
    columns = shape.embedding_width or width
    yield "tokens", weights.tokens.shape, (shape.vocabulary, columns)
    yield "head", weights.head.shape, (shape.vocabulary, columns)
    if weights.project_in is not None and weights.project_out is not None:
        yield "projection of tokens", weights.project_in.shape, (width, columns)
        yield "projection of outputs", weights.project_out.shape, (columns, width)
    if weights.positions is not None:
        yield "positions", weights.positions.shape, (shape.context, width)
    for name, norm in (("last norm", weights.last_norm), ("tokens' norm", weights.token_norm)):
        if norm is not None:
            yield name, norm.gain.shape, (width,)
    for i, block in enumerate(weights.blocks):
        yield f"queries, keys and values of layer {i}", block.qkv.shape, (qkv, width)
        yield f"attention's output of layer {i}", block.out.shape, (width, inner)
        norms = block.qk_norms.gain.shape
        if shape.qk_norms is None or norms != (2, shape.head_dim):
            heads = shape.heads + shape.key_heads if shape.qk_norms else 0
            yield f"norms of queries and keys of layer {i}", norms, (heads, shape.head_dim)
        for name, norm in block.norms():
            yield f"{name} of layer {i}", norm.gain.shape, (width,)
        for name, mlp, hidden in _mlps(block, shape):
            inputs = hidden * (1 + shape.gated)
            yield f"{name}'s input of layer {i}", mlp.up.shape, (inputs, width)
            yield f"{name}'s output of layer {i}", mlp.down.shape, (width, hidden)
        if isinstance(block.mlp, Experts) and shape.experts is not None:
            router = block.mlp.router.shape
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

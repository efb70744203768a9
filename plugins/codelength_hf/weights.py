"""The parameters of a transformer, quantised, under one set of names.

Families have other names for them, and store queries, keys and values in other orders.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength_exact.quantisation import quantise_matrix
from codelength_hf.architecture import Architecture

Array = NDArray[np.float32]
SPREAD = 0.02
"""`initializer_range` of GPT-2, GPT-NeoX and Llama."""
Tensors = Callable[[str], Array | None]
"""Name → a tensor of the checkpoint as float32; None if there is none of that name."""


@dataclass(frozen=True)
class Vectors:
    """The gain and the bias of a norm (columns,), or of some norms (norms, columns)."""

    gain: Array
    bias: Array


class Linear(NamedTuple):
    """A projection as the checkpoint has it."""

    matrix: Array
    """(outputs, inputs)"""
    bias: Array
    """(outputs,)"""


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

    def arrays(self) -> Iterator[NDArray[np.int8] | Array]:
        """Yield what has to be sent. A bias that is zero throughout need not be."""
        yield from (self.values, self.scales)
        yield from _nonzero(self.bias)


M = TypeVar("M", Linear, QuantizedMatrix)


@dataclass(frozen=True)
class Block(Generic[M]):
    """One layer, as it is read or quantised."""

    attention_norm: Vectors
    qkv: M
    """((heads + 2 · key_heads) · head_dim, width): queries, then keys, then values, by head."""
    qk_norms: Vectors
    """(2, head_dim): the norms of each query and each key; (0, head_dim) if there are none."""
    out: M
    """(width, heads · head_dim)"""
    mlp_norm: Vectors
    up: M
    """(hidden, width); with a gate (2 · hidden, width), the gate first."""
    down: M
    """(width, hidden)"""

    def quantised(self: "Block[Linear]") -> "Block[QuantizedMatrix]":
        """Return the same with int8 matrices."""
        return Block(
            self.attention_norm,
            _quantise(self.qkv),
            self.qk_norms,
            _quantise(self.out),
            self.mlp_norm,
            _quantise(self.up),
            _quantise(self.down),
        )


@dataclass(frozen=True)
class Floats:
    """A whole model as the checkpoint has it. Blocks are read one at a time."""

    tokens: Array
    """(vocabulary, width): the embedding of each token."""
    positions: Array | None
    """(context, width), where positions are learned."""
    block: Callable[[int], Block[Linear]]
    last_norm: Vectors
    head: Array | None
    """(vocabulary, width); None if it is the table of tokens."""


@dataclass(frozen=True)
class Weights:
    """A whole model, quantised."""

    architecture: Architecture
    tokens: QuantizedMatrix
    """(vocabulary, width): the embedding of each token."""
    positions: Array | None
    """(context, width), where positions are learned."""
    blocks: list[Block[QuantizedMatrix]]
    last_norm: Vectors
    head: QuantizedMatrix
    """(vocabulary, width)"""
    tied: bool
    """The head is the table of tokens."""

    @property
    def size(self) -> int:
        """Return the bytes of `arrays`."""
        return sum(array.nbytes for array in self.arrays())

    def arrays(self) -> Iterator[NDArray[np.int8] | Array]:
        """Yield what the receiver needs: int8 matrices, their scales, float32 vectors."""
        matrices = [m for b in self.blocks for m in (b.qkv, b.out, b.up, b.down)]
        matrices += [self.tokens] if self.tied else [self.tokens, self.head]
        for matrix in matrices:
            yield from matrix.arrays()
        norms = [v for b in self.blocks for v in (b.attention_norm, b.mlp_norm)]
        for norm in [*norms, self.last_norm, *(b.qk_norms for b in self.blocks)]:
            yield norm.gain
            yield from _nonzero(norm.bias)
        if self.positions is not None:
            yield self.positions


def _nonzero(bias: Array) -> Iterator[Array]:
    if bias.any():
        yield bias


def initial_tensors(tensors: Tensors, seed: int) -> Tensors:
    """Return tensors of the same shapes as training of these families begins with.

    Matrices are normal with the standard deviation SPREAD, gains are 1, biases 0.
    """

    def initial(name: str) -> Array | None:
        trained = tensors(name)
        if trained is None:
            return None
        if trained.ndim < 2:
            return np.full_like(trained, float(name.endswith("weight")))
        random = np.random.default_rng([seed, *name.encode()])
        return random.normal(0, SPREAD, trained.shape).astype(np.float32)

    return initial


def read_weights(architecture: Architecture, tensors: Tensors, tied: bool) -> Weights:
    """Return the model in a checkpoint, quantised.

    Args:
        architecture: What config.json says.
        tensors: The tensors of the checkpoint.
        tied: Whether config.json says that the head is the table of tokens.

    Raises:
        UsageError: If a tensor is missing, or has another shape than the architecture says.
    """
    read = read_floats(architecture, tensors, tied)
    tokens = _quantise_tokens(read.tokens)
    weights = Weights(
        architecture,
        tokens,
        read.positions,
        [read.block(i).quantised() for i in range(architecture.layers)],
        read.last_norm,
        tokens if read.head is None else _quantise_tokens(read.head),
        read.head is None,
    )
    _check(weights)
    return weights


def read_floats(architecture: Architecture, tensors: Tensors, tied: bool) -> Floats:
    """Return the model in a checkpoint as it is, with the arguments of `read_weights`."""
    return READERS[architecture.family](Reader(architecture, tensors), tied)


def _check(weights: Weights) -> None:
    shape = weights.architecture
    inner = shape.heads * shape.head_dim
    qkv = inner + 2 * shape.key_heads * shape.head_dim
    width, hidden = shape.width, shape.hidden
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
        "tokens": (weights.tokens.values.shape, (shape.vocabulary, width)),
        "head": (weights.head.values.shape, (shape.vocabulary, width)),
        "last norm": (weights.last_norm.gain.shape, (width,)),
    }
    if weights.positions is not None:
        shapes["positions"] = weights.positions.shape, (shape.context, width)
    for i, block in enumerate(weights.blocks):
        shapes |= {
            f"attention's norm of layer {i}": (block.attention_norm.gain.shape, (width,)),
            f"queries, keys and values of layer {i}": (block.qkv.values.shape, (qkv, width)),
            f"norms of queries and keys of layer {i}": (
                block.qk_norms.gain.shape,
                (2 * shape.qk_norms, shape.head_dim),
            ),
            f"attention's output of layer {i}": (block.out.values.shape, (width, inner)),
            f"MLP's norm of layer {i}": (block.mlp_norm.gain.shape, (width,)),
            f"MLP's input of layer {i}": (
                block.up.values.shape,
                (hidden * (1 + shape.gated), width),
            ),
            f"MLP's output of layer {i}": (block.down.values.shape, (width, hidden)),
        }
    for name, (actual, expected) in shapes.items():
        if actual != expected:
            raise UsageError(
                f"the weights do not fit config.json: the {name} should be "
                f"{' × '.join(map(str, expected))}, not {' × '.join(map(str, actual))}"
            )


@dataclass(frozen=True)
class Reader:
    """Reads the tensors of a checkpoint by name."""

    architecture: Architecture
    tensors: Tensors

    def look_up(self, *names: str) -> Array | None:
        """Return the tensor of the first of `names` that there is, if any."""
        for name in names:
            tensor = self.tensors(name)
            if tensor is not None:
                return tensor.astype(np.float32, copy=False)
        return None

    def find(self, *names: str) -> Array:
        """Return the tensor of the first of `names` that there is.

        Raises:
            UsageError: If there is none.
        """
        tensor = self.look_up(*names)
        if tensor is None:
            family = self.architecture.family
            raise UsageError(
                f"the weights lack {names[0]!r}: they are not those of a {family} model"
            )
        return tensor

    def find_or_zeros(self, *names: str, size: int) -> Array:
        """Return the tensor of the first of `names` that there is, or zeros (size,)."""
        tensor = self.look_up(*names)
        return np.zeros(size, np.float32) if tensor is None else tensor

    def head(self, tokens: Array, tied: bool, *names: str) -> Array | None:
        """Return the head; None if it is the table of tokens.

        A config may say that the head is tied when it differs.
        """
        stored = self.look_up(*names) if tied else self.find(*names)
        if stored is None or (tied and np.array_equal(stored, tokens)):
            return None
        return stored

    def norm(self, *prefixes: str) -> Vectors:
        """Return gain and bias of a norm."""
        width = self.architecture.width
        gain = self.find(*(f"{prefix}.weight" for prefix in prefixes))
        return Vectors(
            gain, self.find_or_zeros(*(f"{prefix}.bias" for prefix in prefixes), size=width)
        )

    def qk_norms(self, *prefixes: str) -> Vectors:
        """Return the norms of queries and of keys, by prefix, if the architecture has them."""
        prefixes = prefixes if self.architecture.qk_norms else ()
        gains = [self.find(f"{prefix}.weight") for prefix in prefixes]
        gain = np.array(gains, np.float32).reshape(len(gains), self.architecture.head_dim)
        return Vectors(gain, np.zeros_like(gain))

    def linear(self, *prefixes: str) -> Linear:
        """Return a projection."""
        matrix = self.find(*(f"{prefix}.weight" for prefix in prefixes))
        bias = self.find_or_zeros(*(f"{prefix}.bias" for prefix in prefixes), size=len(matrix))
        return Linear(matrix, bias)

    def transposed(self, *prefixes: str) -> Linear:
        """Return the same of one that is stored the other way round, as GPT-2 does."""
        matrix = self.find(*(f"{prefix}.weight" for prefix in prefixes))
        bias = self.find_or_zeros(*(f"{prefix}.bias" for prefix in prefixes), size=matrix.shape[1])
        return Linear(np.ascontiguousarray(matrix.T), bias)


def _quantise(linear: Linear) -> QuantizedMatrix:
    return QuantizedMatrix(*quantise_matrix(linear.matrix), linear.bias)


def _stack(*linears: Linear) -> Linear:
    matrices, biases = zip(*linears, strict=True)
    return Linear(np.concatenate(matrices), np.concatenate(biases))


def _quantise_tokens(matrix: Array) -> QuantizedMatrix:
    return _quantise(Linear(matrix, np.zeros(len(matrix), np.float32)))


def _neox(read: Reader, tied: bool) -> Floats:
    shape = read.architecture

    def heads_apart(linear: Linear) -> Linear:
        """Rows are stored as (heads, query · key · value, columns)."""
        matrix, bias = linear
        by_head = (shape.heads, 3, shape.head_dim)
        split = matrix.reshape(*by_head, -1).swapaxes(0, 1)
        apart = bias.reshape(by_head).swapaxes(0, 1)
        return Linear(split.reshape(matrix.shape), apart.reshape(-1))

    def block(i: int) -> Block[Linear]:
        name = f"gpt_neox.layers.{i}."
        return Block(
            read.norm(name + "input_layernorm"),
            heads_apart(read.linear(name + "attention.query_key_value")),
            read.qk_norms(),
            read.linear(name + "attention.dense"),
            read.norm(name + "post_attention_layernorm"),
            read.linear(name + "mlp.dense_h_to_4h"),
            read.linear(name + "mlp.dense_4h_to_h"),
        )

    tokens = read.find("gpt_neox.embed_in.weight")
    head = read.head(tokens, tied, "embed_out.weight", "lm_head.weight")
    return Floats(tokens, None, block, read.norm("gpt_neox.final_layer_norm"), head)


def _llama(read: Reader, tied: bool) -> Floats:
    def block(i: int) -> Block[Linear]:
        name = f"model.layers.{i}."
        attention = name + "self_attn."
        return Block(
            read.norm(name + "input_layernorm"),
            _stack(*(read.linear(attention + part) for part in ("q_proj", "k_proj", "v_proj"))),
            read.qk_norms(attention + "q_norm", attention + "k_norm"),
            read.linear(attention + "o_proj"),
            read.norm(name + "post_attention_layernorm"),
            _stack(*(read.linear(name + f"mlp.{part}_proj") for part in ("gate", "up"))),
            read.linear(name + "mlp.down_proj"),
        )

    tokens = read.find("model.embed_tokens.weight")
    head = read.head(tokens, tied, "lm_head.weight")
    return Floats(tokens, None, block, read.norm("model.norm"), head)


def _gpt2(read: Reader, tied: bool) -> Floats:
    def both(name: str) -> tuple[str, str]:
        return f"transformer.{name}", name

    def block(i: int) -> Block[Linear]:
        name = f"h.{i}."
        return Block(
            read.norm(*both(name + "ln_1")),
            read.transposed(*both(name + "attn.c_attn")),
            read.qk_norms(),
            read.transposed(*both(name + "attn.c_proj")),
            read.norm(*both(name + "ln_2")),
            read.transposed(*both(name + "mlp.c_fc")),
            read.transposed(*both(name + "mlp.c_proj")),
        )

    tokens = read.find(*both("wte.weight"))
    head = read.head(tokens, tied, "lm_head.weight")
    positions = np.ascontiguousarray(read.find(*both("wpe.weight")))
    return Floats(tokens, positions, block, read.norm(*both("ln_f")), head)


READERS: Mapping[str, Callable[[Reader, bool], Floats]] = {
    "gpt2": _gpt2,
    "gpt_neox": _neox,
    "llama": _llama,
    "mistral": _llama,
    "qwen2": _llama,
    "qwen3": _llama,
}

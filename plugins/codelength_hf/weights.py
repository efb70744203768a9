"""The parameters of a transformer under one set of names, whatever its family calls them and in
whichever order it stores queries, keys and values; then quantised."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength_exact.quantisation import quantise_matrix
from codelength_hf.architecture import Architecture

Array = NDArray[Any]
Tensors = Callable[[str], Array | None]
"""A tensor of the checkpoint as float32, or None if there is none of that name."""


@dataclass(frozen=True)
class Vectors:
    """The gain and the bias of a norm, (columns,), or of some, (norms, columns)."""

    gain: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Quantised:
    """int8 values (outputs, inputs), a float32 scale and a bias for each output."""

    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    bias: NDArray[np.float32]

    def first(self, outputs: int) -> "Quantised":
        """The part that gives the first so many outputs."""
        return Quantised(self.values[:outputs], self.scales[:outputs], self.bias[:outputs])

    def arrays(self) -> Iterator[Array]:
        """What has to be sent; a bias that is zero throughout need not be."""
        yield from (self.values, self.scales)
        yield from _present(self.bias)


@dataclass(frozen=True)
class Block:
    """One layer. `mix` gives queries, then keys, then values, head after head; `heads` are the
    norms of each query and each key, or none; `up` gives the gate first where there is one."""

    before_attention: Vectors
    mix: Quantised
    heads: Vectors
    out: Quantised
    before_perceptron: Vectors
    up: Quantised
    down: Quantised


@dataclass(frozen=True)
class Weights:
    """A whole model. `tokens` is looked up with its scales, and is the head too if `tied`."""

    architecture: Architecture
    tokens: Quantised
    positions: NDArray[np.float32] | None
    blocks: list[Block]
    last: Vectors
    head: Quantised
    tied: bool

    @property
    def size(self) -> int:
        """Bytes that the receiver needs."""
        return sum(array.nbytes for array in self.arrays())

    def arrays(self) -> Iterator[Array]:
        """What the receiver needs: int8 matrices, their scales, float32 vectors."""
        matrices = [m for b in self.blocks for m in (b.mix, b.out, b.up, b.down)]
        matrices += [self.tokens] if self.tied else [self.tokens, self.head]
        for matrix in matrices:
            yield from matrix.arrays()
        norms = [v for b in self.blocks for v in (b.before_attention, b.before_perceptron)]
        for norm in [*norms, self.last, *(b.heads for b in self.blocks)]:
            yield norm.gain
            yield from _present(norm.bias)
        if self.positions is not None:
            yield self.positions


def _present(bias: Array) -> Iterator[Array]:
    if bias.any():
        yield bias


def weights(architecture: Architecture, tensors: Tensors, tied: bool) -> Weights:
    """The model in a checkpoint. Raises UsageError for one that lacks a tensor, or has one of
    another shape than the architecture."""
    read = READERS[architecture.family](Reader(architecture, tensors), tied)
    _check(read)
    return read


def _check(read: Weights) -> None:
    shape = read.architecture
    inside = shape.heads * shape.head_width
    mixed = inside + 2 * shape.key_heads * shape.head_width
    width, hidden = shape.width, shape.hidden
    found = {"tokens": (read.tokens.values, (shape.vocabulary, width))}
    found["head"] = read.head.values, (shape.vocabulary, width)
    found["last norm"] = read.last.gain, (width,)
    if read.positions is not None:
        found["positions"] = read.positions, (shape.context, width)
    for i, block in enumerate(read.blocks):
        parts = {
            "norm before attention": (block.before_attention.gain, (width,)),
            "queries, keys and values": (block.mix.values, (mixed, width)),
            "norms of heads": (block.heads.gain, (2 * shape.head_norms, shape.head_width)),
            "attention's output": (block.out.values, (width, inside)),
            "norm before the perceptron": (block.before_perceptron.gain, (width,)),
            "perceptron's input": (block.up.values, (hidden * (1 + shape.gated), width)),
            "perceptron's output": (block.down.values, (width, hidden)),
        }
        found |= {f"{name} of layer {i}": both for name, both in parts.items()}
    for name, (values, expected) in found.items():
        if values.shape != expected:
            raise UsageError(
                f"the weights do not fit config.json: the {name} should be "
                f"{' × '.join(map(str, expected))}, not {' × '.join(map(str, values.shape))}"
            )


@dataclass(frozen=True)
class Reader:
    """Finds tensors, with or without the prefix that a family puts in front of its names."""

    architecture: Architecture
    tensors: Tensors

    def look(self, *names: str) -> Array | None:
        """The first of `names` that is there, if any."""
        for name in names:
            found = self.tensors(name)
            if found is not None:
                return found.astype(np.float32, copy=False)
        return None

    def find(self, *names: str) -> Array:
        """The same. Raises UsageError if there is none."""
        found = self.look(*names)
        if found is None:
            family = self.architecture.family
            raise UsageError(
                f"the weights lack {names[0]!r}: they are not those of a {family} model"
            )
        return found

    def maybe(self, *names: str, size: int) -> Array:
        """The same, or zeros."""
        found = self.look(*names)
        return np.zeros(size, np.float32) if found is None else found

    def head(self, tokens: Array, tied: bool, *names: str) -> Quantised | None:
        """The head; None if it is the table of tokens. A config may say so of one that differs."""
        stored = self.look(*names) if tied else self.find(*names)
        if stored is None or (tied and np.array_equal(stored, tokens)):
            return None
        return _tokens(stored)

    def norm(self, *prefixes: str) -> Vectors:
        """Gain and bias of a norm."""
        width = self.architecture.width
        gain = self.find(*(f"{prefix}.weight" for prefix in prefixes))
        return Vectors(gain, self.maybe(*(f"{prefix}.bias" for prefix in prefixes), size=width))

    def heads(self, *prefixes: str) -> Vectors:
        """The norms of queries and of keys, by prefix, if the architecture has them."""
        prefixes = prefixes if self.architecture.head_norms else ()
        gains = [self.find(f"{prefix}.weight") for prefix in prefixes]
        gain = np.array(gains, np.float32).reshape(len(gains), self.architecture.head_width)
        return Vectors(gain, np.zeros_like(gain))

    def linear(self, *prefixes: str) -> tuple[Array, Array]:
        """The matrix (outputs, inputs) and the bias of a projection."""
        matrix = self.find(*(f"{prefix}.weight" for prefix in prefixes))
        bias = self.maybe(*(f"{prefix}.bias" for prefix in prefixes), size=len(matrix))
        return matrix, bias

    def transposed(self, *prefixes: str) -> tuple[Array, Array]:
        """The same, stored the other way round, as GPT-2 does."""
        matrix = self.find(*(f"{prefix}.weight" for prefix in prefixes))
        bias = self.maybe(*(f"{prefix}.bias" for prefix in prefixes), size=matrix.shape[1])
        return matrix.T, bias


def _quantised(pair: tuple[Array, Array]) -> Quantised:
    return Quantised(*quantise_matrix(np.ascontiguousarray(pair[0])), pair[1])


def _stacked(*pairs: tuple[Array, Array]) -> Quantised:
    matrices, biases = zip(*pairs, strict=True)
    return _quantised((np.concatenate(matrices), np.concatenate(biases)))


def _tokens(matrix: Array) -> Quantised:
    return _quantised((matrix, np.zeros(len(matrix), np.float32)))


def _neox(read: Reader, tied: bool) -> Weights:
    shape = read.architecture

    def heads_apart(pair: tuple[Array, Array]) -> tuple[Array, Array]:
        """Rows are stored as (heads, query · key · value, columns)."""
        matrix, bias = pair
        by_head = (shape.heads, 3, shape.head_width)
        split = matrix.reshape(*by_head, -1).swapaxes(0, 1)
        return split.reshape(matrix.shape), bias.reshape(by_head).swapaxes(0, 1).reshape(-1)

    def block(i: int) -> Block:
        name = f"gpt_neox.layers.{i}."
        return Block(
            read.norm(name + "input_layernorm"),
            _quantised(heads_apart(read.linear(name + "attention.query_key_value"))),
            read.heads(),
            _quantised(read.linear(name + "attention.dense")),
            read.norm(name + "post_attention_layernorm"),
            _quantised(read.linear(name + "mlp.dense_h_to_4h")),
            _quantised(read.linear(name + "mlp.dense_4h_to_h")),
        )

    table = read.find("gpt_neox.embed_in.weight")
    tokens, own = _tokens(table), read.head(table, tied, "embed_out.weight", "lm_head.weight")
    blocks = [block(i) for i in range(shape.layers)]
    last = read.norm("gpt_neox.final_layer_norm")
    return Weights(shape, tokens, None, blocks, last, own or tokens, own is None)


def _llama(read: Reader, tied: bool) -> Weights:
    shape = read.architecture

    def block(i: int) -> Block:
        name = f"model.layers.{i}."
        attention = name + "self_attn."
        return Block(
            read.norm(name + "input_layernorm"),
            _stacked(*(read.linear(attention + part) for part in ("q_proj", "k_proj", "v_proj"))),
            read.heads(attention + "q_norm", attention + "k_norm"),
            _quantised(read.linear(attention + "o_proj")),
            read.norm(name + "post_attention_layernorm"),
            _stacked(*(read.linear(name + f"mlp.{part}_proj") for part in ("gate", "up"))),
            _quantised(read.linear(name + "mlp.down_proj")),
        )

    table = read.find("model.embed_tokens.weight")
    tokens, own = _tokens(table), read.head(table, tied, "lm_head.weight")
    blocks = [block(i) for i in range(shape.layers)]
    return Weights(shape, tokens, None, blocks, read.norm("model.norm"), own or tokens, own is None)


def _gpt2(read: Reader, tied: bool) -> Weights:
    shape = read.architecture

    def both(name: str) -> tuple[str, str]:
        return f"transformer.{name}", name

    def block(i: int) -> Block:
        name = f"h.{i}."
        return Block(
            read.norm(*both(name + "ln_1")),
            _quantised(read.transposed(*both(name + "attn.c_attn"))),
            read.heads(),
            _quantised(read.transposed(*both(name + "attn.c_proj"))),
            read.norm(*both(name + "ln_2")),
            _quantised(read.transposed(*both(name + "mlp.c_fc"))),
            _quantised(read.transposed(*both(name + "mlp.c_proj"))),
        )

    table = read.find(*both("wte.weight"))
    tokens, own = _tokens(table), read.head(table, tied, "lm_head.weight")
    blocks = [block(i) for i in range(shape.layers)]
    positions = np.ascontiguousarray(read.find(*both("wpe.weight")))
    return Weights(
        shape, tokens, positions, blocks, read.norm(*both("ln_f")), own or tokens, own is None
    )


READERS: Mapping[str, Callable[[Reader, bool], Weights]] = {
    "gpt2": _gpt2,
    "gpt_neox": _neox,
    "llama": _llama,
    "mistral": _llama,
    "qwen2": _llama,
    "qwen3": _llama,
}

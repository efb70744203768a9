"""Reads the tensors of a checkpoint, under the names of its family, as quantised weights."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from codelength import UsageError
from codelength_exact.quantisation import SCALE
from codelength_hf.architecture import Architecture
from codelength_hf.equalise import equalised
from codelength_hf.weights import (
    Array,
    Block,
    Experts,
    Floats,
    Linear,
    Mlp,
    Vectors,
    Weights,
    check,
    misfit,
)

SPREAD = 0.02
"""`initializer_range` of GPT-2, GPT-NeoX and Llama."""
Tensors = Callable[[str], Array | None]
"""Name → a tensor of the checkpoint as float32; None if there is none of that name."""

BUFFERS = (
    ".attention.bias",
    ".attention.masked_bias",
    ".attn.bias",
    ".attn.masked_bias",
    ".inv_freq",
)
"""What checkpoints hold besides parameters: masks, and angles that follow from the shape."""

OTHERS = ("vision_tower.", "multi_modal_projector.", "visual.", "vision_model.")
"""What the names of tensors begin with that see pictures."""

BASES = ("language_model.model.", "model.language_model.", "language_model.")
"""Where a model of text lies in one that also sees."""


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


def read_weights(
    architecture: Architecture,
    tensors: Tensors,
    names: Collection[str] = (),
    equalise: bool = False,
    bits: int = 8,
) -> Weights:
    """Return the model in a checkpoint, quantised.

    Args:
        architecture: What config.json says.
        tensors: The tensors of the checkpoint.
        names: The names of all of them; none may be left over.
        equalise: Whether channels are equalised. Activations should have 16 bits then.
        bits: Of weights, 8 or 4.

    Raises:
        UsageError: If a tensor is missing, is not finite, has another shape than the architecture
            says, or has no place in it.
    """
    reader = Reader(architecture.family, tensors, names, architecture=architecture)
    model = reader.model()
    if equalise:
        model = equalised(model, architecture)
    weights = model.quantised(architecture, bits)
    check(weights)
    reader.check_all_read()
    return weights


def broken(name: str) -> str:
    """Return what is to be said of a tensor with values that are not finite."""
    return (
        f"the weights are broken: {name} has values that are not finite (NaN or infinity); "
        "download the model again, or ask who made it"
    )


def _is_weight(name: str) -> bool:
    """Return whether a tensor is one of a language model, and no buffer or scale."""
    is_other = name.removeprefix("model.").startswith(OTHERS)
    return not is_other and not name.endswith((SCALE, *BUFFERS))


@dataclass(frozen=True)
class TensorReader:
    """Reads the tensors of a checkpoint."""

    family: str
    tensors: Tensors
    names: Collection[str] = ()
    """The names of all tensors, if they are known."""
    read: set[str] = field(default_factory=set)
    """The names of those that there were."""

    def has(self, name: str) -> bool:
        """Return whether there is a tensor of that name."""
        return name in self.names if self.names else self.tensors(name) is not None

    def look_up(self, name: str) -> Array | None:
        """Return a tensor, None if there is none of that name. Raises UsageError for NaN."""
        tensor = self.tensors(name)
        if tensor is None:
            return None
        self.read.add(name)
        if not np.isfinite(tensor).all():
            raise UsageError(broken(name))
        return tensor.astype(np.float32, copy=False)

    def find(self, name: str) -> Array:
        """Return a tensor. Raises UsageError if there is none of that name."""
        tensor = self.look_up(name)
        if tensor is None:
            raise UsageError(
                f"the weights lack {name!r}: they are not those of a {self.family} model"
            )
        return tensor

    def find_or_zeros(self, name: str, size: int) -> Array:
        """Return a tensor, or zeros (size,) if there is none of that name."""
        tensor = self.look_up(name)
        return np.zeros(size, np.float32) if tensor is None else tensor

    def check_all_read(self) -> None:
        """Raise UsageError if a tensor has no place in the model."""
        left = [name for name in self.names if name not in self.read and _is_weight(name)]
        if left:
            raise UsageError(
                f"the weights have {len(left)} tensors that have no place in a {self.family} model "
                f"({left[0]!r} is one); the model would compute something else without them"
            )


@dataclass(frozen=True)
class Reader(TensorReader):
    """Reads those of a transformer."""

    architecture: Architecture = field(kw_only=True)

    @cached_property
    def base(self) -> str:
        """Return what names begin with in this checkpoint."""
        names = self.architecture.names
        for base in (names.base, "", *BASES):
            if self.has(f"{base}{names.tokens}.weight"):
                return base
        return names.base

    def norm(self, name: str) -> Vectors:
        """Return gain and bias of a norm of the model's rows."""
        shape = self.architecture
        if shape.gains == "none":
            ones = np.ones(shape.width, np.float32)
            return Vectors(ones, np.zeros_like(ones), is_stored=False)
        return self._vectors(name)

    def _vectors(self, name: str) -> Vectors:
        gain = self.find(f"{name}.weight")
        if self.architecture.gains == "less one":
            gain = gain + np.float32(1)
        bias = self.find_or_zeros(f"{name}.bias", gain.size).reshape(gain.shape)
        return Vectors(gain, bias)

    def qk_norms(self, layer: str) -> Vectors:
        """Return norms of queries and keys, a row of head_dim columns for each head or each kind.

        There are no rows if the architecture has no such norms.
        """
        shape = self.architecture
        size = shape.head_dim
        if shape.qk_norms is None:
            return Vectors(np.empty((0, size), np.float32), np.empty((0, size), np.float32))
        if shape.gains == "none":
            ones = np.ones((2, size), np.float32)
            return Vectors(ones, np.zeros_like(ones), is_stored=False)
        kinds = []
        for name, heads in zip(shape.names.qk_norms, (shape.heads, shape.key_heads), strict=True):
            if not self.has(f"{layer}{name}.norms.0.weight"):  # StableLM has one for each head
                kinds.append(self._vectors(layer + name))
                continue
            one_by_one = [self._vectors(f"{layer}{name}.norms.{head}") for head in range(heads)]
            gains, biases = zip(*((one.gain, one.bias) for one in one_by_one), strict=True)
            kinds.append(Vectors(np.concatenate(gains), np.concatenate(biases)))
        gains, biases = zip(*((one.gain.ravel(), one.bias.ravel()) for one in kinds), strict=True)
        columns = _order_of_columns(shape)
        gain, bias = (np.concatenate(one).reshape(-1, size)[:, columns] for one in (gains, biases))
        return Vectors(np.ascontiguousarray(gain), np.ascontiguousarray(bias))

    def linear(self, name: str) -> Linear:
        """Return a projection."""
        matrix = self.find(f"{name}.weight")
        if self.architecture.names.transposed:
            matrix = np.ascontiguousarray(matrix.T)
        return Linear(matrix, self.find_or_zeros(f"{name}.bias", len(matrix)))

    def stack(self, layer: str, names: tuple[str, ...]) -> Linear:
        """Return projections of the same input as one."""
        linears = [self.linear(layer + name) for name in names]
        if len(linears) == 1:
            return linears[0]
        matrices, biases = zip(*linears, strict=True)
        return Linear(np.concatenate(matrices), np.concatenate(biases))

    def residual(self, name: str) -> Linear:
        """Return a projection that is added to what the layers pass on."""
        return self.linear(name).times(self.architecture.residual_scale)

    def qkv(self, layer: str) -> Linear:
        """Return queries, keys and values by head, with the halves of rotated columns apart."""
        shape = self.architecture
        matrix, bias = self.stack(layer, shape.names.qkv)
        rows = _order_of_heads(shape)
        if len(matrix) != len(rows):
            what = f"queries, keys and values of layer {layer.split('.')[-2]}"
            raise misfit(what, (len(rows),), matrix.shape)
        rotated = (shape.heads + shape.key_heads) * shape.head_dim
        first = rows[:rotated].reshape(-1, shape.head_dim)[:, _order_of_columns(shape)]
        rows = np.concatenate([first.reshape(-1), rows[rotated:]])
        if np.array_equal(rows, np.arange(len(rows))):
            return Linear(matrix, bias)
        return Linear(matrix[rows], bias[rows])

    def mlp(self, layer: str, up: tuple[str, ...], down: str) -> Mlp[Linear]:
        """Return an MLP."""
        return Mlp(self.stack(layer, up), self.residual(layer + down))

    def block(self, i: int) -> Block[Linear]:
        """Return a layer."""
        shape, names = self.architecture, self.architecture.names
        layer = self.base + names.layer.format(i)

        def norm(name: str) -> Vectors | None:
            return self.norm(layer + name) if name else None

        has_experts = shape.experts is not None and i in shape.experts.layers
        return Block(
            attention_norm=norm(names.attention_norm),
            qkv=self.qkv(layer),
            qk_norms=self.qk_norms(layer),
            out=self.residual(layer + names.out),
            mlp_norm=norm(names.mlp_norm),
            mlp=self.experts(layer) if has_experts else self.mlp(layer, names.up, names.down),
            attention_post=norm(names.attention_post),
            mlp_post=norm(names.mlp_post),
        )

    def experts(self, layer: str) -> Experts[Linear]:
        """Return the experts of a layer."""
        names, experts = self.architecture.names, self.architecture.experts
        assert experts is not None
        router, shared = self.linear(layer + names.router), layer + "mlp.shared_expert"
        one_by_one = [
            self.mlp(f"{layer}{names.experts}{expert}.", names.expert_up, names.expert_down)
            for expert in range(experts.count)
        ]
        if not experts.shared:
            return Experts(router, one_by_one)
        always = self.mlp(f"{shared}.", names.expert_up, names.expert_down)
        return Experts(router, one_by_one, always, self.linear(shared + "_gate"))

    def head(self, tokens: Array) -> Linear | None:
        """Return the head; None if it is the table of tokens.

        A config may say that the head is tied when it differs.
        """
        shape, names = self.architecture, self.architecture.names
        tower = self.base.removesuffix("model.") if self.base in BASES else ""
        for name in names.head:
            stored = self.look_up(f"{tower}{name}.weight")
            if stored is not None:
                bias = self.find_or_zeros(f"{tower}{name}.bias", len(stored))
                is_table = shape.tied and not bias.any() and np.array_equal(stored, tokens)
                return None if is_table else Linear(stored, bias)
        if not shape.tied:
            self.find(f"{names.head[0]}.weight")
        return None

    def model(self) -> Floats:
        """Return the model."""
        names, base = self.architecture.names, self.base
        tokens, positions = self.find(f"{base}{names.tokens}.weight"), None
        if names.positions:
            rows = self.find(f"{base}{names.positions}.weight")
            positions = np.ascontiguousarray(rows[names.first_position :])
        return Floats(
            tokens,
            positions,
            self.block,
            last_norm=self.norm(base + names.last_norm) if names.last_norm else None,
            head=self.head(tokens),
            token_norm=self.norm(base + names.token_norm) if names.token_norm else None,
            project_in=self.linear(base + names.project_in) if names.project_in else None,
            project_out=self.linear(base + names.project_out) if names.project_out else None,
        )


Order = NDArray[np.int64]


def _order_of_heads(shape: Architecture) -> Order:
    """Return where the rows of queries, then keys, then values lie in a fused matrix."""
    heads, key_heads, size = shape.heads, shape.key_heads, shape.head_dim
    rows = np.arange((heads + 2 * key_heads) * size)
    match shape.names.fused:
        case "joined":
            return rows
        case "heads":
            return rows.reshape(heads, 3, size).swapaxes(0, 1).reshape(-1)
        case "quarters":
            return rows.reshape(4, 3, -1).swapaxes(0, 1)[[0, 2, 1]].reshape(-1)
        case "groups":
            groups = rows.reshape(key_heads, heads // key_heads + 2, size)
            return np.concatenate([groups[:, part].reshape(-1) for part in (slice(-2), -2, -1)])


def _order_of_columns(shape: Architecture) -> Order:
    """Return the columns of a query or key such that those of its halves are rotated together.

    Scores do not depend on the order of columns.
    """
    columns = np.arange(shape.head_dim)
    rotary = next((one.rotary for one in shape.attending if one.rotary), None)
    if rotary is None or shape.pairs == "halves":
        return columns
    half = rotary.columns // 2
    pairs = columns[: 2 * half].reshape(half, 2).T
    if shape.pairs == "turned":
        pairs = columns[: 2 * half].reshape(2, half)[::-1]
    return np.concatenate([pairs.reshape(-1), columns[2 * half :]])

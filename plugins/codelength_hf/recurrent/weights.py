"""The parameters of a model with a recurrent state, as they are read and quantised.

Names are those of transformers, and of flash-linear-attention for RWKV-7.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from codelength_hf.equalise import behind, by_column, by_row, columns_of, factors_for
from codelength_hf.reading import TensorReader, Tensors
from codelength_hf.recurrent.shape import Recurrent
from codelength_hf.weights import (
    Array,
    ByteMatrix,
    Linear,
    M,
    QuantizedMatrix,
    Stored,
    Vectors,
    misfit,
    quantise,
    table,
)

LN2, LOG2E = log(2), 1 / log(2)
TERMS = 16
"""Of the series of e^f for |f| ≤ ln 2 / 2, to the last bit of a float64."""


LARGE = ("in", "out", "r", "k", "v", "up", "down")
"""The matrices that may have 4 bits."""


@dataclass(frozen=True)
class Parts(Generic[M]):
    """One layer, by the names of its parts."""

    matrices: Mapping[str, M]
    norms: Mapping[str, Vectors]
    vectors: Mapping[str, Array] = field(default_factory=dict)
    """float32 as they are: decays, convolutions, how positions are mixed."""

    def quantised(self: "Parts[Linear]", bits: int) -> "Parts[QuantizedMatrix]":
        """Return the same with matrices of integers; the small ones have 8 bits."""
        matrices = {
            name: quantise(linear, bits if name in LARGE else 8)
            for name, linear in self.matrices.items()
        }
        return Parts(matrices, self.norms, self.vectors)


@dataclass(frozen=True)
class RecurrentWeights:
    """A whole model, quantised."""

    shape: Recurrent
    tokens: ByteMatrix
    """(vocabulary, width): the embedding of each token."""
    token_norm: Vectors | None
    layers: list[Parts[QuantizedMatrix]]
    last_norm: Vectors
    head: QuantizedMatrix
    """(vocabulary, width)"""
    tied: bool
    """The head is the table of tokens."""

    @property
    def size(self) -> int:
        """Return the bytes of `arrays`."""
        return sum(array.nbytes for array in self.arrays())

    def arrays(self) -> Iterator[Stored]:
        """Yield what the receiver needs: matrices of integers, their scales, float32 vectors."""
        yield from self.tokens.arrays()
        if not self.tied:
            yield from self.head.arrays()
        if self.token_norm is not None:
            yield from self.token_norm.arrays()
        yield from self.last_norm.arrays()
        for layer in self.layers:
            for matrix in layer.matrices.values():
                yield from matrix.arrays()
            for norm in layer.norms.values():
                yield from norm.arrays()
            yield from layer.vectors.values()


def read_recurrent(
    shape: Recurrent,
    tensors: Tensors,
    names: Collection[str] = (),
    equalise: bool = False,
    bits: int = 8,
) -> RecurrentWeights:
    """Return the model in a checkpoint, quantised.

    Args:
        shape: What config.json says.
        tensors: The tensors of the checkpoint.
        names: The names of all of them; none may be left over.
        equalise: Whether channels are equalised. Activations should have 16 bits then.
        bits: Of the weights of large projections, 8 or 4.

    Raises:
        UsageError: If a tensor is missing, is not finite, has another shape than the config says,
            or has no place in the model.
    """
    reader = PartReader(shape.family, tensors, names, shape=shape)
    weights = _read(reader, equalise, bits)
    reader.check_all_read()
    return weights


@dataclass(frozen=True)
class PartReader(TensorReader):
    """Reads parts of one size."""

    shape: Recurrent = field(kw_only=True)
    layer: int = 0
    prefix: str = ""
    """What the names of a layer begin with."""

    def matrix(self, name: str, outputs: int, inputs: int) -> Linear:
        """Return a projection."""
        matrix = self._sized(self.find(f"{self.prefix}{name}.weight"), name, outputs, inputs)
        return Linear(matrix, self.find_or_zeros(f"{self.prefix}{name}.bias", outputs))

    def vector(self, name: str, *sizes: int) -> Array:
        """Return an array of that shape, which may be stored with axes of one."""
        return self._sized(self.find(self.prefix + name), name, *sizes)

    def norm(self, name: str, columns: int | None = None) -> Vectors:
        """Return gain and bias of a norm of `columns`, by default those of the model."""
        columns = columns or self.shape.width
        gain = self._sized(self.find(f"{self.prefix}{name}.weight"), name, columns)
        return Vectors(gain, self.find_or_zeros(f"{self.prefix}{name}.bias", columns))

    def _sized(self, array: Array, name: str, *sizes: int) -> Array:
        if tuple(size for size in array.shape if size > 1) != tuple(s for s in sizes if s > 1):
            raise misfit(self.prefix + name, sizes, array.shape)
        return np.ascontiguousarray(array.reshape(sizes))


@dataclass(frozen=True)
class _Names:
    """Where the parts around the layers are."""

    tokens: tuple[str, ...]
    layer: str
    token_norm: str
    last_norm: str
    head: str


MAMBA = _Names(
    tokens=("backbone.embeddings", "backbone.embedding"),
    layer="backbone.layers.{}.",
    token_norm="",
    last_norm="backbone.norm_f",
    head="lm_head",
)
RWKV = _Names(
    tokens=("rwkv.embeddings",),
    layer="rwkv.blocks.{}.",
    token_norm="rwkv.blocks.0.pre_ln",
    last_norm="rwkv.ln_out",
    head="head",
)
RWKV7 = _Names(
    tokens=("model.embeddings",),
    layer="model.layers.{}.",
    token_norm="model.layers.0.pre_norm",
    last_norm="model.norm",
    head="lm_head",
)


def _read(reader: PartReader, equalised: bool, bits: int) -> RecurrentWeights:
    shape = reader.shape
    names, read_layer, equalise = FAMILIES[shape.family]
    at = next((n for n in names.tokens if reader.has(f"{n}.weight")), names.tokens[0])
    embeddings = reader.matrix(at, shape.vocabulary, shape.width).matrix
    stored, head = reader.look_up(f"{names.head}.weight"), None
    last_norm: Vectors | None = reader.norm(names.last_norm)
    if stored is not None or not shape.tied:
        linear = reader.matrix(names.head, shape.vocabulary, shape.width)
        if not (shape.tied and np.array_equal(linear.matrix, embeddings)):
            head = linear
    has_norm = names.token_norm and reader.has(f"{names.token_norm}.weight")
    token_norm = reader.norm(names.token_norm) if has_norm else None
    if equalised and head is not None:
        (last_norm, (head,)) = behind(last_norm, [head])
    assert last_norm is not None
    layers = []
    for i in range(shape.layers):
        parts = read_layer(replace(reader, prefix=names.layer.format(i), layer=i))
        layers.append((equalise(parts) if equalised else parts).quantised(bits))
    tokens = table(embeddings)
    return RecurrentWeights(
        shape=shape,
        tokens=tokens,
        token_norm=token_norm,
        layers=layers,
        last_norm=last_norm,
        head=tokens if head is None else quantise(head),
        tied=head is None,
    )


def exponentials(x: Array) -> NDArray[np.float64]:
    """Return e^x. NumPy's own exp differs between machines in the last bit."""
    y = x.astype(np.float64) * LOG2E
    whole = np.rint(y)
    f = (y - whole) * LN2
    series = np.ones_like(f)
    for n in range(TERMS, 0, -1):
        series = series * f / n + 1
    return np.ldexp(series, whole.astype(np.int64))


def _decays(logarithms: Array) -> Array:
    """Return −e^x as exponents of 2."""
    decays: Array = (-exponentials(logarithms) * LOG2E).astype(np.float32)
    return decays


def _convolution(read: PartReader, columns: int) -> dict[str, Array]:
    kernel = read.shape.kernel
    taps = read.vector("mixer.conv1d.weight", columns, kernel)
    return {
        "taps": np.ascontiguousarray(taps.T),
        "conv_bias": read.find_or_zeros(f"{read.prefix}mixer.conv1d.bias", columns),
    }


def _mamba(read: PartReader) -> Parts[Linear]:
    shape = read.shape
    inner, width, rank, state = shape.inner, shape.width, shape.rank, shape.state
    matrices = {
        "in": read.matrix("mixer.in_proj", 2 * inner, width),
        "x": read.matrix("mixer.x_proj", rank + 2 * state, inner),
        "dt": read.matrix("mixer.dt_proj", inner, rank),
        "out": read.matrix("mixer.out_proj", width, inner),
    }
    gains = {"x_gain": inner, "dt_gain": rank, "out_gain": inner}
    vectors = {
        **_convolution(read, inner),
        "a": np.ascontiguousarray(_decays(read.vector("mixer.A_log", inner, state)).T),
        "d": read.vector("mixer.D", inner),
        **{name: np.ones(columns, np.float32) for name, columns in gains.items()},
    }
    norms = {"norm": read.norm("norm")}
    if shape.inner_epsilon is not None:
        norms |= {"steps": _unit(rank), "state": _unit(state)}
    return Parts(matrices, norms, vectors)


def _unit(columns: int) -> Vectors:
    """Return a norm without parameters."""
    return Vectors(np.ones(columns, np.float32), np.zeros(columns, np.float32), is_stored=False)


def _equal_mamba(parts: Parts[Linear]) -> Parts[Linear]:
    matrices, norms = dict(parts.matrices), dict(parts.norms)
    vectors = dict(parts.vectors)
    _behind(norms, "norm", matrices, ["in"])
    for name in ("x", "dt", "out"):
        factors = factors_for(columns_of(matrices[name]))
        matrices[name] = by_column(matrices[name], factors)
        vectors[f"{name}_gain"] = (1 / factors).astype(np.float32)
    return Parts(matrices, norms, vectors)


def _mamba2(read: PartReader) -> Parts[Linear]:
    shape = read.shape
    inner, width, heads = shape.inner, shape.width, shape.heads
    convolved = inner + 2 * shape.groups * shape.state
    matrices = {
        "in": read.matrix("mixer.in_proj", inner + convolved + heads, width),
        "out": read.matrix("mixer.out_proj", width, inner),
    }
    vectors = {
        **_convolution(read, convolved),
        "a": _decays(read.vector("mixer.A_log", heads)),
        "d": read.vector("mixer.D", heads),
        "dt_bias": read.vector("mixer.dt_bias", heads),
    }
    norms = {"norm": read.norm("norm"), "gated": read.norm("mixer.norm", inner)}
    return Parts(matrices, norms, vectors)


def _equal_mamba2(parts: Parts[Linear]) -> Parts[Linear]:
    matrices, norms = dict(parts.matrices), dict(parts.norms)
    _behind(norms, "norm", matrices, ["in"])
    _behind(norms, "gated", matrices, ["out"])
    return Parts(matrices, norms, parts.vectors)


def _rwkv(read: PartReader) -> Parts[Linear]:
    shape = read.shape
    inner, width, hidden = shape.inner, shape.width, shape.hidden
    matrices = {
        "k": read.matrix("attention.key", inner, width),
        "v": read.matrix("attention.value", inner, width),
        "r": read.matrix("attention.receptance", inner, width),
        "out": read.matrix("attention.output", width, inner),
        "up": read.matrix("feed_forward.key", hidden, width),
        "down": read.matrix("feed_forward.value", width, hidden),
        "gate": read.matrix("feed_forward.receptance", width, width),
    }

    def mixes(part: str, *kinds: str) -> Array:
        """Return the share of the position before."""
        shares = [read.vector(f"{part}.time_mix_{kind}", width) for kind in kinds]
        return np.float32(1) - np.stack(shares)

    vectors = {
        "mixes": mixes("attention", "key", "value", "receptance"),
        "mlp_mixes": mixes("feed_forward", "key", "receptance"),
        "decay": _decays(read.vector("attention.time_decay", inner)),
        "first": read.vector("attention.time_first", inner) * np.float32(LOG2E),
    }
    return Parts(matrices, {"norm": read.norm("ln1"), "mlp_norm": read.norm("ln2")}, vectors)


def _equal_rwkv(parts: Parts[Linear]) -> Parts[Linear]:
    matrices, norms = dict(parts.matrices), dict(parts.norms)
    _between(matrices, "v", "out")
    _between(matrices, "up", "down", power=2)
    _behind(norms, "norm", matrices, ["k", "v", "r"])
    _behind(norms, "mlp_norm", matrices, ["up", "gate"])
    return Parts(matrices, norms, parts.vectors)


def _rwkv7(read: PartReader) -> Parts[Linear]:
    shape = read.shape
    width, hidden, heads = shape.width, shape.hidden, shape.heads
    matrices = {name: read.matrix(f"attn.{name}_proj", width, width) for name in "rkv"}
    matrices["out"] = read.matrix("attn.o_proj", width, width)
    for name in "wavg" if read.layer else "wag":
        lora = f"attn.{name}_lora.lora"
        rank = len(read.find(f"{read.prefix}{lora}.0.weight"))
        matrices[f"{name}1"] = read.matrix(f"{lora}.0", rank, width)
        matrices[f"{name}2"] = read.matrix(f"{lora}.2", width, rank)
    matrices["up"] = read.matrix("ffn.key", hidden, width)
    matrices["down"] = read.matrix("ffn.value", width, hidden)
    norms = {
        "norm": read.norm("attn_norm"),
        "mlp_norm": read.norm("ffn_norm"),
        "heads": read.norm("attn.g_norm"),
    }
    vectors = {
        "mixes": np.stack([read.vector(f"attn.x_{name}", width) for name in "rwkvag"]),
        "mlp_mixes": read.vector("ffn.x_k", 1, width),
        "k_k": read.vector("attn.k_k", width),
        "k_a": read.vector("attn.k_a", width),
        "r_k": read.vector("attn.r_k", heads, shape.head_dim).reshape(width),
    }
    return Parts(matrices, norms, vectors)


def _equal_rwkv7(parts: Parts[Linear]) -> Parts[Linear]:
    matrices, norms = dict(parts.matrices), dict(parts.norms)
    first = [name for name in ("r", "k", "v", "w1", "a1", "v1", "g1") if name in matrices]
    for name in ("a", "v"):
        if f"{name}1" in matrices:
            _between(matrices, f"{name}1", f"{name}2")
    _between(matrices, "g2", "out")
    _between(matrices, "up", "down", power=2)
    _behind(norms, "norm", matrices, first)
    _behind(norms, "mlp_norm", matrices, ["up"])
    return Parts(matrices, norms, parts.vectors)


def _behind(
    norms: dict[str, Vectors], norm: str, matrices: dict[str, Linear], names: Sequence[str]
) -> None:
    """Equalise the columns of projections that read what a norm gives."""
    scaled, linears = behind(norms[norm], [matrices[name] for name in names])
    assert scaled is not None
    norms[norm] = scaled
    matrices.update(zip(names, linears, strict=True))


def _between(matrices: dict[str, Linear], first: str, second: str, power: int = 1) -> None:
    """Equalise what is between two projections, or its square of what is positive."""
    factors = factors_for(columns_of(matrices[second]))
    if power == 2:
        exponents = np.frexp(factors)[1] - 1
        rows = np.ldexp(np.float32(1), exponents // 2).astype(np.float32)
    else:
        rows = factors
    matrices[second] = by_column(matrices[second], rows**power)
    matrices[first] = by_row(matrices[first], (1 / rows).astype(np.float32))


Layer = Callable[[PartReader], Parts[Linear]]
Equaliser = Callable[[Parts[Linear]], Parts[Linear]]
FAMILIES: Mapping[str, tuple[_Names, Layer, Equaliser]] = {
    "mamba": (MAMBA, _mamba, _equal_mamba),
    "falcon_mamba": (MAMBA, _mamba, _equal_mamba),
    "mamba2": (MAMBA, _mamba2, _equal_mamba2),
    "rwkv": (RWKV, _rwkv, _equal_rwkv),
    "rwkv7": (RWKV7, _rwkv7, _equal_rwkv7),
}
"""Names, how a layer is read, and how it is equalised."""

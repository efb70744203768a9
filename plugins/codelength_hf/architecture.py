"""What config.json says of a decoder-only transformer."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codelength import UsageError

Activation = Literal["gelu", "gelu_tanh", "silu", "relu", "relu2"]
Config = Mapping[str, Any]

ACTIVATIONS: Mapping[str, Activation] = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
    "relu2": "relu2",
}
"""Names in transformers → names here."""


@dataclass(frozen=True)
class Rotary:
    """Rotary positions over the first `columns` of each head, `base` to the power of the column.

    `scaling` is what the config says of longer contexts.
    """

    columns: int
    base: float
    scaling: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Architecture:
    """One decoder-only transformer. Biases are not listed: a missing one is zero."""

    family: str
    vocabulary: int
    width: int
    layers: int
    heads: int
    key_heads: int
    head_dim: int
    hidden: int
    context: int
    norm: Literal["layer", "rms"]
    epsilon: float
    activation: Activation
    gated: bool
    """The MLP is activation(gate) · up, not activation(up)."""
    parallel: bool
    """Attention and MLP of a block both read its input; else one after the other."""
    qk_norms: bool
    """Each query and each key has an RMS norm of its own, before it is rotated."""
    rotary: Rotary | None
    """None for learned positions."""
    begin: int
    """The token in front of the first one."""


class UnknownArchitecture(UsageError):
    """The exact executor does not know the architecture; `exact=false` runs it in floats."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"no exact execution for {what}; exact=false runs the model in floating point, "
            "for decoding on the same machine"
        )


def read_architecture(config: Config) -> Architecture:
    """Return the architecture that a config describes. Raises UnknownArchitecture."""
    family = str(config.get("model_type"))
    if family not in FAMILIES:
        raise UnknownArchitecture(f"model_type {family!r} (there is for {', '.join(FAMILIES)})")
    if config.get("quantization_config"):
        raise UnknownArchitecture("weights that were quantised by others (quantization_config)")
    try:
        shape = FAMILIES[family](config)
    except KeyError as error:
        raise UsageError(f"config.json of this {family} model does not say {error}") from error
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"config.json of this {family} model is not valid: {error}") from error
    counts = (shape.width, shape.layers, shape.heads, shape.key_heads, shape.head_dim)
    if min(*counts, shape.hidden, shape.context, shape.vocabulary) < 1 or (
        shape.heads % shape.key_heads
    ):
        raise UsageError(f"config.json of this {family} model is not valid: {shape}")
    return shape


def _neox(config: Config) -> Architecture:
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    part = _rope(config).get("partial_rotary_factor", config.get("rotary_pct", 0.25))
    return Architecture(
        family="gpt_neox",
        vocabulary=config["vocab_size"],
        width=config["hidden_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        key_heads=config["num_attention_heads"],
        head_dim=head_dim,
        hidden=config["intermediate_size"],
        context=config["max_position_embeddings"],
        norm="layer",
        epsilon=config.get("layer_norm_eps", 1e-5),
        activation=_activation(config.get("hidden_act", "gelu")),
        gated=False,
        parallel=config.get("use_parallel_residual", True),
        qk_norms=False,
        rotary=_rotary(int(head_dim * part), "rotary_emb_base", config),
        begin=first_token(config),
    )


def _llama(config: Config) -> Architecture:
    """Read the config of Llama, and of models that differ little from it.

    They differ in biases, in norms of heads, and in layers with a sliding window. In a context of
    the length of that window such layers see all.
    """
    heads = config["num_attention_heads"]
    qwen3 = config["model_type"] == "qwen3"
    head_dim = config.get("head_dim") or (128 if qwen3 else config["hidden_size"] // heads)
    return Architecture(
        family=config["model_type"],
        vocabulary=config["vocab_size"],
        width=config["hidden_size"],
        layers=config["num_hidden_layers"],
        heads=heads,
        key_heads=config.get("num_key_value_heads") or heads,
        head_dim=head_dim,
        hidden=config["intermediate_size"],
        context=min(config["max_position_embeddings"], _sliding(config)),
        norm="rms",
        epsilon=config.get("rms_norm_eps", 1e-6),
        activation=_activation(config.get("hidden_act", "silu")),
        gated=True,
        parallel=False,
        qk_norms=qwen3,
        rotary=_rotary(head_dim, "rope_theta", config),
        begin=first_token(config),
    )


def _gpt2(config: Config) -> Architecture:
    if config.get("scale_attn_by_inverse_layer_idx") or not config.get("scale_attn_weights", True):
        raise UnknownArchitecture("a gpt2 with attention scaled by layer, or not at all")
    return Architecture(
        family="gpt2",
        vocabulary=config["vocab_size"],
        width=config["n_embd"],
        layers=config["n_layer"],
        heads=config["n_head"],
        key_heads=config["n_head"],
        head_dim=config["n_embd"] // config["n_head"],
        hidden=config.get("n_inner") or 4 * config["n_embd"],
        context=config["n_positions"],
        norm="layer",
        epsilon=config.get("layer_norm_epsilon", 1e-5),
        activation=_activation(config.get("activation_function", "gelu_new")),
        gated=False,
        parallel=False,
        qk_norms=False,
        rotary=None,
        begin=first_token(config),
    )


FAMILIES: Mapping[str, Callable[[Config], Architecture]] = {
    "gpt2": _gpt2,
    "gpt_neox": _neox,
    "llama": _llama,
    "mistral": _llama,
    "qwen2": _llama,
    "qwen3": _llama,
}
"""By the model_type of transformers."""


def _activation(name: str) -> Activation:
    if name not in ACTIVATIONS:
        raise UnknownArchitecture(
            f"the activation {name!r} (there is for {', '.join(ACTIVATIONS)})"
        )
    return ACTIVATIONS[name]


def _rope(config: Config) -> Config:
    """Return the settings of rotary positions. The older name goes first, as in transformers."""
    said: Config = config.get("rope_scaling") or config.get("rope_parameters") or {}
    return said


def _rotary(columns: int, older_name: str, config: Config) -> Rotary:
    """`older_name` is that of the base, where the config does not say it with the rest."""
    if columns % 2 or not columns:
        raise UnknownArchitecture(f"rotary positions over {columns} columns of a head")
    rope = _rope(config)
    base = float(rope.get("rope_theta", config.get(older_name, 10000)))
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind not in ("default", "linear", "llama3"):
        raise UnknownArchitecture(f"rotary positions scaled as {kind!r}")
    if kind == "default":
        return Rotary(columns, base)
    longest = "original_max_position_embeddings"
    before = config.get(longest, rope.get(longest, config["max_position_embeddings"]))
    return Rotary(columns, base, {**rope, "rope_type": kind, longest: before})


def _sliding(config: Config) -> int:
    """Return the window of sliding layers; sys.maxsize if there are none."""
    used = config.get("use_sliding_window", config["model_type"] == "mistral")
    window = config.get("sliding_window", 4096) if used else None
    return sys.maxsize if window is None else int(window)


def first_token(config: Config) -> int:
    """Return the token for the beginning of a text.

    A model without one was trained with the end token between texts, which is returned then.
    """
    for name in ("bos_token_id", "eos_token_id"):
        token = config.get(name)
        token = (token or [None])[0] if isinstance(token, list) else token
        if isinstance(token, int) and 0 <= token < config["vocab_size"]:
            return int(token)
    return 0

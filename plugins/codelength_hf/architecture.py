"""A decoder-only transformer, described by switches.

`families` makes this description of a config.json; `reading` and `transformer` follow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class Attending:
    """How one layer attends."""

    rotary: Rotary | None = None
    """None for a layer without, or with learned positions."""
    window: int | None = None
    """The positions that it sees, its own among them; None for all."""
    scale: float | None = None
    """What scores are multiplied by; None for 1 / √head_dim."""


@dataclass(frozen=True)
class Experts:
    """MLPs of which a router chooses some for each position."""

    count: int
    chosen: int
    hidden: int
    normalised: bool
    """The weights of the chosen ones sum to one."""
    shared: int
    """The hidden columns of an MLP that is always added, behind a gate; 0 for none."""
    layers: frozenset[int]
    """The layers that have them."""


@dataclass(frozen=True)
class Names:
    """What tensors are called in a checkpoint. Layers have their number for {}.

    An empty name is a part that the architecture has not.
    """

    base: str = "model."
    """In front of all but the head; some checkpoints lack it."""
    tokens: str = "embed_tokens"
    positions: str = ""
    first_position: int = 0
    """Rows of the positions that are never used."""
    project_in: str = ""
    token_norm: str = ""
    layer: str = "layers.{}."
    attention_norm: str = "input_layernorm"
    qkv: tuple[str, ...] = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    fused: Literal["joined", "heads", "groups", "quarters"] = "joined"
    """How one matrix holds all three: one after the other; query, key and value of each head; the
    queries that share a key, the key and the value; queries, values and keys of a quarter of the
    heads."""
    qk_norms: tuple[str, ...] = ("self_attn.q_norm", "self_attn.k_norm")
    out: str = "self_attn.o_proj"
    attention_post: str = ""
    mlp_norm: str = "post_attention_layernorm"
    up: tuple[str, ...] = ("mlp.gate_proj", "mlp.up_proj")
    down: str = "mlp.down_proj"
    mlp_post: str = ""
    router: str = "mlp.gate"
    experts: str = "mlp.experts."
    expert_up: tuple[str, ...] = ("gate_proj", "up_proj")
    expert_down: str = "down_proj"
    last_norm: str = "norm"
    project_out: str = ""
    head: tuple[str, ...] = ("lm_head",)
    transposed: bool = False
    """Matrices are stored as (inputs, outputs)."""


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
    begin: int
    """The token in front of the first one."""
    attending: tuple[Attending, ...]
    """Of each layer."""
    names: Names = field(default_factory=Names, repr=False)
    parallel: bool = False
    """Attention and MLP of a block both read its input; else one after the other."""
    gains: Literal["stored", "less one", "none"] = "stored"
    """How gains of norms are stored."""
    norm_sum: bool = False
    """A norm behind a part takes the sum of input and part, not the part alone."""
    qk_norms: Literal["head", "row"] | None = None
    """Norms of each query and each key, or of all queries of a position and of all keys."""
    qk_norms_last: bool = False
    """They come after the rotation."""
    pairs: Literal["halves", "adjacent", "turned"] = "halves"
    """The columns that are rotated together: of the two halves; side by side; of the two halves,
    the other way round."""
    alibi: Literal["bloom", "falcon", "mpt"] | None = None
    """Scores grow with the position of the key."""
    alibi_most: float = 8
    """The logarithm of the smallest slope of `mpt`."""
    clip: float | None = None
    """The largest magnitude of queries, keys and values."""
    score_cap: float | None = None
    """Scores s become cap · tanh(s / cap)."""
    logit_cap: float | None = None
    """Logits do, too."""
    embedding_scale: float = 1
    residual_scale: float = 1
    logit_scale: float = 1
    embedding_width: int | None = None
    """Columns of the table of tokens, where a projection follows."""
    experts: Experts | None = None
    tied: bool = False
    """The head is the table of tokens, if the checkpoint has no other."""


OWN_CODE = (
    "a model with code of its own (auto_map), which is never run here; give a version of it for a "
    "model_type that transformers knows"
)


class UnknownArchitecture(UsageError):
    """The exact executor does not know the architecture; `exact=false` runs it in floats."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"no exact execution for {what}; exact=false runs the model in floating point, "
            "for decoding on the same machine"
        )


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

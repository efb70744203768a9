"""What the config.json of a model with a recurrent state says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import Any, Literal

from codelength import UsageError
from codelength_hf.architecture import Architecture, Config, UnknownArchitecture, first_token
from codelength_hf.families import RECURRENT, check_runnable, is_tied, read_architecture


@dataclass(frozen=True)
class Recurrent:
    """A model of layers with a state."""

    family: str
    vocabulary: int
    width: int
    layers: int
    norm: Literal["layer", "rms"]
    epsilon: float
    begin: int
    """The token in front of the first one."""
    inner: int
    """Columns of what is recurrent."""
    tied: bool = False
    """The head is the table of tokens, if the checkpoint has no other."""
    hidden: int = 0
    """Columns of the MLP of RWKV."""
    heads: int = 1
    """Parts of the columns, each with a decay (Mamba-2) or a matrix (RWKV-7) of its own."""
    state: int = 1
    """Numbers that Mamba remembers for each column."""
    groups: int = 1
    """Heads of a group are written and read alike."""
    kernel: int = 4
    """Positions that Mamba's convolution sees."""
    rank: int = 0
    """Columns of which Mamba makes its steps."""
    steps: tuple[float, float] = (0.0, inf)
    """Bounds of Mamba-2's steps."""
    inner_epsilon: float | None = None
    """Of the norms of what Mamba's steps, inputs and outputs are made of, as Falcon has them; of
    RWKV-7, that of the norm of each head."""

    @property
    def head_dim(self) -> int:
        """Return the columns of a head."""
        return self.inner // self.heads


def read_shape(config: Config) -> Architecture | Recurrent:
    """Return what a config describes. Raises UsageError."""
    family = str(config.get("model_type"))
    if family not in RECURRENT:
        return read_architecture(config)
    check_runnable(config)
    try:
        shape = READERS[family](config)
    except KeyError as error:
        raise UsageError(f"config.json of this {family} model does not say {error}") from error
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"config.json of this {family} model is not valid: {error}") from error
    counts = (shape.vocabulary, shape.width, shape.layers, shape.inner, shape.heads, shape.state)
    if min(*counts, shape.groups, shape.kernel - 1) < 1 or (
        shape.inner % shape.heads or shape.heads % shape.groups
    ):
        raise UsageError(f"config.json of this {family} model is not valid: {shape}")
    return shape


def _mamba(config: Config) -> Recurrent:
    width, rank = config["hidden_size"], config.get("time_step_rank", "auto")
    is_falcon = config["model_type"] == "falcon_mamba"
    return Recurrent(
        **_common(config, "rms"),
        inner=_inner(config),
        state=config.get("state_size", 16),
        kernel=config.get("conv_kernel", 4),
        rank=ceil(width / 16) if rank == "auto" else rank,
        inner_epsilon=config.get("mixer_rms_eps", 1e-6) if is_falcon else None,
    )


def _mamba2(config: Config) -> Recurrent:
    low, high = config.get("time_step_limit") or (0.0, inf)
    return Recurrent(
        **_common(config, "rms"),
        inner=_inner(config),
        heads=config.get("num_heads") or _inner(config) // config.get("head_dim", 64),
        state=config.get("state_size", 128),
        groups=config.get("n_groups", 8),
        kernel=config.get("conv_kernel", 4),
        steps=(_number(low), _number(high)),
    )


def _rwkv(config: Config) -> Recurrent:
    width = config["hidden_size"]
    return Recurrent(
        **_common(config, "layer"),
        inner=config.get("attention_hidden_size") or width,
        hidden=config.get("intermediate_size") or 4 * width,
    )


def _rwkv7(config: Config) -> Recurrent:
    width, size = config["hidden_size"], config.get("head_dim") or 64
    if config.get("attn"):
        raise UnknownArchitecture("an RWKV-7 with layers of attention")
    columns = config.get("value_dim") or width
    if columns not in (width, [width] * config["num_hidden_layers"]):
        raise UnknownArchitecture("an RWKV-7 whose values have other columns than its keys")
    common = _common({"layer_norm_epsilon": config.get("norm_eps", 1e-5), **config}, "layer")
    return Recurrent(
        **common,
        inner=width,
        hidden=config.get("intermediate_size") or int(config.get("hidden_ratio", 4) * width),
        heads=config.get("num_heads") or width // size,
        inner_epsilon=size * common["epsilon"],
    )


def _common(config: Config, norm: str) -> dict[str, Any]:
    return {
        "family": config["model_type"],
        "vocabulary": config["vocab_size"],
        "width": config["hidden_size"],
        "layers": config["num_hidden_layers"],
        "norm": norm,
        "epsilon": config.get("layer_norm_epsilon", 1e-5),
        "begin": first_token(config),
        "tied": is_tied(config),
    }


def _number(said: float | Mapping[str, str]) -> float:
    """Return a number; transformers writes infinity as {"__float__": "Infinity"}."""
    return float(said["__float__"] if isinstance(said, Mapping) else said)


def _inner(config: Config) -> int:
    return int(config.get("intermediate_size") or config.get("expand", 2) * config["hidden_size"])


def of_mamba_ssm(config: Config) -> Config:
    """Return what transformers would say of a config of the library `mamba_ssm`."""
    said = config["ssm_cfg"] or {}
    if config.get("attn_layer_idx") or config.get("d_intermediate"):
        raise UnknownArchitecture("a Mamba with layers of attention, or with an MLP")
    multiple = config.get("pad_vocab_size_multiple", 8)
    is_second = said.get("layer") == "Mamba2"
    return {
        "model_type": "mamba2" if is_second else "mamba",
        "hidden_size": config["d_model"],
        "num_hidden_layers": config["n_layer"],
        "vocab_size": -(-config["vocab_size"] // multiple) * multiple,
        "tie_word_embeddings": config.get("tie_embeddings", True),
        "expand": said.get("expand", 2),
        "state_size": said.get("d_state", 128 if is_second else 16),
        "conv_kernel": said.get("d_conv", 4),
        "head_dim": said.get("headdim", 64),
        "n_groups": said.get("ngroups", 1),
        "time_step_rank": said.get("dt_rank", "auto"),
        "bos_token_id": 0,
    }


READERS: Mapping[str, Callable[[Config], Recurrent]] = {
    "mamba": _mamba,
    "falcon_mamba": _mamba,
    "mamba2": _mamba2,
    "rwkv": _rwkv,
    "rwkv7": _rwkv7,
}
"""By model_type."""

"""The families of models, and what their config.json says of a decoder.

A family is an entry of FAMILIES: the names of its tensors, what it has otherwise than Llama, and a
function for what depends on the config.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any

from codelength import UsageError
from codelength_hf.architecture import (
    ACTIVATIONS,
    OWN_CODE,
    Activation,
    Architecture,
    Attending,
    Config,
    Experts,
    Names,
    Rotary,
    UnknownArchitecture,
    first_token,
)

Switches = dict[str, Any]
"""Fields of `Architecture`, and `attending` by layer."""


@dataclass(frozen=True)
class Family:
    """What models of one `model_type` have otherwise than Llama."""

    names: Names = field(default_factory=Names)
    switches: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[Config], Switches] = lambda _config: {}
    """What depends on the config; goes before `switches`."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a config.json means that does not say it."""


def read_architecture(config: Config) -> Architecture:
    """Return the architecture that a config describes. Raises UsageError."""
    family = str(config.get("model_type"))
    if family not in FAMILIES and config.get("auto_map"):
        raise UsageError(f"this is {OWN_CODE}")
    if family not in FAMILIES:
        known = ", ".join([*FAMILIES, *RECURRENT])
        raise UnknownArchitecture(f"model_type {family!r} (there is for {known})")
    check_runnable(config)
    try:
        shape = _read(FAMILIES[family], config)
    except KeyError as error:
        raise UsageError(f"config.json of this {family} model does not say {error}") from error
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"config.json of this {family} model is not valid: {error}") from error
    counts = (shape.width, shape.layers, shape.heads, shape.key_heads, shape.head_dim)
    windows = [one.window for one in shape.attending if one.window is not None]
    if min(*counts, shape.hidden, shape.context, shape.vocabulary, *windows) < 1 or (
        shape.heads % shape.key_heads
    ):
        raise UsageError(f"config.json of this {family} model is not valid: {shape}")
    return shape


def check_runnable(config: Config) -> None:
    """Raise UsageError if the weights are in a form that is not read."""
    quantised = config.get("quantization_config")
    method = quantised.get("quant_method") if isinstance(quantised, dict) else quantised
    if quantised and method != "fp8":  # `checkpoint` reads fp8
        raise UsageError(
            f"the weights of this model were quantised by others ({method}); give the model that "
            "they were made of, in floating point, or a GGUF file of it"
        )


def is_tied(config: Config) -> bool:
    """Return whether the table of tokens is the head, too."""
    kind = str(config.get("model_type"))
    family = FAMILIES.get(kind, Family())
    return bool({**family.defaults, **config}.get("tie_word_embeddings", RECURRENT.get(kind)))


SAID = {
    "width": ("hidden_size", "n_embd", "d_model", "n_embed"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads", "n_heads"),
    "hidden": ("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size"),
    "context": ("max_position_embeddings", "n_positions", "seq_length", "max_seq_len", "n_ctx"),
    "epsilon": ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"),
    "activation": ("hidden_activation", "hidden_act", "activation_function", "activation"),
}
"""What configs call the same thing."""


def _said(config: Config, what: str, default: float | str | None = None) -> Any:  # noqa: ANN401
    """Return what a config says under one of the names; they are of several types."""
    names = SAID[what]
    for name in names:
        if config.get(name) is not None:
            return config[name]
    if default is None:
        raise KeyError(names[0])
    return default


def _read(family: Family, config: Config) -> Architecture:
    """Read what most configs say in the same way, then what this family has otherwise."""
    said = {k: v for k, v in config.items() if v is not None or k in family.defaults}
    config = {**family.defaults, **said}
    width, layers, heads = (_said(config, what) for what in ("width", "layers", "heads"))
    head_dim = config.get("head_dim") or width // heads
    found: Switches = {
        "family": config["model_type"],
        "vocabulary": config["vocab_size"],
        "width": width,
        "layers": layers,
        "heads": heads,
        "key_heads": config.get("num_key_value_heads") or heads,
        "head_dim": head_dim,
        "hidden": _said(config, "hidden", 4 * width),
        "context": _said(config, "context"),
        "norm": "rms",
        "epsilon": _said(config, "epsilon", 1e-6),
        "activation": _activation(_said(config, "activation", "silu")),
        "gated": True,
        "begin": first_token(config),
        "names": family.names,
        "tied": is_tied(config),
        **family.switches,
    }
    found |= family.read(config)
    if "attending" not in found:
        part = _rope(config).get("partial_rotary_factor", config.get("partial_rotary_factor", 1))
        rotary = _rotary(int(found["head_dim"] * part), config)
        found["attending"] = [
            Attending(rotary, window, found.get("scale")) for window in _windows(config, layers)
        ]
    found.pop("scale", None)
    found["attending"] = tuple(found["attending"])
    return Architecture(**found)


def _activation(name: str) -> Activation:
    if name not in ACTIVATIONS:
        raise UnknownArchitecture(
            f"the activation {name!r} (there is for {', '.join(ACTIVATIONS)})"
        )
    return ACTIVATIONS[name]


SCALED = ("linear", "llama3", "yarn", "longrope", "su")
"""Kinds of scaled rotary positions that `positions` computes."""


def _rope(config: Config) -> Config:
    """Return the settings of rotary positions. The older name goes first, as in transformers."""
    said: Config = config.get("rope_scaling") or config.get("rope_parameters") or {}
    return said


def _rotary(columns: int, config: Config, rope: Config | None = None) -> Rotary:
    """Return the rotation of so many columns; `rope` is what the config says if not of all."""
    if columns % 2 or not columns:
        raise UnknownArchitecture(f"rotary positions over {columns} columns of a head")
    rope = _rope(config) if rope is None else rope
    older = config.get("rope_theta", config.get("rotary_emb_base", 10000))
    base = float(rope.get("rope_theta", older))
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind in ("default", "dynamic"):  # dynamic ones differ beyond the context only
        return Rotary(columns, base)
    if kind not in SCALED:
        raise UnknownArchitecture(f"rotary positions scaled as {kind!r}")
    longest, most = "original_max_position_embeddings", _said(config, "context")
    before = config.get(longest, rope.get(longest, most))
    kind = "longrope" if kind == "su" else kind
    scaling = {**rope, "rope_type": kind, longest: before, "max_position_embeddings": most}
    return Rotary(columns, base, scaling)


def _windows(config: Config, layers: int) -> list[int | None]:
    """Return the window of each layer, as `layer_types` or older settings say."""
    window = config.get("sliding_window")
    if not window or not config.get("use_sliding_window", True):
        return [None] * layers
    types = config.get("layer_types")
    if types is None:
        first = config.get("max_window_layers", 0) if "use_sliding_window" in config else 0
        return [int(window) if layer >= first else None for layer in range(layers)]
    if len(types) != layers:
        raise ValueError(f"layer_types has {len(types)} entries, not {layers}")
    return [int(window) if kind == "sliding_attention" else None for kind in types]


def _every(config: Config, pattern: int) -> list[str]:
    """Return layer_types where all layers but each `pattern`-th have a sliding window."""
    said = config.get("layer_types")
    if said is not None:
        return list(said)
    count = config["num_hidden_layers"]
    pattern = config.get("sliding_window_pattern", config.get("_sliding_window_pattern", pattern))
    return ["sliding_attention" if (i + 1) % pattern else "full_attention" for i in range(count)]


def _qwen3(config: Config) -> Switches:
    return {"head_dim": config.get("head_dim") or 128, "qk_norms": "head"}


def _neox(config: Config) -> Switches:
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    part = _rope(config).get("partial_rotary_factor", config.get("rotary_pct", 0.25))
    return {
        "parallel": config.get("use_parallel_residual", True),
        "attending": [Attending(_rotary(int(head_dim * part), config))]
        * config["num_hidden_layers"],
    }


def _gpt2(config: Config) -> Switches:
    width, layers = _said(config, "width"), _said(config, "layers")
    scale = 1.0
    if config.get("scale_attn_weights", True):
        scale = 1 / sqrt(width // _said(config, "heads"))
    scales = [scale] * layers
    if config.get("scale_attn_by_inverse_layer_idx"):
        scales = [scale / (layer + 1) for layer in range(layers)]
    elif config.get("scale_attn_weights", True):
        return {"attending": [Attending()] * layers}
    return {"attending": [Attending(scale=scale) for scale in scales]}


def _bigcode(config: Config) -> Switches:
    is_single = config.get("multi_query", True)
    names = replace(GPT2, transposed=False, fused="joined" if is_single else "heads")
    key_heads = 1 if is_single else _said(config, "heads")
    return {**_gpt2(config), "names": names, "key_heads": key_heads}


def _gpt_neo(config: Config) -> Switches:
    kinds = config.get("attention_layers")
    if kinds is None:
        kinds = [kind for part, times in config["attention_types"] for kind in part * times]
    window = config.get("window_size", 256)
    return {
        "attending": [Attending(None, window if kind == "local" else None, 1.0) for kind in kinds]
    }


def _gptj(config: Config) -> Switches:
    head_dim = _said(config, "width") // _said(config, "heads")
    rotary = _rotary(config.get("rotary_dim") or head_dim, config)
    return {"attending": [Attending(rotary)] * _said(config, "layers")}


def _opt(config: Config) -> Switches:
    before = config.get("do_layer_norm_before", True)
    has_last = before and not config.get("_remove_final_layer_norm")
    names = OPT if has_last else replace(OPT, last_norm="")
    if not before:
        names = replace(
            names,
            attention_norm="",
            mlp_norm="",
            attention_post=OPT.attention_norm,
            mlp_post=OPT.mlp_norm,
        )
    found: Switches = {
        "names": names,
        "norm_sum": not before,
        "key_heads": config["num_attention_heads"],
        "hidden": config["ffn_dim"],
    }
    found["attending"] = [Attending()] * config["num_hidden_layers"]
    if config.get("layer_norm_elementwise_affine") is False:
        found["gains"] = "none"
    columns = config.get("word_embed_proj_dim", config["hidden_size"])
    if columns != config["hidden_size"]:
        found["embedding_width"] = columns
        found["names"] = replace(names, project_in="project_in", project_out="project_out")
    return found


def _bloom(config: Config) -> Switches:
    if config.get("apply_residual_connection_post_layernorm"):
        raise UnknownArchitecture("a bloom with apply_residual_connection_post_layernorm")
    hidden = 4 * _said(config, "width")
    return {"attending": [Attending()] * _said(config, "layers"), "hidden": hidden}


def _falcon(config: Config) -> Switches:
    heads, layers = config["num_attention_heads"], config["num_hidden_layers"]
    is_new, is_single = config.get("new_decoder_architecture"), config.get("multi_query", True)
    parallel = bool(is_new or config.get("parallel_attn", True))
    norms = config.get("num_ln_in_parallel_attn", 2 if is_new else 1)
    names = FALCON
    if is_new and norms == 2:
        names = replace(names, attention_norm="ln_attn", mlp_norm="ln_mlp")
    elif parallel:
        names = replace(names, mlp_norm="")
    if not is_new:
        names = replace(names, fused="joined" if is_single else "heads")
    key_heads = config.get("num_kv_heads", heads) if is_new else 1 if is_single else heads
    rotary = None
    if not config.get("alibi"):
        rotary = _rotary(config["hidden_size"] // heads, config)
    return {
        "names": names,
        "parallel": parallel,
        "key_heads": key_heads,
        "hidden": config.get("ffn_hidden_size") or 4 * config["hidden_size"],
        "alibi": "falcon" if config.get("alibi") else None,
        "attending": [Attending(rotary)] * layers,
    }


def _mpt(config: Config) -> Switches:
    said = config.get("attn_config") or {}
    if said.get("qk_ln") or not config.get("no_bias", True) or said.get("prefix_lm"):
        raise UnknownArchitecture("an mpt with qk_ln, prefix_lm or biases")
    scale, has_alibi = said.get("softmax_scale"), said.get("alibi", True)
    if not has_alibi:
        raise UnknownArchitecture("an mpt without ALiBi")
    return {
        "attending": [Attending(scale=scale)] * _said(config, "layers"),
        "hidden": config.get("expansion_ratio", 4) * _said(config, "width"),
        "alibi": "mpt",
        "alibi_most": said.get("alibi_bias_max", 8),
        "clip": said.get("clip_qkv"),
    }


def _gemma(config: Config) -> Switches:
    return {"embedding_scale": sqrt(config["hidden_size"])}


def _gemma2(config: Config) -> Switches:
    types = {"layer_types": _every(config, 2)}
    scale = 1 / sqrt(config["query_pre_attn_scalar"])
    rotary = _rotary(config["head_dim"], config)
    windows = _windows({**config, **types}, config["num_hidden_layers"])
    return {
        **_gemma(config),
        "score_cap": config["attn_logit_softcapping"] or None,
        "logit_cap": config["final_logit_softcapping"] or None,
        "attending": [Attending(rotary, window, scale) for window in windows],
    }


def _gemma3(config: Config) -> Switches:
    """The layers with a window rotate by another base than the others."""
    types = _every(config, 6)
    windows = _windows({**config, "layer_types": types}, len(types))
    said = config.get("rope_parameters") or {}
    full = {"rope_theta": config.get("rope_theta", 1e6), **(config.get("rope_scaling") or {})}
    near = {"rope_theta": config.get("rope_local_base_freq", 1e4)}
    by_type = {
        "full_attention": said.get("full_attention") or full,
        "sliding_attention": said.get("sliding_attention") or near,
    }
    rotary = {kind: _rotary(config["head_dim"], config, rope) for kind, rope in by_type.items()}
    scale = 1 / sqrt(config["query_pre_attn_scalar"])
    return {
        **_gemma(config),
        "logit_cap": config.get("final_logit_softcapping"),
        "score_cap": config.get("attn_logit_softcapping"),
        "attending": [
            Attending(rotary[kind], window, scale)
            for kind, window in zip(types, windows, strict=True)
        ],
    }


def _phi(config: Config) -> Switches:
    return {"qk_norms": "head" if config.get("qk_layernorm") else None}


def _stablelm(config: Config) -> Switches:
    parallel = bool(config.get("use_parallel_residual"))
    return {
        "parallel": parallel,
        "names": replace(STABLELM, mlp_norm="" if parallel else STABLELM.mlp_norm),
        "qk_norms": "head" if config.get("qk_layernorm") else None,
    }


def _granite(config: Config) -> Switches:
    return {
        "scale": float(config.get("attention_multiplier", 1)),
        "embedding_scale": config.get("embedding_multiplier", 1),
        "residual_scale": config.get("residual_multiplier", 1),
        "logit_scale": 1 / config.get("logits_scaling", 1),
    }


def _cohere(config: Config) -> Switches:
    return {
        "logit_scale": config.get("logit_scale", 0.0625),
        "qk_norms": "head" if config.get("use_qk_norm") else None,
    }


def _cohere2(config: Config) -> Switches:
    """Only the layers with a window are rotated."""
    types = _every(config, 4)
    windows = _windows({**config, "layer_types": types}, len(types))
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    rotary = _rotary(head_dim, config)
    return {
        **_cohere(config),
        "head_dim": head_dim,
        "attending": [Attending(rotary if window else None, window) for window in windows],
    }


def _olmo(config: Config) -> Switches:
    return {"clip": config.get("clip_qkv")}


def _olmo3(config: Config) -> Switches:
    """Only the layers without a window have scaled positions."""
    types = _every(config, 4)
    windows = _windows({**config, "layer_types": types}, len(types))
    said = config.get("rope_parameters") or {}
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    base = {"rope_theta": config.get("rope_theta", 10000)}
    plain = said.get("sliding_attention", said if "rope_theta" in said else base)
    scaled = said.get("full_attention", {**base, **_rope(config)})
    near, far = _rotary(head_dim, config, plain), _rotary(head_dim, config, scaled)
    return {
        "attending": [Attending(near if window else far, window) for window in windows],
    }


def _exaone4(config: Config) -> Switches:
    """With a window in some layers, only these are rotated."""
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    rotary, layers = _rotary(head_dim, config), config["num_hidden_layers"]
    if not config.get("sliding_window"):
        return {"attending": [Attending(rotary)] * layers}
    windows = _windows({**config, "layer_types": _every(config, 4)}, layers)
    return {"attending": [Attending(rotary if window else None, window) for window in windows]}


def _smollm3(config: Config) -> Switches:
    layers = config["num_hidden_layers"]
    every = config.get("no_rope_layer_interval", 4)
    rotated = config.get("no_rope_layers") or [(i + 1) % every != 0 for i in range(layers)]
    types = config.get("layer_types") or [
        "full_attention" if rotates else "sliding_attention" for rotates in rotated
    ]
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    rotary = _rotary(head_dim, config)
    windows = _windows({"use_sliding_window": False, **config, "layer_types": types}, layers)
    return {
        "attending": [
            Attending(rotary if rotates else None, window)
            for rotates, window in zip(rotated, windows, strict=True)
        ]
    }


def _ministral3(config: Config) -> Switches:
    """Queries are scaled by their position, but not before the length of the first training."""
    rope = _rope(config)
    context = _said(config, "context")
    if rope.get("llama_4_scaling_beta"):
        context = min(context, rope.get("original_max_position_embeddings", context))
    return {"context": context}


def _nanochat(config: Config) -> Switches:
    return {"logit_cap": config.get("final_logit_softcapping")}


def _mixtral(config: Config) -> Switches:
    layers = frozenset(range(config["num_hidden_layers"]))
    count, chosen = config["num_local_experts"], config["num_experts_per_tok"]
    experts = Experts(count, chosen, config["intermediate_size"], True, 0, layers)
    return {"experts": experts}


def _moe(config: Config) -> Switches:
    step, dense = config.get("decoder_sparse_step", 1), config.get("mlp_only_layers") or []
    layers = [i for i in range(config["num_hidden_layers"]) if (i + 1) % step == 0]
    return {
        "experts": Experts(
            count=config.get("num_experts") or config["num_local_experts"],
            chosen=config["num_experts_per_tok"],
            hidden=config.get("moe_intermediate_size") or config["intermediate_size"],
            normalised=bool(config.get("norm_topk_prob")),
            shared=config.get("shared_expert_intermediate_size") or 0,
            layers=frozenset(layers) - frozenset(dense),
        )
    }


def _olmoe(config: Config) -> Switches:
    return {**_olmo(config), **_moe(config)}


def _qwen3_moe(config: Config) -> Switches:
    return {**_qwen3(config), **_moe(config)}


GPT2 = Names(
    base="transformer.",
    tokens="wte",
    positions="wpe",
    layer="h.{}.",
    attention_norm="ln_1",
    qkv=("attn.c_attn",),
    qk_norms=(),
    out="attn.c_proj",
    mlp_norm="ln_2",
    up=("mlp.c_fc",),
    down="mlp.c_proj",
    last_norm="ln_f",
    transposed=True,
)
GPT_NEO = replace(
    GPT2,
    qkv=tuple(f"attn.attention.{part}_proj" for part in "qkv"),
    out="attn.attention.out_proj",
    transposed=False,
)
GPTJ = replace(
    GPT2,
    positions="",
    qkv=tuple(f"attn.{part}_proj" for part in "qkv"),
    out="attn.out_proj",
    mlp_norm="",
    up=("mlp.fc_in",),
    down="mlp.fc_out",
    transposed=False,
)
CODEGEN = replace(GPTJ, qkv=("attn.qkv_proj",), fused="quarters")
NEOX = Names(
    base="gpt_neox.",
    tokens="embed_in",
    qkv=("attention.query_key_value",),
    fused="heads",
    qk_norms=(),
    out="attention.dense",
    up=("mlp.dense_h_to_4h",),
    down="mlp.dense_4h_to_h",
    last_norm="final_layer_norm",
    head=("embed_out", "lm_head"),
)
BLOOM = replace(
    NEOX,
    base="transformer.",
    tokens="word_embeddings",
    token_norm="word_embeddings_layernorm",
    layer="h.{}.",
    qkv=("self_attention.query_key_value",),
    out="self_attention.dense",
    last_norm="ln_f",
    head=("lm_head",),
)
FALCON = replace(BLOOM, token_norm="", fused="groups")
MPT = Names(
    base="transformer.",
    tokens="wte",
    layer="blocks.{}.",
    attention_norm="norm_1",
    qkv=("attn.Wqkv",),
    qk_norms=(),
    out="attn.out_proj",
    mlp_norm="norm_2",
    up=("ffn.up_proj",),
    down="ffn.down_proj",
    last_norm="norm_f",
)
OPT = Names(
    base="model.decoder.",
    positions="embed_positions",
    first_position=2,
    attention_norm="self_attn_layer_norm",
    qk_norms=(),
    out="self_attn.out_proj",
    mlp_norm="final_layer_norm",
    up=("fc1",),
    down="fc2",
    last_norm="final_layer_norm",
)
LLAMA = Names()
SANDWICH = replace(
    LLAMA,
    attention_post="post_attention_layernorm",
    mlp_norm="pre_feedforward_layernorm",
    mlp_post="post_feedforward_layernorm",
)
PHI = replace(
    LLAMA,
    qk_norms=("self_attn.q_layernorm", "self_attn.k_layernorm"),
    out="self_attn.dense",
    mlp_norm="",
    up=("mlp.fc1",),
    down="mlp.fc2",
    last_norm="final_layernorm",
)
PHI3 = replace(LLAMA, qkv=("self_attn.qkv_proj",), up=("mlp.gate_up_proj",))
STABLELM = replace(LLAMA, qk_norms=("self_attn.q_layernorm", "self_attn.k_layernorm"))
STARCODER2 = replace(LLAMA, up=("mlp.c_fc",), down="mlp.c_proj")
OLMO2 = replace(
    LLAMA,
    attention_norm="",
    attention_post="post_attention_layernorm",
    mlp_norm="",
    mlp_post="post_feedforward_layernorm",
)
GLM = replace(LLAMA, up=("mlp.gate_up_proj",))
GLM4 = replace(GLM, attention_post="post_self_attn_layernorm", mlp_post="post_mlp_layernorm")
HUNYUAN = replace(LLAMA, qk_norms=("self_attn.query_layernorm", "self_attn.key_layernorm"))
ARCEE = replace(LLAMA, up=("mlp.up_proj",))
COHERE = replace(LLAMA, mlp_norm="")
NANOCHAT = replace(LLAMA, token_norm="norm", up=("mlp.fc1",), down="mlp.fc2")
MIXTRAL = replace(
    LLAMA,
    router="block_sparse_moe.gate",
    experts="block_sparse_moe.experts.",
    expert_up=("w1", "w3"),
    expert_down="w2",
)

PLAIN: Mapping[str, Any] = {"norm": "layer", "gated": False}
"""GPT-2 and those before Llama."""
GPT: Mapping[str, Any] = {"layer_norm_epsilon": 1e-5, "activation_function": "gelu_new"}
TIED: Mapping[str, Any] = {"tie_word_embeddings": True}
UNIT: Mapping[str, Any] = {"gains": "less one"}
GEMMA: Mapping[str, Any] = {
    **TIED,
    "hidden_activation": "gelu_pytorch_tanh",
    "head_dim": 256,
}
GEMMA2: Mapping[str, Any] = {**GEMMA, "query_pre_attn_scalar": 256, "sliding_window": 4096}
CAPS: Mapping[str, Any] = {"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}
ADJACENT: Mapping[str, Any] = {"pairs": "adjacent"}
GLM_SAYS: Mapping[str, Any] = {
    "head_dim": 128,
    "rms_norm_eps": 1.5625e-07,
    "partial_rotary_factor": 0.5,
}
QWEN2: Mapping[str, Any] = {"use_sliding_window": False, "max_window_layers": 28}

FAMILIES: Mapping[str, Family] = {
    "gpt2": Family(GPT2, PLAIN, _gpt2, {**GPT, **TIED}),
    "gpt_neo": Family(GPT_NEO, PLAIN, _gpt_neo, {**GPT, **TIED}),
    "gpt_neox": Family(NEOX, PLAIN, _neox, {"layer_norm_eps": 1e-5, "hidden_act": "gelu"}),
    "gptj": Family(GPTJ, {**PLAIN, "parallel": True, "pairs": "adjacent"}, _gptj, GPT),
    "codegen": Family(CODEGEN, {**PLAIN, "parallel": True, "pairs": "adjacent"}, _gptj, GPT),
    "gpt_bigcode": Family(
        GPT2, PLAIN, _bigcode, {**GPT, **TIED, "activation_function": "gelu_pytorch_tanh"}
    ),
    "opt": Family(OPT, {**PLAIN, "epsilon": 1e-5}, _opt, {**TIED, "activation_function": "relu"}),
    "bloom": Family(
        BLOOM,
        {**PLAIN, "alibi": "bloom", "activation": "gelu_tanh"},
        _bloom,
        {**GPT, **TIED, "seq_length": 2048},
    ),
    "falcon": Family(
        FALCON,
        PLAIN,
        _falcon,
        {**TIED, "layer_norm_epsilon": 1e-5, "activation": "gelu", "seq_length": 2048},
    ),
    "mpt": Family(
        MPT,
        {**PLAIN, "activation": "gelu"},
        _mpt,
        {**TIED, "layer_norm_epsilon": 1e-5, "max_seq_len": 2048},
    ),
    "llama": Family(),
    "mistral": Family(defaults={"sliding_window": 4096}),
    "ministral": Family(defaults={"sliding_window": 4096}),
    "ministral3": Family(read=_ministral3),
    "mixtral": Family(MIXTRAL, {}, _mixtral),
    "qwen2": Family(defaults=QWEN2),
    "qwen2_moe": Family(read=_moe, defaults=QWEN2),
    "qwen3": Family(LLAMA, {}, _qwen3, QWEN2),
    "qwen3_moe": Family(LLAMA, {}, _qwen3_moe, QWEN2),
    "gemma": Family(LLAMA, UNIT, _gemma, GEMMA),
    "gemma2": Family(SANDWICH, UNIT, _gemma2, {**GEMMA2, **CAPS}),
    "gemma3_text": Family(SANDWICH, {**UNIT, "qk_norms": "head"}, _gemma3, GEMMA2),
    "phi": Family(
        PHI,
        {**PLAIN, "parallel": True},
        _phi,
        {"layer_norm_eps": 1e-5, "hidden_act": "gelu_new", "partial_rotary_factor": 0.5},
    ),
    "phi3": Family(PHI3, defaults={"rms_norm_eps": 1e-5}),
    "stablelm": Family(
        STABLELM,
        {"norm": "layer"},
        _stablelm,
        {"layer_norm_eps": 1e-5, "partial_rotary_factor": 0.25},
    ),
    "starcoder2": Family(
        STARCODER2,
        PLAIN,
        defaults={**TIED, "norm_epsilon": 1e-5, "hidden_act": "gelu_pytorch_tanh"},
    ),
    "olmo": Family(LLAMA, {"norm": "layer", "gains": "none", "epsilon": 1e-5}, _olmo),
    "olmo2": Family(OLMO2, {"qk_norms": "row"}, defaults={"rms_norm_eps": 1e-5}),
    "olmo3": Family(
        OLMO2,
        {"qk_norms": "row"},
        _olmo3,
        {"rms_norm_eps": 1e-5, "sliding_window": 4096},
    ),
    "olmoe": Family(LLAMA, {"qk_norms": "row"}, _olmoe, {"rms_norm_eps": 1e-5}),
    "granite": Family(read=_granite),
    "cohere": Family(
        COHERE,
        {"norm": "layer", "parallel": True, "pairs": "adjacent"},
        _cohere,
        {**TIED, "layer_norm_eps": 1e-5},
    ),
    "cohere2": Family(
        COHERE,
        {"norm": "layer", "parallel": True, "pairs": "adjacent"},
        _cohere2,
        {**TIED, "layer_norm_eps": 1e-5, "sliding_window": 4096},
    ),
    "smollm3": Family(LLAMA, {}, _smollm3, TIED),
    "nanochat": Family(
        NANOCHAT,
        {
            "gated": False,
            "gains": "none",
            "qk_norms": "head",
            "qk_norms_last": True,
            "pairs": "turned",
        },
        _nanochat,
        {"hidden_act": "relu2"},
    ),
    "seed_oss": Family(defaults={"head_dim": 128}),
    "arcee": Family(ARCEE, {"gated": False}, defaults={"hidden_act": "relu2"}),
    "nemotron": Family(
        ARCEE,
        {"norm": "layer", "gains": "less one", "gated": False},
        defaults={"hidden_act": "relu2", "norm_eps": 1e-5, "partial_rotary_factor": 0.5},
    ),
    "ernie4_5": Family(LLAMA, ADJACENT, defaults={**TIED, "head_dim": 128, "rms_norm_eps": 1e-5}),
    "exaone4": Family(OLMO2, {"qk_norms": "head"}, _exaone4, {"rms_norm_eps": 1e-5}),
    "glm": Family(GLM, ADJACENT, defaults=GLM_SAYS),
    "glm4": Family(GLM4, ADJACENT, defaults=GLM_SAYS),
    "helium": Family(LLAMA, ADJACENT, defaults={"head_dim": 128, "rms_norm_eps": 1e-8}),
    "hunyuan_v1_dense": Family(
        HUNYUAN,
        {"qk_norms": "head", "qk_norms_last": True},
        defaults={"rms_norm_eps": 1e-5},
    ),
}
"""By the model_type of transformers."""

RECURRENT: Mapping[str, bool] = {
    "mamba": True,
    "falcon_mamba": True,
    "mamba2": False,
    "rwkv": False,
    "rwkv7": False,
}
"""The model_types that `recurrent.shape` reads → whether the table of tokens is the head, too, if
a config does not say."""

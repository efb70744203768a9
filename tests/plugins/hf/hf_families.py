"""Small models of each family, in the shapes that its published models have."""

from pathlib import Path
from typing import Any

import hf_models as models
import torch
import transformers

from codelength_hf.architecture import Architecture
from codelength_hf.families import read_architecture

VOCABULARY = 400
TOKENS = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
LLAMA = {
    **TOKENS,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
WIDE = {**LLAMA, "head_dim": 24}
GPT = {**TOKENS, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 128}
BLOOM = {**TOKENS, "hidden_size": 64, "n_layer": 2, "n_head": 4}
FALCON = {**LLAMA, "num_kv_heads": 2, "new_decoder_architecture": True}
NEOX = {name: value for name, value in LLAMA.items() if name != "num_key_value_heads"}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
WINDOWS = {**LLAMA, "num_hidden_layers": 4, "sliding_window": 20}
LATER = {"rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 32}
LONG = {"long_factor": [1.0 + 0.5 * i for i in range(8)], "short_factor": [1.0] * 7 + [1.1]}

CASES: dict[str, list[dict[str, Any]]] = {
    "gpt2": [GPT, {**GPT, "scale_attn_by_inverse_layer_idx": True}],
    "gpt_neo": [
        {
            **TOKENS,
            "hidden_size": 64,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "max_position_embeddings": 128,
            "window_size": 20,
        }
    ],
    "gpt_neox": [NEOX, {**NEOX, "use_parallel_residual": False, "rotary_pct": 1.0}],
    "gptj": [{**GPT, "rotary_dim": 8}],
    "codegen": [{**GPT, "rotary_dim": 8}],
    "gpt_bigcode": [GPT, {**GPT, "multi_query": False}],
    "opt": [
        {**LLAMA, "ffn_dim": 96, "word_embed_proj_dim": 64},
        {**LLAMA, "ffn_dim": 96, "word_embed_proj_dim": 32, "do_layer_norm_before": False},
    ],
    "bloom": [BLOOM, {**BLOOM, "n_head": 6, "hidden_size": 96}],
    "falcon": [
        LLAMA,
        FALCON,
        {**FALCON, "num_ln_in_parallel_attn": 1},
        {**LLAMA, "alibi": True, "multi_query": False, "parallel_attn": False, "bias": True},
    ],
    "mpt": [
        {**TOKENS, "d_model": 64, "n_heads": 4, "n_layers": 2, "max_seq_len": 128},
        {
            **TOKENS,
            "d_model": 96,
            "n_heads": 6,
            "n_layers": 2,
            "max_seq_len": 128,
            "attn_config": {"clip_qkv": 1.5},
        },
    ],
    "llama": [
        LLAMA,
        {**LLAMA, "rope_parameters": {**LATER, "rope_type": "yarn"}},
        {**LLAMA, "rope_parameters": {**LATER, "rope_type": "dynamic"}},
        {**LLAMA, "rope_parameters": {**LATER, "rope_type": "linear"}},
    ],
    "mistral": [{**LLAMA, "sliding_window": 20}],
    "ministral": [
        {**WINDOWS, "layer_types": ["sliding_attention", "full_attention"] * 2, "head_dim": 16}
    ],
    "ministral3": [
        {
            **WIDE,
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 1e6,
                "factor": 4.0,
                "original_max_position_embeddings": 128,
                "max_position_embeddings": 512,
                "beta_fast": 32.0,
                "beta_slow": 1.0,
                "mscale": 1.0,
                "mscale_all_dim": 1.0,
                "llama_4_scaling_beta": 0.1,
            },
        }
    ],
    "mixtral": [{**LLAMA, "num_local_experts": 4, "num_experts_per_tok": 2}],
    "qwen2": [LLAMA, {**WINDOWS, "use_sliding_window": True, "max_window_layers": 2}],
    "qwen2_moe": [
        {**LLAMA, **EXPERTS, "shared_expert_intermediate_size": 48},
        {**LLAMA, **EXPERTS, "decoder_sparse_step": 2, "norm_topk_prob": True},
    ],
    "qwen3": [WIDE],
    "qwen3_moe": [{**WIDE, **EXPERTS, "norm_topk_prob": True}],
    "gemma": [WIDE],
    "gemma2": [{**WIDE, "sliding_window": 20, "query_pre_attn_scalar": 16}],
    "gemma3_text": [
        {**WIDE, "num_hidden_layers": 7, "sliding_window": 20, "query_pre_attn_scalar": 16}
    ],
    "phi": [LLAMA, {**LLAMA, "qk_layernorm": True}],
    "phi3": [
        {**LLAMA, "sliding_window": 20},
        {
            **LLAMA,
            "original_max_position_embeddings": 32,
            "rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0, **LONG},
        },
    ],
    "stablelm": [LLAMA, {**LLAMA, "qk_layernorm": True, "use_parallel_residual": True}],
    "starcoder2": [{**LLAMA, "sliding_window": 20}],
    "olmo": [LLAMA, {**LLAMA, "clip_qkv": 1.5}],
    "olmo2": [LLAMA],
    "olmo3": [{**WINDOWS}],
    "olmoe": [
        {**LLAMA, "num_experts": 4, "num_experts_per_tok": 2, "clip_qkv": 1.0},
    ],
    "granite": [
        {
            **LLAMA,
            "embedding_multiplier": 3.0,
            "logits_scaling": 0.5,
            "residual_multiplier": 0.4,
            "attention_multiplier": 0.1,
        }
    ],
    "cohere": [
        {**LLAMA, "logit_scale": 1.2},
        {**LLAMA, "logit_scale": 0.9, "use_qk_norm": True},
    ],
    "cohere2": [{**WINDOWS, "logit_scale": 0.9}],
    "smollm3": [{**LLAMA, "num_hidden_layers": 4}],
    "nanochat": [LLAMA],
    "seed_oss": [WIDE],
    "arcee": [LLAMA],
    "nemotron": [LLAMA, {**WIDE, "partial_rotary_factor": 1.0}],
    "ernie4_5": [WIDE],
    "exaone4": [LLAMA, WINDOWS],
    "glm": [WIDE],
    "glm4": [WIDE],
    "helium": [{**LLAMA, "head_dim": 16}],
    "hunyuan_v1_dense": [WIDE],
}
"""model_type → configs."""

ALL = {
    f"{family} {i}" if i else family: (family, case)
    for family, cases in CASES.items()
    for i, case in enumerate(cases)
}
"""One entry for each config."""


def made(family: str, case: dict[str, Any], *, is_shaken: bool = True) -> Any:
    """A random model."""
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(family, **case)
    model = transformers.AutoModelForCausalLM.from_config(config).float().eval()
    if family == "nemotron":  # its class begins with gains of 2, which no trained model has
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter -= float(name.endswith("norm.weight"))
    return models.shaken(model) if is_shaken else model


def exact_part(model: Any) -> Architecture:
    """What its config says."""
    return read_architecture({**model.config.to_dict(), "model_type": model.config.model_type})


START, END = "<!-- families: tests/plugins/hf/hf_families.py writes these lines -->", "<!-- -->"


def table() -> str:
    """The families and their switches, in Markdown, from the configs above."""
    lines = ["| `model_type` | norms | positions | attention | MLP |", "|---|---|---|---|---|"]
    for family, cases in CASES.items():
        shapes = [exact_part(made(family, case, is_shaken=False)) for case in cases]
        cells = [
            list(dict.fromkeys(cell(shape) for shape in shapes))
            for cell in (_norms, _positions, _attention, _mlp)
        ]
        columns = [" or ".join(filter(None, cell)) for cell in cells]
        lines.append(f"| {family} | {' | '.join(columns)} |")
    return "\n".join(lines) + "\n"


def _norms(shape: Architecture) -> str:
    kind = {"layer": "layer", "rms": "RMS"}[shape.norm]
    kind += {"stored": "", "less one": ", 1 + gain", "none": ", no gain"}[shape.gains]
    before, after = shape.names.attention_norm, shape.names.attention_post
    place = "of the sum" if shape.norm_sum else "before and after" if before and after else ""
    return ", ".join(filter(None, [kind, place or ("" if before else "after")]))


def _positions(shape: Architecture) -> str:
    rotary = next((one.rotary for one in shape.attending if one.rotary), None)
    if shape.alibi:
        return "ALiBi"
    if rotary is None:
        return "learned"
    said = ["rotary" if rotary.scaling is None else f"rotary ({rotary.scaling['rope_type']})"]
    if rotary.columns < shape.head_dim:
        said.append("of a part")
    if any(one.rotary is None for one in shape.attending):
        said.append("not in all layers")
    return ", ".join(said)


def _attention(shape: Architecture) -> str:
    said = []
    if shape.key_heads < shape.heads:
        said.append("one key head" if shape.key_heads == 1 else "shared keys")
    if shape.qk_norms:
        said.append("norms of queries and keys")
    if any(one.window for one in shape.attending):
        said.append("windows")
    if shape.score_cap:
        said.append("capped scores")
    if shape.clip:
        said.append("clipped")
    return ", ".join(said)


def _mlp(shape: Architecture) -> str:
    said = [("gated " if shape.gated else "") + shape.activation.replace("_tanh", "")]
    if shape.experts:
        said.append("experts" + (" and a shared one" if shape.experts.shared else ""))
    if shape.parallel:
        said.append("parallel")
    return ", ".join(said)


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, rest = page.split(START)
    return f"{before}{START}\n\n{table()}\n{END}{rest.split(END, 1)[1]}"


PAGE = Path(__file__).parents[3] / "docs" / "learned.md"

if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")

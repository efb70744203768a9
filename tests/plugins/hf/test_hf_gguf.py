"""Models in GGUF files give what the same models give from safetensors."""

import re
import tempfile
from pathlib import Path

import hf_families as families
import hf_models as models
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from codelength import Unavailable
from codelength_hf import HfCodec
from codelength_hf.families import read_architecture
from codelength_hf.gguf import FAMILIES, ONE_MORE, PERMUTED
from codelength_hf.positions import rotary_table

gguf = pytest.importorskip("gguf")

TEXT = models.text()[-600:].encode() + b"\xff\x00 naive"


def write(
    path: Path,
    made,
    architecture: str,
    tokenizer: Tokenizer | None = None,
    kind=gguf.GGMLQuantizationType.F32,
    factors: np.ndarray | None = None,
    **changes,
) -> Path:
    """Write a model as llama.cpp's converter does: its names; queries and keys of Llama with the
    halves of rotary pairs together; gains of Gemma with the 1 that is added; GPT-2's matrices the
    other way round; all experts in one tensor."""
    config, arch = (
        made.config,
        next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture),
    )
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, architecture)
    for add, setting in (
        (writer.add_block_count, "num_hidden_layers"),
        (writer.add_context_length, "max_position_embeddings"),
        (writer.add_embedding_length, "hidden_size"),
        (writer.add_feed_forward_length, "intermediate_size"),
        (writer.add_head_count, "num_attention_heads"),
        (writer.add_head_count_kv, "num_key_value_heads"),
        (writer.add_layer_norm_rms_eps, "rms_norm_eps"),
        (writer.add_layer_norm_eps, "layer_norm_eps"),
        (writer.add_layer_norm_eps, "layer_norm_epsilon"),
        (writer.add_layer_norm_eps, "norm_epsilon"),
        (writer.add_key_length, "head_dim"),
        (writer.add_sliding_window, "sliding_window"),
        (writer.add_attn_logit_softcapping, "attn_logit_softcapping"),
        (writer.add_final_logit_softcapping, "final_logit_softcapping"),
        (writer.add_attention_scale, "attention_multiplier"),
        (writer.add_embedding_scale, "embedding_multiplier"),
        (writer.add_residual_scale, "residual_multiplier"),
        (writer.add_logit_scale, "logits_scaling"),
        (writer.add_logit_scale, "logit_scale"),
        (writer.add_layer_norm_eps, "norm_eps"),
        (writer.add_parallel_residual, "use_parallel_residual"),
        (writer.add_clamp_kqv, "clip_qkv"),
        (writer.add_expert_count, "num_experts"),
        (writer.add_expert_used_count, "num_experts_per_tok"),
        (writer.add_expert_feed_forward_length, "moe_intermediate_size"),
        (writer.add_expert_shared_feed_forward_length, "shared_expert_intermediate_size"),
    ):
        value = getattr(config, setting, None)
        if value is None and setting == "intermediate_size" and hasattr(config, "n_embd"):
            value = 4 * config.n_embd
        if value is not None:
            add(value)
    rope = getattr(config, "rope_parameters", None) or {}
    if "rope_theta" in rope:
        writer.add_rope_freq_base(rope["rope_theta"])
    part = rope.get("partial_rotary_factor")
    if part is not None:
        heads = config.hidden_size // config.num_attention_heads
        writer.add_rope_dimension_count(int(heads * part))
    if tokenizer is not None:
        _add_tokenizer(writer, tokenizer, **changes)
    experts: dict[str, list[np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as folder:  # which writes names as published ones have them
        made.save_pretrained(folder)
        tensors = load_file(f"{folder}/model.safetensors")
    for name, tensor in tensors.items():
        values = tensor.numpy().astype(np.float32)
        kind_of = name.rsplit(".", 2)[-2]
        if architecture in PERMUTED and kind_of in ("q_proj", "k_proj"):
            heads = config.num_attention_heads if kind_of[0] == "q" else config.num_key_value_heads
            split = values.reshape(heads, 2, -1, *values.shape[1:])
            values = split.swapaxes(1, 2).reshape(values.shape)
        if architecture in ONE_MORE and name.endswith("norm.weight"):
            values = values + 1
        if kind_of == "query_key_value":
            split = values.reshape(config.num_attention_heads, 3, -1, *values.shape[1:])
            values = split.swapaxes(0, 1).reshape(values.shape)
        if architecture == "gpt2" and values.ndim == 2 and ".h." in name:
            values = np.ascontiguousarray(values.T)
        if found := re.search(r"layers\.(\d+)\..*experts\.(\d+)\.(w\d|\w+_proj)", name):
            part = {"w1": "gate", "w2": "down", "w3": "up"}.get(found[3], found[3][:-5])
            experts.setdefault(f"blk.{found[1]}.ffn_{part}_exps.weight", []).append(values)
            continue
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert stored is not None, name
        if values.ndim == 2 and kind != gguf.GGMLQuantizationType.F32:
            writer.add_tensor(stored, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(stored, np.ascontiguousarray(values))
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    for stored, all_ in experts.items():
        writer.add_tensor(stored, np.stack(all_))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer, tokenizer: Tokenizer, model: str = "gpt2") -> None:
    import json

    description = json.loads(tokenizer.to_str())
    size = tokenizer.get_vocab_size()
    tokens = [tokenizer.id_to_token(token) for token in range(size)]
    special = {token["id"] for token in description["added_tokens"]}
    merges = [" ".join(merge) for merge in description["model"]["merges"]]
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in range(size)])
    if model == "gpt2":
        writer.add_token_merges(merges)
    else:  # a piece is worth the more the earlier it was merged
        writer.add_token_scores([-float(token) for token in range(size)])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)


NAMED = {
    "cohere": "command-r",
    "gemma3_text": "gemma3",
    "gpt_neox": "gptneox",
    "mixtral": "llama",
    "phi": "phi2",
}
"""model_type → general.architecture, where these differ by more than a _."""


@pytest.mark.parametrize("family", sorted({*FAMILIES.values(), "mixtral"}))
def test_a_file_of_floats_codes_what_the_folder_codes(tmp_path, family):
    case = dict(families.CASES[family][0])
    if family in ("gemma2", "gemma3_text"):
        case["query_pre_attn_scalar"] = case["head_dim"]
    if family.endswith("_moe"):
        case["norm_topk_prob"] = family == "qwen3_moe"
    made, tokenizer = families.made(family, case), models.byte_level()
    if family.startswith(
        ("gemma", "nemotron")
    ):  # so that 1 can be added and taken away without rounding
        with torch.no_grad():
            for name, parameter in made.named_parameters():
                if "norm" in name:
                    parameter.copy_((parameter * 256).round() / 256)
    architecture = NAMED.get(family, family.replace("_moe", "moe"))
    folder = models.save(made, tmp_path / "folder", tokenizer)
    path = write(tmp_path / "model.gguf", made, architecture, tokenizer)
    one, other = HfCodec(model=str(path)), HfCodec(model=str(folder))
    blob = one.encode(TEXT)
    assert blob == other.encode(TEXT)
    assert one.decode(blob) == TEXT
    assert one.model_bytes == {"weights": path.stat().st_size, "tokenizer": 0}
    assert [len(sample.data) for sample in one.model_samples()] == [path.stat().st_size, 0]


def test_the_factors_of_llama_3_are_read(tmp_path):
    scaled = {
        "rope_type": "llama3",
        "rope_theta": 10000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    made = models.model("llama", rope_parameters=scaled)
    angles = made.model.rotary_emb.inv_freq.numpy()
    plain = 10000.0 ** (-np.arange(0, 16, 2) / 16)
    factors = (plain / angles).astype(np.float32)
    path = write(tmp_path / "a.gguf", made, "llama", models.byte_level(), factors=factors)
    (rotary,) = {
        id(one.rotary): one.rotary
        for one in read_architecture(HfCodec(model=str(path)).checkpoint.config).attending
    }.values()
    cos, _ = rotary_table(rotary, 200)
    assert np.abs(cos - np.cos(np.outer(np.arange(200), angles.astype(float)))).max() < 1e-4
    codec = HfCodec(model=str(path), window=64)
    assert codec.decode(codec.encode(TEXT)) == TEXT


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_1", "F16"])
def test_quantised_files_are_dequantised_by_their_definition(tmp_path, kind):
    kind = gguf.GGMLQuantizationType[kind]
    made, tokenizer = models.shaken(models.model("qwen2")), models.byte_level()
    path = write(tmp_path / "model.gguf", made, "qwen2", tokenizer, kind)
    checkpoint = HfCodec(model=str(path)).checkpoint
    for name, tensor in made.state_dict().items():
        values = tensor.numpy()
        if values.ndim == 2:
            values = gguf.dequantize(gguf.quantize(values, kind), kind)
        assert np.array_equal(checkpoint.tensor(name), values), name


def test_a_tokenizer_of_sentencepiece_is_read_from_its_scores(tmp_path):
    made, tokenizer = models.model("llama", models.Sizes(vocabulary=600)), models.byte_fallback()
    path = write(tmp_path / "model.gguf", made, "llama", tokenizer, model="llama")
    codec = HfCodec(model=str(path))
    assert codec.decode(codec.encode(TEXT)) == TEXT
    tokens = codec.predictor.tokenize(b"import sys")
    assert len(tokens) < len(b"import sys") / 1.5, "merges should make words of letters"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"GGUF", "cannot be read as GGUF"), (b"no model at all" * 99, "cannot be read as GGUF")],
)
def test_what_is_no_such_file_is_named(tmp_path, content, said):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=said):
        HfCodec(model=str(path)).check_available()


def test_an_architecture_that_is_not_read_is_named(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(Unavailable, match="mamba models are not read from GGUF"):
        HfCodec(model=str(tmp_path / "model.gguf")).check_available()

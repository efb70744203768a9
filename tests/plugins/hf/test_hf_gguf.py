"""Models in GGUF files give what the same models give from safetensors."""

from pathlib import Path

import hf_models as models
import numpy as np
import pytest
from tokenizers import Tokenizer

from codelength import Unavailable
from codelength_hf import HfCodec

gguf = pytest.importorskip("gguf")

TEXT = models.text()[-600:].encode() + b"\xff\x00 naive"


def write(
    path: Path,
    made,
    architecture: str,
    tokenizer: Tokenizer | None = None,
    kind=gguf.GGMLQuantizationType.F32,
    **changes,
) -> Path:
    """Write a model as llama.cpp's converter does: its names, and queries and keys of Llama with
    the halves of rotary pairs together."""
    config, arch = made.config, gguf.MODEL_ARCH[architecture.upper()]
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_key_length(config.head_dim)
    if tokenizer is not None:
        _add_tokenizer(writer, tokenizer, **changes)
    for name, tensor in made.state_dict().items():
        values = tensor.numpy().astype(np.float32)
        if architecture == "llama" and (".q_proj." in name or ".k_proj." in name):
            heads = config.num_attention_heads if ".q_" in name else config.num_key_value_heads
            split = values.reshape(heads, 2, -1, *values.shape[1:])
            values = split.swapaxes(1, 2).reshape(values.shape)
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if values.ndim == 2 and kind != gguf.GGMLQuantizationType.F32:
            writer.add_tensor(stored, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(stored, np.ascontiguousarray(values))
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


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_a_file_of_floats_codes_what_the_folder_codes(tmp_path, family):
    made, tokenizer = models.shaken(models.model(family)), models.byte_level()
    folder = models.save(made, tmp_path / "folder", tokenizer)
    path = write(tmp_path / "model.gguf", made, family, tokenizer)
    one, other = HfCodec(model=str(path)), HfCodec(model=str(folder))
    blob = one.encode(TEXT)
    assert blob == other.encode(TEXT)
    assert one.decode(blob) == TEXT
    assert one.model_bytes == {"weights": path.stat().st_size, "tokenizer": 0}
    assert [len(sample.data) for sample in one.model_samples()] == [path.stat().st_size, 0]


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

"""Checkpoints of llama2.c become what transformers would have saved."""

import json
import struct
from pathlib import Path

import hf_models as models
import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from codelength_hf.convert_llama2c import convert, tokenizer_json

ORDER = (
    "input_layernorm",
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "post_attention_layernorm",
    "mlp.gate_proj",
    "mlp.down_proj",
    "mlp.up_proj",
)


def write_llama2c(path: Path, tensors: dict[str, np.ndarray], sizes: models.Sizes) -> None:
    """The same model as llama2.c stores it: neighbours rotate together."""
    head = sizes.width // sizes.heads

    def neighbours(rows: np.ndarray) -> np.ndarray:
        return rows.reshape(-1, 2, head // 2, sizes.width).swapaxes(1, 2).reshape(rows.shape)

    numbers = (sizes.width, sizes.hidden, sizes.layers, sizes.heads, sizes.key_heads)
    raw = struct.pack("<7i", *numbers, sizes.vocabulary, sizes.context)
    raw += tensors["model.embed_tokens.weight"].tobytes()
    for name in ORDER:
        for layer in range(sizes.layers):
            values = tensors[f"model.layers.{layer}.{name}.weight"]
            rotated = name.endswith(("q_proj", "k_proj"))
            raw += (neighbours(values) if rotated else values).tobytes()
    raw += tensors["model.norm.weight"].tobytes()
    raw += bytes(4 * sizes.context * head)
    path.write_bytes(raw)


def test_a_checkpoint_becomes_a_folder(tmp_path):
    sizes = models.Sizes(vocabulary=260, tied=True)
    made = models.model("llama", sizes)
    tensors = {name: values.detach().numpy() for name, values in made.state_dict().items()}
    write_llama2c(tmp_path / "model.bin", tensors, sizes)
    pieces = [b"<unk>", b"\n<s>\n", b"\n</s>\n", *(b"<0x%02X>" % byte for byte in range(256)), b"a"]
    stored = b"".join(struct.pack("<fi", -i, len(piece)) + piece for i, piece in enumerate(pieces))
    (tmp_path / "tokens.bin").write_bytes(struct.pack("<i", 7) + stored)
    convert(tmp_path / "model.bin", tmp_path / "tokens.bin", tmp_path / "folder")
    found = load_file(tmp_path / "folder" / "model.safetensors")
    assert found.keys() == tensors.keys() - {"lm_head.weight"}
    for name, values in found.items():
        assert np.array_equal(values, tensors[name]), name
    again = type(made).from_pretrained(tmp_path / "folder")
    assert again.config.num_key_value_heads == sizes.key_heads
    assert (tmp_path / "folder" / "tokenizer.json").is_file()


def test_the_better_merge_goes_first():
    letters = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)]
    letters += [(f"<0x{byte:02X}>", 0.0) for byte in range(256)]
    merged = [("ab", -2.0), ("bc", -1.0), ("abc", -3.0), ("a", -9.0), ("b", -9.0), ("c", -9.0)]
    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json(letters + merged)))
    tokenizer.normalizer = None
    assert tokenizer.encode("abab", add_special_tokens=False).tokens == ["ab", "ab"]
    assert tokenizer.encode("bcbc", add_special_tokens=False).tokens == ["bc", "bc"]
    assert tokenizer.encode("abc", add_special_tokens=False).tokens == ["abc"]

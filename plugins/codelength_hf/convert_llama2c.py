"""Checkpoints of llama2.c as folders that transformers can load.

`python -m codelength_hf.convert_llama2c MODEL.bin TOKENIZER.bin FOLDER`.

The model is in the first format of llama2.c: seven int32 (width, hidden, layers, heads, key heads,
vocabulary, context; a negative vocabulary says that the head is not tied), then float32 tensors.
The tokenizer: int32 longest, then for each token a float32 score, an int32 length and its bytes.
"""

import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def convert(model: Path, tokenizer: Path, folder: Path) -> None:
    """Write config.json, model.safetensors and tokenizer.json to `folder`."""
    from safetensors.numpy import save_file

    config, tensors = read_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokens = read_tokenizer(tokenizer, config["vocab_size"])
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(tokens), indent=1) + "\n")


def read_model(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return a config of transformers, and tensors under the names of its Llama."""
    raw = path.read_bytes()
    width, hidden, layers, heads, key_heads, signed, context = struct.unpack("<7i", raw[:28])
    vocabulary, tied = abs(signed), signed > 0
    head = width // heads
    values, at = np.frombuffer(raw, "<f4", offset=28), 0

    def take(*shape: int) -> Array:
        nonlocal at
        size = int(np.prod(shape))
        taken, at = values[at : at + size].reshape(shape), at + size
        return np.ascontiguousarray(taken, np.float32)

    def halves(rows: Array) -> Array:
        """Reorder rows: llama2.c rotates neighbours, transformers the two halves of a head."""
        pairs = rows.reshape(len(rows) // head, head // 2, 2, -1)
        return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(rows.shape)

    names = "model.layers.{}."
    tensors = {"model.embed_tokens.weight": take(vocabulary, width)}
    shapes: list[tuple[str, tuple[int, ...]]] = [
        ("input_layernorm", (width,)),
        ("self_attn.q_proj", (width, width)),
        ("self_attn.k_proj", (key_heads * head, width)),
        ("self_attn.v_proj", (key_heads * head, width)),
        ("self_attn.o_proj", (width, width)),
        ("post_attention_layernorm", (width,)),
        ("mlp.gate_proj", (hidden, width)),
        ("mlp.down_proj", (width, hidden)),
        ("mlp.up_proj", (hidden, width)),
    ]
    for name, shape in shapes:
        for layer in range(layers):
            taken = take(*shape)
            rotated = name.endswith(("q_proj", "k_proj"))
            tensors[f"{names.format(layer)}{name}.weight"] = halves(taken) if rotated else taken
    tensors["model.norm.weight"] = take(width)
    at += context * head  # cosines and sines, which follow from the config
    if not tied:
        tensors["lm_head.weight"] = take(vocabulary, width)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": width,
        "intermediate_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "vocab_size": vocabulary,
        "max_position_embeddings": context,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": tied,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": "float32",
    }
    return config, tensors


def read_tokenizer(path: Path, count: int) -> list[tuple[str, float]]:
    """Return the pieces with their scores. Spaces are written as ▁, as SentencePiece does."""
    raw, at = path.read_bytes(), 4
    pieces = []
    for _ in range(count):
        score, size = struct.unpack_from("<fi", raw, at)
        at += 8 + size
        pieces.append((raw[at - size : at].decode().replace(" ", "▁"), score))
    special = {1: "<s>", 2: "</s>"}  # llama2.c wraps them in newlines, for print
    return [(special.get(i, piece), score) for i, (piece, score) in enumerate(pieces)]


def tokenizer_json(pieces: list[tuple[str, float]]) -> dict[str, Any]:
    """Return a byte-fallback BPE. Merges join two pieces into one, those of best score first."""
    vocabulary = {piece: i for i, (piece, _) in enumerate(pieces)}
    merges = []
    for piece, score in pieces[259:]:
        for corpus_slice in range(1, len(piece)):
            left, right = piece[:corpus_slice], piece[corpus_slice:]
            if left in vocabulary and right in vocabulary:
                merges.append((-score, vocabulary[left], vocabulary[right], [left, right]))
    merges.sort()
    specials = [
        {
            "id": i,
            "content": pieces[i][0],
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for i in range(3)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": specials,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": vocabulary,
            "merges": [pair for *_, pair in merges],
        },
    }


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    convert(*map(Path, sys.argv[1:]))

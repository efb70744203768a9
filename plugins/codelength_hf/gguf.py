"""Models in one file of llama.cpp's format, GGUF, of the families that are stored as Llama is.

Weights are dequantised to float32 by the library `gguf`. Names and settings are given as
transformers has them, so that the rest reads a checkpoint like any other.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength import Unavailable
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.pieces import (
    GPT4,
    SPACE,
    Pieces,
    byte_level,
    of_description,
    ranked_merges,
)

SUFFIX = ".gguf"

FAMILIES = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
"""general.architecture → model_type. Mistral calls itself llama."""

PERMUTED = ("llama",)
"""Architectures whose queries and keys are stored with the two halves of rotary pairs together."""

SETTINGS = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "intermediate_size": "feed_forward_length",
    "max_position_embeddings": "context_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "rope_theta": "rope.freq_base",
    "head_dim": "attention.key_length",
}
"""config.json → the key behind the architecture. Missing ones are left out."""

CONTROL, USER_DEFINED = 3, 4
"""Kinds of tokens."""


@dataclass(frozen=True)
class GgufCheckpoint(Checkpoint):
    """A model in one file."""

    name: str = ""

    @property
    def path(self) -> Path:
        """Return the file."""
        return self.folder / self.name

    @cached_property
    def _reader(self) -> Any:  # the library's reader has no types
        try:
            from gguf import GGUFReader
        except ImportError:
            raise Unavailable(
                f"{self.path}: this format needs: python -m pip install 'codelength[hf]'"
            ) from None
        try:
            return GGUFReader(str(self.path))
        except Exception as error:  # whatever the library raises for what is no such file
            line = " ".join(str(error).split())[:200]
            raise Unavailable(f"{self.path} cannot be read as GGUF: {line}") from error

    def _value(self, key: str) -> Any:
        field = self._reader.get_field(key)
        return None if field is None else field.contents()

    @cached_property
    def config(self) -> dict[str, Any]:
        architecture = self._value("general.architecture")
        if architecture not in FAMILIES:
            raise Unavailable(
                f"{self.path}: {architecture} models are not read from GGUF ({', '.join(FAMILIES)} "
                "are); give the folder of the model in safetensors"
            )
        if "rope_freqs.weight" in self._tensors:
            raise Unavailable(
                f"{self.path}: scaled rotary positions are not read from GGUF; give the folder of "
                "the model in safetensors"
            )
        config = {
            name: value
            for name, key in SETTINGS.items()
            if (value := self._value(f"{architecture}.{key}")) is not None
        }
        for token in ("bos", "eos"):
            config[f"{token}_token_id"] = self._value(f"tokenizer.ggml.{token}_token_id")
        config["model_type"] = FAMILIES[architecture]
        config["vocab_size"] = len(self._value("tokenizer.ggml.tokens"))
        config["tie_word_embeddings"] = "output.weight" not in self._tensors
        return config

    @property
    def files(self) -> list[Path]:
        return [self.path]

    @property
    def shipped(self) -> Path:
        return self.path

    @cached_property
    def digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def _tensors(self) -> dict[str, Any]:
        return {tensor.name: tensor for tensor in self._reader.tensors}

    @cached_property
    def _names(self) -> dict[str, str]:
        """Return the name in the file of each tensor, by its name in transformers."""
        from gguf import MODEL_ARCH, get_tensor_name_map

        config = self.config
        arch = MODEL_ARCH[config["model_type"].upper()]
        named = get_tensor_name_map(arch, config["num_hidden_layers"])
        names = {}
        for layer in range(config["num_hidden_layers"]):
            block = f"model.layers.{layer}."
            parts = [f"self_attn.{part}_proj" for part in "qkvo"]
            parts += [f"self_attn.{part}_norm" for part in "qk"]
            parts += [f"mlp.{part}_proj" for part in ("gate", "up", "down")]
            parts += ["input_layernorm", "post_attention_layernorm"]
            for part in parts:
                for kind in (".weight", ".bias"):
                    if stem := named.get_name(block + part):
                        names[block + part + kind] = stem + kind
        names |= {
            "model.embed_tokens.weight": "token_embd.weight",
            "model.norm.weight": "output_norm.weight",
            "lm_head.weight": "output.weight",
        }
        return {ours: theirs for ours, theirs in names.items() if theirs in self._tensors}

    @property
    def names(self) -> list[str]:
        return [*self._names]

    def tensor(self, name: str) -> NDArray[np.float32] | None:
        from gguf import dequantize

        if name not in self._names:
            return None
        stored = self._tensors[self._names[name]]
        try:
            values = np.asarray(dequantize(stored.data, stored.tensor_type), np.float32)
        except NotImplementedError as error:
            raise Unavailable(f"{self.path}: {stored.name} cannot be read: {error}") from error
        heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}
        part = name.split(".")[-2]
        if self._value("general.architecture") in PERMUTED and part in heads:
            split = values.reshape(self.config[heads[part]], -1, 2, *values.shape[1:])
            values = split.swapaxes(1, 2).reshape(values.shape)
        return values

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for name, stored in self._names.items():
            yield name, tuple(int(size) for size in reversed(self._tensors[stored].shape))

    @property
    def tokenizer_content(self) -> bytes:
        return b""  # it is in the file of the weights

    @cached_property
    def pieces(self) -> Pieces:
        kind = self._value("tokenizer.ggml.model")
        if kind not in ("gpt2", "llama"):
            raise Unavailable(
                f"{self.path}: its tokenizer {kind!r} is not read from GGUF; give the folder of "
                "the model in safetensors"
            )
        tokens = [str(token) for token in self._value("tokenizer.ggml.tokens")]
        kinds = self._value("tokenizer.ggml.token_type") or [1] * len(tokens)
        added = [
            {"id": id_, "content": token, "special": kind_ == CONTROL}
            for id_, (token, kind_) in enumerate(zip(tokens, kinds, strict=True))
            if kind_ in (CONTROL, USER_DEFINED)
        ]
        vocabulary = {token: id_ for id_, token in enumerate(tokens)}
        model: dict[str, Any] = {"type": "BPE", "vocab": vocabulary}
        if kind == "gpt2":
            model["merges"] = [merge.split(" ") for merge in self._value("tokenizer.ggml.merges")]
            split = _split(self._value("tokenizer.ggml.pre"))
            description = {"model": model, "added_tokens": added, "pre_tokenizer": split}
        else:
            scores = self._value("tokenizer.ggml.scores")
            ranks = {piece: -scores[id_] for piece, id_ in vocabulary.items()}
            model["merges"] = ranked_merges(vocabulary, ranks)
            model |= {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}
            spaces = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
            description = {"model": model, "added_tokens": added, "normalizer": spaces}
        return of_description({"version": "1.0", **description})


def _split(name: str | None) -> Mapping[str, Any]:
    """Return what splits a text into words, by its name in the file; unknown ones as GPT-2 does.

    Any split is lossless. A wrong one costs bits.
    """
    if name in ("llama-bpe", "qwen2"):
        return byte_level(GPT4 if name == "llama-bpe" else GPT4.replace(r"\p{N}{1,3}", r"\p{N}"))
    if name != "smollm":
        return byte_level()
    digits = {"type": "Digits", "individual_digits": True}
    return {"type": "Sequence", "pretokenizers": [digits, byte_level()]}

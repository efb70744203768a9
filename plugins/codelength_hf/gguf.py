"""Models in one file of llama.cpp's format, GGUF, of the families in FAMILIES.

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
from codelength_hf.families import FAMILIES as NAMES
from codelength_hf.pieces import (
    GPT4,
    SPACE,
    Pieces,
    byte_level,
    of_description,
    ranked_merges,
)

SUFFIX = ".gguf"
OLDER = "original_max_position_embeddings"

FAMILIES = {
    "arcee": "arcee",
    "cohere2": "cohere2",
    "command-r": "cohere",
    "ernie4_5": "ernie4_5",
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
    "gpt2": "gpt2",
    "gptneox": "gpt_neox",
    "granite": "granite",
    "llama": "llama",
    "nemotron": "nemotron",
    "olmo": "olmo",
    "olmo2": "olmo2",
    "olmoe": "olmoe",
    "phi2": "phi",
    "phi3": "phi3",
    "qwen2": "qwen2",
    "qwen2moe": "qwen2_moe",
    "qwen3": "qwen3",
    "qwen3moe": "qwen3_moe",
    "seed_oss": "seed_oss",
    "smollm3": "smollm3",
    "stablelm": "stablelm",
    "starcoder2": "starcoder2",
}
"""general.architecture → model_type. Mistral and Mixtral call themselves llama."""

PERMUTED = ("arcee", "granite", "llama", "olmo", "smollm3")
"""Architectures whose queries and keys are stored with the two halves of rotary pairs together."""

ONE_MORE = ("gemma", "gemma2", "gemma3", "nemotron")
"""Architectures whose gains of norms are stored with the 1 that transformers adds."""

TRANSPOSED = ("gpt2",)
"""Architectures whose matrices transformers has the other way round."""

SETTINGS = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "intermediate_size": "feed_forward_length",
    "max_position_embeddings": "context_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "layer_norm_eps": "attention.layer_norm_epsilon",
    "rope_theta": "rope.freq_base",
    "head_dim": "attention.key_length",
    "sliding_window": "attention.sliding_window",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
    "attention_multiplier": "attention.scale",
    "embedding_multiplier": "embedding_scale",
    "residual_multiplier": "residual_scale",
    "logits_scaling": "logit_scale",
    "logit_scale": "logit_scale",
    "clip_qkv": "attention.clamp_kqv",
    "use_parallel_residual": "use_parallel_residual",
    "num_experts": "expert_count",
    "num_local_experts": "expert_count",
    "num_experts_per_tok": "expert_used_count",
    "moe_intermediate_size": "expert_feed_forward_length",
    "shared_expert_intermediate_size": "expert_shared_feed_forward_length",
}
"""config.json → the key behind the architecture. Missing ones are left out."""

EXPERTS = {"gate": "ffn_gate_exps", "up": "ffn_up_exps", "down": "ffn_down_exps"}
"""Tensors that hold a projection of all experts."""

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
        config: dict[str, Any] = {
            name: value
            for name, key in SETTINGS.items()
            if (value := self._value(f"{architecture}.{key}")) is not None
        }
        for token in ("bos", "eos"):
            config[f"{token}_token_id"] = self._value(f"tokenizer.ggml.{token}_token_id")
        config["model_type"] = FAMILIES[architecture]
        if architecture == "llama" and config.get("num_experts"):
            config["model_type"] = "mixtral"
        config["vocab_size"] = len(self._value("tokenizer.ggml.tokens"))
        config["tie_word_embeddings"] = "output.weight" not in self._tensors
        head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        turned = self._value(f"{architecture}.rope.dimension_count")
        if turned is not None:
            config["partial_rotary_factor"] = config["rotary_pct"] = turned / head_dim
        if architecture in ("gemma2", "gemma3"):  # of the largest the head is another than it says
            is_largest = config["num_hidden_layers"] in (46, 62)
            whole = config["hidden_size"] // config["num_attention_heads"]
            config["query_pre_attn_scalar"] = whole if is_largest else head_dim
        if architecture == "qwen3moe":
            config["norm_topk_prob"] = True
        if scaling := self._scaling(architecture, head_dim):
            config["rope_scaling"] = scaling
        return config

    def _scaling(self, architecture: str, head_dim: int) -> dict[str, Any]:
        """Return how rotary positions are scaled, as transformers says it; nothing for not at all.

        Factors of each pair of columns are Llama 3's or LongRoPE's.
        """

        def said(key: str) -> Any:
            return self._value(f"{architecture}.rope.scaling.{key}")

        kind, factors = said("type"), {}
        for name, key in (
            ("rope_freqs", "long_factor"),
            ("rope_freqs", "short_factor"),
            ("rope_factors_long", "long_factor"),
            ("rope_factors_short", "short_factor"),
        ):
            if stored := self._tensors.get(f"{name}.weight"):
                factors[key] = [float(factor) for factor in stored.data.reshape(-1)]
        before = said("original_context_length")
        if factors:
            scaling = {"rope_type": "longrope", **factors, "factor": 1.0}
            scaling["attention_factor"] = float(said("attn_factor") or 1)
        elif kind in (None, "none"):
            return {}
        else:
            scaling = {"rope_type": kind, "factor": said("factor")}
        return scaling if before is None else {**scaling, OLDER: before}

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
    def _names(self) -> dict[str, tuple[str, int | None]]:
        """Return the name in the file of each tensor, by its name in transformers.

        An expert is a part of a tensor that holds all; its number is the second.
        """
        from gguf import MODEL_ARCH_NAMES, get_tensor_name_map

        config, names = self.config, NAMES[self.config["model_type"]].names
        arch = next(a for a, n in MODEL_ARCH_NAMES.items() if n == self._architecture)
        named = get_tensor_name_map(arch, config["num_hidden_layers"])
        parts = [names.tokens, names.positions, names.last_norm]
        found: dict[str, tuple[str, int | None]] = {}

        def add(name: str, stem: str | None, number: int | None = None) -> None:
            for kind in (".weight", ".bias"):
                if stem is not None and stem + kind in self._tensors:
                    found[name + kind] = stem + kind, number

        for name in filter(None, parts):
            add(names.base + name, named.get_name(names.base + name))
        add(names.head[0], "output")
        of_layer = [
            *(names.attention_norm, names.out, names.attention_post, names.mlp_norm),
            *(names.down, names.mlp_post, names.router, *names.qkv, *names.qk_norms, *names.up),
            *(f"mlp.shared_expert.{part}_proj" for part in ("gate", "up", "down")),
            "mlp.shared_expert_gate",
        ]
        for i in range(config["num_hidden_layers"]):
            layer = names.base + names.layer.format(i)
            for name in filter(None, of_layer):
                add(layer + name, named.get_name(layer + name))
            for part, ours in zip(EXPERTS, (*names.expert_up, names.expert_down), strict=True):
                for number in range(config.get("num_experts", 0)):
                    add(
                        f"{layer}{names.experts}{number}.{ours}", f"blk.{i}.{EXPERTS[part]}", number
                    )
        return found

    @cached_property
    def _architecture(self) -> str:
        return str(self._value("general.architecture"))

    @property
    def names(self) -> list[str]:
        """Return the names of the tensors; those without one in transformers as the file has them.

        Factors of rotary positions are in the config.
        """
        known = {stored for stored, _ in self._names.values()}
        others = [name for name in self._tensors if name not in known]
        return [*self._names, *(name for name in others if not name.startswith("rope_f"))]

    def tensor(self, name: str) -> NDArray[np.float32] | None:
        from gguf import dequantize

        if name not in self._names:
            return None
        stored_name, number = self._names[name]
        stored = self._tensors[stored_name]
        data = stored.data if number is None else stored.data[number]
        try:
            values = np.asarray(dequantize(data, stored.tensor_type), np.float32)
        except NotImplementedError as error:
            raise Unavailable(f"{self.path}: {stored.name} cannot be read: {error}") from error
        heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}
        part, architecture = name.split(".")[-2], self._architecture
        if architecture in PERMUTED and part in heads:
            split = values.reshape(self.config[heads[part]], -1, 2, *values.shape[1:])
            values = split.swapaxes(1, 2).reshape(values.shape)
        if architecture == "gptneox" and part == "query_key_value":  # of each head, not in turn
            heads_ = self.config["num_attention_heads"]
            split = values.reshape(3, heads_, -1, *values.shape[1:])
            values = split.swapaxes(0, 1).reshape(values.shape)
        if architecture in ONE_MORE and name.endswith("norm.weight"):
            values = values - np.float32(1)
        is_matrix = values.ndim == 2 and stored_name.startswith("blk.")
        if architecture in TRANSPOSED and is_matrix:
            values = np.ascontiguousarray(values.T)
        if part == "shared_expert_gate" and values.ndim == 1:
            values = values[None]
        return values

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for name, (stored, number) in self._names.items():
            sizes = tuple(int(size) for size in reversed(self._tensors[stored].shape))
            yield name, sizes if number is None else sizes[1:]

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

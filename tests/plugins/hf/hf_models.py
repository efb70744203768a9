"""Checkpoints of each architecture, made on the spot: random, or trained for a few seconds on
Python's own manuals and modules, which are at hand everywhere."""

import argparse
import io
import json
import logging
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

SOURCES = [argparse, logging, shutil, textwrap]


@cache
def text() -> str:
    """About 250 kB of English and Python."""
    return "".join(Path(module.__file__).read_text() for module in SOURCES)


HELD_OUT = 4000
"""Characters at the end of `text` that no model is trained on."""


@dataclass(frozen=True)
class Sizes:
    """What a test may vary."""

    vocabulary: int = 400
    width: int = 64
    layers: int = 2
    heads: int = 4
    key_heads: int = 2
    hidden: int = 160
    context: int = 256
    tied: bool = False


def model(family: str, sizes: Sizes = Sizes(), **changes: Any) -> Any:
    """A random model; `changes` go into its config."""
    torch.manual_seed(0)
    if family in LLAMAS:
        return _llama(sizes, changes, *LLAMAS[family])
    return {"gpt_neox": _neox, "gpt2": _gpt2}[family](sizes, changes)


def _neox(s: Sizes, changes: dict[str, Any]) -> Any:
    config = transformers.GPTNeoXConfig(
        vocab_size=s.vocabulary,
        hidden_size=s.width,
        num_hidden_layers=s.layers,
        num_attention_heads=s.heads,
        intermediate_size=s.hidden,
        max_position_embeddings=s.context,
        tie_word_embeddings=s.tied,
        **{"bos_token_id": 0, "eos_token_id": 0, "rotary_pct": 0.5, **changes},
    )
    return transformers.GPTNeoXForCausalLM(config)


LLAMAS = {
    "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
    "mistral": (transformers.MistralConfig, transformers.MistralForCausalLM),
    "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
    "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
}
"""Llama and those whose configs are nearly its own."""


def _llama(s: Sizes, changes: dict[str, Any], config_of: Any, model_of: Any) -> Any:
    config = config_of(
        vocab_size=s.vocabulary,
        hidden_size=s.width,
        num_hidden_layers=s.layers,
        num_attention_heads=s.heads,
        num_key_value_heads=s.key_heads,
        intermediate_size=s.hidden,
        max_position_embeddings=s.context,
        tie_word_embeddings=s.tied,
        **{"bos_token_id": 0, "eos_token_id": 0, "head_dim": s.width // s.heads, **changes},
    )
    return model_of(config)


def _gpt2(s: Sizes, changes: dict[str, Any]) -> Any:
    config = transformers.GPT2Config(
        vocab_size=s.vocabulary,
        n_embd=s.width,
        n_layer=s.layers,
        n_head=s.heads,
        n_inner=s.hidden,
        n_positions=s.context,
        **{"bos_token_id": 0, "eos_token_id": 0, **changes},
    )
    return transformers.GPT2LMHeadModel(config)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, here."""
    run = [sys.executable, "-m", "codelength", *arguments]
    return subprocess.run(run, capture_output=True, text=True)


def save(made: Any, folder: Path, tokenizer: Tokenizer | None = None) -> Path:
    """The folder that save_pretrained writes, with a tokenizer.json."""
    made.save_pretrained(folder)
    if tokenizer:
        tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def shaken(made: Any) -> Any:
    """The same with gains, biases and all weights of sizes that a random start does not have, so
    that nothing can be left out without a difference."""
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in made.parameters():
            noise = torch.randn(parameter.shape, generator=draw)
            if parameter.ndim == 1:
                parameter += 0.3 * noise
            else:
                parameter += noise * (1.5 / parameter.shape[-1] ** 0.5)
    return made


def trained(made: Any, tokenizer: Tokenizer, steps: int = 100) -> Any:
    """The same after `steps` steps of Adam on `text`."""
    ids = torch.tensor(tokenizer.encode(text()[:-HELD_OUT]).ids)
    optimizer = torch.optim.AdamW(made.parameters(), lr=4e-3)
    draw = torch.Generator().manual_seed(2)
    made.train()
    for step in range(steps):
        starts = torch.randint(0, len(ids) - 129, (8,), generator=draw)
        batch = torch.stack([ids[start : start + 128] for start in starts])
        batch[:, 0] = 0
        for group in optimizer.param_groups:
            group["lr"] = 4e-3 * min(1, step / 10) * (1 - step / steps)
        optimizer.zero_grad()
        made(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
    return made.eval()


def byte_level(size: int = 400, normalise: bool = False) -> Tokenizer:
    """A BPE over GPT-2's alphabet of bytes, as GPT-2 and GPT-NeoX have them."""
    tokenizer = Tokenizer(models.BPE())
    if normalise:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator([text()[:-HELD_OUT]], trainer)
    return tokenizer


def byte_fallback(size: int = 600) -> Tokenizer:
    """A BPE such as Llama's: spaces as ▁, one in front of all, unknown characters as bytes."""
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, show_progress=False, max_token_length=12
    )
    tokenizer.train_from_iterator(text()[:-HELD_OUT].splitlines(), trainer)
    description = json.loads(tokenizer.to_str())
    description["added_tokens"] = description["added_tokens"][:3]  # bytes are no special tokens
    return Tokenizer.from_str(json.dumps(description))


def sentencepiece(size: int = 600) -> bytes:
    """A tokenizer.model of SentencePiece such as Llama's."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(text()[:100_000].splitlines()),
        model_writer=model,
        vocab_size=size,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    return model.getvalue()


def words(size: int = 300) -> Tokenizer:
    """Lower-case words and punctuation, most bytes unknown."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(
        vocab_size=size, special_tokens=["[UNK]", "[CLS]"], show_progress=False
    )
    tokenizer.train_from_iterator([text()], trainer)
    return tokenizer


def wordpieces(size: int = 300) -> Tokenizer:
    """Pieces of words such as BERT's: ## for those within."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[UNK]", "[CLS]"], show_progress=False
    )
    tokenizer.train_from_iterator([text()], trainer)
    return tokenizer


def word_ends(size: int = 400) -> Tokenizer:
    """A BPE such as the first GPT's: </w> ends a word."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<unk>"],
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator([text()], trainer)
    return tokenizer


def metaspace(size: int = 500) -> Tokenizer:
    """Unigrams over ▁, without a fallback for unknown characters."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(text()[:60000].splitlines(), trainer)
    return tokenizer


def decode_elsewhere(root: Path, window: int | None = None, devices: tuple[str, ...] = ()) -> None:
    """Decode `blob` of each model below `root` to `decoded`, in a process with other threads.

    The models take turns on the devices.
    """
    program = (
        "import os, sys; from pathlib import Path; from codelength_hf import HfCodec\n"
        "root, window, *devices = sys.argv[1:]\n"
        "for n, folder in enumerate(sorted(Path(root).iterdir())):\n"
        "    if devices: os.environ['CODELENGTH_DEVICE'] = devices[n % len(devices)]\n"
        "    codec = HfCodec(model=str(folder), window=int(window) or None)\n"
        "    (folder / 'decoded').write_bytes(codec.decode((folder / 'blob').read_bytes()))\n"
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "3")
    command = [sys.executable, "-c", program, str(root), str(window or 0), *devices]
    subprocess.run(command, check=True, env={**os.environ, **threads})

"""A byte-level transformer in training.

It is a Llama as `transformers` defines it. Its tokens are the bytes and one for the beginning.
"""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from codelength_exact.recurrent_shape import BEGIN
from codelength_hf.checkpoint import SAFE
from codelength_hf.quantise_checkpoint import shrink
from codelength_train.material import WINDOW
from codelength_train.sizes import TransformerShape


class Transformer:
    """Writes a folder with config.json and model.safetensors, which has int8 weights."""

    kind = "transformer"

    def __init__(self, shape: TransformerShape) -> None:
        self.shape = shape
        self.module = LlamaForCausalLM(config(shape))
        with torch.no_grad():
            self.module.model.embed_tokens.weight.normal_(std=0.5)
            self.module.lm_head.weight.zero_()
            for block in self.module.model.layers:
                block.self_attn.o_proj.weight.zero_()
                block.mlp.down_proj.weight.zero_()

    def bits(self, data: Tensor) -> Tensor:
        """Return the mean code length of (batch, time) bytes, in bits a byte."""
        symbols = data.long()
        inputs = functional.pad(symbols[:, :-1], (1, 0), value=BEGIN)
        logits = self.module(input_ids=inputs).logits[..., :BEGIN].float().flatten(0, 1)
        return functional.cross_entropy(logits, symbols.flatten()) / math.log(2)

    def group(self, name: str, parameter: Tensor) -> str:
        """Return the learning rate's group of a parameter: "matrices" or "rest"."""
        return "matrices" if name.endswith("_proj.weight") else "rest"

    def write(self, out: Path, state: Mapping[str, Tensor], card: Mapping[str, str]) -> None:
        """Write parameters like those of `module`, quantised."""
        with tempfile.TemporaryDirectory() as folder:
            self.module.config.save_pretrained(folder)
            save_file(dict(state), Path(folder) / SAFE)
            shrink(Path(folder), out, card)


def config(shape: TransformerShape) -> LlamaConfig:
    """Return the config of `transformers`, which the exact executor reads too."""
    return LlamaConfig(
        architectures=["LlamaForCausalLM"],
        vocab_size=BEGIN + 1,
        hidden_size=shape.width,
        intermediate_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=WINDOW,
        bos_token_id=BEGIN,
        eos_token_id=None,
        tie_word_embeddings=False,
        use_cache=False,
        initializer_range=(3 * shape.width) ** -0.5,
    )


def count(shape: TransformerShape) -> int:
    """Return the number of parameters of a model of this shape."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in LlamaForCausalLM(config(shape)).parameters())

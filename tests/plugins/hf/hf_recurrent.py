"""Small models with a recurrent state, in the shapes that published ones have.

Transformers has no RWKV-7. `Rwkv7` is one in floats, after the authors' description
(arXiv:2503.14456); its parameters have the names of flash-linear-attention.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hf_models as models
import torch
import transformers
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY = 400
TOKENS = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0}
MAMBA = {**TOKENS, "hidden_size": 64, "num_hidden_layers": 2, "state_size": 8, "time_step_rank": 6}
MAMBA2 = {
    **TOKENS,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "state_size": 16,
    "num_heads": 8,
    "head_dim": 16,
    "n_groups": 2,
    "chunk_size": 16,
}
RWKV = {**TOKENS, "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 96}
RWKV7 = {**RWKV, "model_type": "rwkv7", "head_dim": 16, "num_hidden_layers": 3}

ALL: dict[str, tuple[str, dict[str, Any]]] = {
    "mamba": ("mamba", MAMBA),
    "mamba with biases": (
        "mamba",
        {**MAMBA, "use_bias": True, "use_conv_bias": False, "tie_word_embeddings": False},
    ),
    "falcon_mamba": ("falcon_mamba", {**MAMBA, "expand": 1, "conv_kernel": 3}),
    "mamba2": ("mamba2", MAMBA2),
    "mamba2 of one group": (
        "mamba2",
        {**MAMBA2, "n_groups": 1, "tie_word_embeddings": True, "time_step_limit": [0.0, 1.0]},
    ),
    "rwkv": ("rwkv", RWKV),
    "rwkv with more columns": ("rwkv", {**RWKV, "attention_hidden_size": 96}),
    "rwkv7": ("rwkv7", RWKV7),
}
"""Name → model_type and config."""


class Lora(nn.Module):
    """A projection of low rank."""

    def __init__(self, width: int, rank: int, between: nn.Module, has_bias: bool = True) -> None:
        super().__init__()
        first, second = nn.Linear(width, rank, bias=False), nn.Linear(rank, width, bias=has_bias)
        self.lora = nn.Sequential(first, between, second)

    def forward(self, x: Tensor) -> Tensor:
        return self.lora(x)


def mixed(x: Tensor, share: Tensor) -> Tensor:
    """A mixture of each position and the one before."""
    before = functional.pad(x[:, :-1], (0, 0, 1, 0))
    return x + (before - x) * share


class Attention7(nn.Module):
    """What RWKV-7 has for attention."""

    def __init__(self, width: int, size: int, layer: int) -> None:
        super().__init__()
        self.size, self.layer = size, layer
        for name in "rwkvag":
            self.register_parameter(f"x_{name}", nn.Parameter(torch.rand(1, 1, width)))
        self.k_k = nn.Parameter(torch.full((width,), 0.85))
        self.k_a = nn.Parameter(torch.ones(width))
        self.r_k = nn.Parameter(torch.zeros(width // size, size))
        for name in "rkvo":
            setattr(self, f"{name}_proj", nn.Linear(width, width, bias=False))
        self.w_lora = Lora(width, 10, nn.Tanh())
        self.a_lora = Lora(width, 12, nn.Identity())
        if layer:
            self.v_lora = Lora(width, 8, nn.Identity())
        self.g_lora = Lora(width, 14, nn.Sigmoid(), has_bias=False)
        self.g_norm = nn.GroupNorm(width // size, width, eps=size * 1e-5)

    def forward(self, x: Tensor, first: Tensor | None) -> tuple[Tensor, Tensor]:
        parts = {name: mixed(x, getattr(self, f"x_{name}")) for name in "rwkvag"}
        r, k, v = (getattr(self, f"{name}_proj")(parts[name]) for name in "rkv")
        if first is None:
            first = v
        else:
            v = v + (first - v) * torch.sigmoid(self.v_lora(parts["v"]))
        w = torch.exp(-torch.sigmoid(self.w_lora(parts["w"])) / torch.e**0.5)
        a, g = torch.sigmoid(self.a_lora(parts["a"])), self.g_lora(parts["g"])
        kk = functional.normalize((k * self.k_k).unflatten(-1, (-1, self.size)), dim=-1)
        k = k + k * (a - 1) * self.k_a
        r, k, v, w, a = (part.unflatten(-1, (-1, self.size)) for part in (r, k, v, w, a))
        state, out = x.new_zeros(*r[:, 0].shape, self.size), []  # (…, values, keys)
        for t in range(x.shape[1]):
            gone = (state @ kk[:, t, :, :, None]) * (kk * a)[:, t, :, None]
            state = state * w[:, t, :, None] - gone + v[:, t, :, :, None] * k[:, t, :, None]
            out.append((state @ r[:, t, :, :, None])[..., 0])
        y = torch.stack(out, 1)
        y = self.g_norm(y.flatten(0, 1).flatten(1)).view(y.shape)
        y = y + (r * k * self.r_k).sum(-1, keepdim=True) * v
        return self.o_proj(y.flatten(2) * g), first


class Ffn7(nn.Module):
    """The MLP of RWKV-7."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.x_k = nn.Parameter(torch.rand(width))
        self.key = nn.Linear(width, hidden, bias=False)
        self.value = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.value(torch.relu(self.key(mixed(x, self.x_k))) ** 2)


class Block7(nn.Module):
    """A layer of RWKV-7."""

    def __init__(self, config: dict[str, Any], layer: int) -> None:
        super().__init__()
        width = config["hidden_size"]
        if layer == 0:
            self.pre_norm = nn.LayerNorm(width)
        self.attn_norm, self.ffn_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention7(width, config["head_dim"], layer)
        self.ffn = Ffn7(width, config["intermediate_size"])


class Rwkv7(nn.Module):
    """An RWKV-7 that is called and saved as models of transformers are."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.said = config
        width, vocabulary = config["hidden_size"], config["vocab_size"]
        layers = [Block7(config, layer) for layer in range(config["num_hidden_layers"])]
        self.model = nn.ModuleDict(
            {
                "embeddings": nn.Embedding(vocabulary, width),
                "layers": nn.ModuleList(layers),
                "norm": nn.LayerNorm(width),
            }
        )
        self.lm_head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, input_ids: Tensor, labels: Tensor | None = None, **_: Any) -> Any:
        x, first = self.model["embeddings"](input_ids), None
        for block in self.model["layers"]:
            x = block.pre_norm(x) if hasattr(block, "pre_norm") else x
            added, first = block.attn(block.attn_norm(x), first)
            x = x + added
            x = x + block.ffn(block.ffn_norm(x))
        logits = self.lm_head(self.model["norm"](x))
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return SimpleNamespace(logits=logits, loss=loss)

    def save_pretrained(self, folder: Path) -> None:
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.state_dict(), folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(self.said))


def made(family: str, config: dict[str, Any]) -> Any:
    """A model with random weights."""
    torch.manual_seed(0)
    if family == "rwkv7":
        return Rwkv7(config).eval()
    said = transformers.AutoConfig.for_model(family, **config)
    return transformers.AutoModelForCausalLM.from_config(said).float().eval()


def shaken(model: Any) -> Any:
    """The same with weights such that nothing can be left out without a difference.

    Decays and convolutions stay such that a model does not answer to the noise of its weights.
    """
    calm = {n: p.detach().clone() for n, p in model.named_parameters() if "A_log" in n}
    models.shaken(model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in calm:
                parameter.copy_(calm[name] * 0.7)
            elif name.endswith("conv1d.weight"):
                parameter *= 0.5
    return model


def trained(model: Any, tokenizer: Tokenizer, steps: int = 30) -> Any:
    """The same after so many steps of Adam, on short pieces: there are no fast kernels here."""
    ids = torch.tensor(tokenizer.encode(models.text()[: -models.HELD_OUT]).ids)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    draw = torch.Generator().manual_seed(2)
    model.train()
    for _ in range(steps):
        starts = torch.randint(0, len(ids) - 33, (16,), generator=draw)
        batch = torch.stack([ids[start : start + 32] for start in starts])
        optimizer.zero_grad()
        model(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
    return model.eval()

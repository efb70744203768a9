"""What is known of a model.

Its parameters, from its files; its data, from a card that lies with them, or from what the makers
of well-known families say. Of any other, nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from codelength import ModelCard
from codelength.api.model_card import read_card
from codelength_exact.quantisation import SCALE
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.families import is_tied
from codelength_hf.reading import BUFFERS

FILE = "codelength.json"
"""Beside config.json: `{"data": "…", "until": "2024-06", "excludes": ["enwik8"]}`."""

FAMILIES = {
    "EleutherAI/pythia-": ModelCard(
        data="the Pile, English Wikipedia of March 2020 and GitHub in it (Gao et al., "
        "arXiv:2101.00027; Biderman et al., arXiv:2304.01373)",
        until="2020-12",
    ),
    "openai-community/gpt2": ModelCard(
        data="WebText: pages that Reddit links to, Wikipedia left out, “cuts off at the end of "
        "2017” (model card of GPT-2)",
        until="2017",
    ),
    "meta-llama/Llama-2-": ModelCard(
        data="public data to September 2022, tuning data to July 2023 (model card of Llama 2)",
        until="2023-07",
    ),
}
"""By how names on the hub begin. Until: what the makers state, or when the data were published."""

TABLES = (
    "embed_in.weight",
    "embed_out.weight",
    "embed_tokens.weight",
    "embedding.weight",
    "embeddings.weight",
    "head.weight",
    "wpe.weight",
    "wte.weight",
)
"""Tables of tokens and positions, by the ends of their names."""


def model_card(checkpoint: Checkpoint, model: str) -> ModelCard:
    """Return the card of a model. Raises UsageError if it cannot be read."""
    known = (card for name, card in FAMILIES.items() if model.startswith(name))
    card = read_card(checkpoint.folder / FILE) or next(known, ModelCard())
    sizes = {name: prod(shape) for name, shape in _shapes(checkpoint)}
    embeddings = sum(size for name, size in sizes.items() if name.endswith(TABLES))
    return replace(card, parameters=sum(sizes.values()), embeddings=embeddings)


def _shapes(checkpoint: Checkpoint) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Return the trained tensors by name with their shapes. A tied head counts once."""
    heads = ("lm_head.weight", "embed_out.weight") if is_tied(checkpoint.config) else ()
    for name, shape in checkpoint.shapes():
        if not name.endswith((SCALE, *BUFFERS, *heads)):
            yield name, shape

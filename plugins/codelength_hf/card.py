"""What is known of a model.

Its parameters, from its files; its data, from a card that lies with them, or from what the makers
of well-known families say. Of any other, nothing.
"""

from collections.abc import Iterator
from math import prod

import msgspec

from codelength import ModelCard, UsageError
from codelength.api.model_card import days
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
    "lm_head.weight",
    "wpe.weight",
    "wte.weight",
)
"""Tables of tokens and positions, by the ends of their names."""


def model_card(checkpoint: Checkpoint, model: str) -> ModelCard:
    """Return the card of a model. Raises UsageError if it cannot be read."""
    card = next((known for name, known in FAMILIES.items() if model.startswith(name)), ModelCard())
    path = checkpoint.folder / FILE
    if path.is_file():
        try:
            card = msgspec.json.decode(path.read_bytes(), type=ModelCard)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            raise UsageError(f"{path} is no card of a model: {error}") from error
        if card.until and not days(card.until):
            raise UsageError(f"{path}: until is {card.until!r}; write 2024, 2024-06 or 2024-06-30")
    sizes = {name: prod(shape) for name, shape in _shapes(checkpoint)}
    embeddings = sum(size for name, size in sizes.items() if name.endswith(TABLES))
    return ModelCard(sum(sizes.values()), card.data, card.until, card.excludes, embeddings)


def _shapes(checkpoint: Checkpoint) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Return the trained tensors by name with their shapes. A tied head counts once."""
    heads = ("lm_head.weight", "embed_out.weight") if is_tied(checkpoint.config) else ()
    for name, shape in checkpoint.shapes():
        if not name.endswith((SCALE, *BUFFERS, *heads)):
            yield name, shape

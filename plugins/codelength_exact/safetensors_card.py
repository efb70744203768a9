"""What is known of a bundled model: its size, and the text that it was trained on."""

import json
import re
from math import prod
from pathlib import Path
from typing import Any

from codelength import ModelCard
from codelength_exact.quantisation import SCALE

TABLE = re.compile(r"^(byte|tables|head)$|embed_tokens\.weight$|lm_head\.weight$")
"""Tables of symbols, by the names that the two kinds of models give them."""

TEXTS = {
    "64a6b921f113192b33dd852a0f6b864b458f747d3ab0e546d58261700ce41a5c": ModelCard(
        data="80 MB of English: Wikipedia and other wikis, markup and text of 2015 to 2025; "
        "Wikinews; novels printed before 1926; inaugural and state of the union speeches; PEPs; "
        "Linux man-pages; the sources of Lua",
        until="2026-11",
        excludes=(
            *("calgary", "canterbury", "silesia", "enwik6", "json", "logs", "code"),
            *("prose", "structured", "random", "iid", "markov", "zeros"),
            *("images", "kodak", "clic", "imagenet", "sound", "librispeech", "music"),
        ),
    )
}
"""By the digest of the archive, which a model's file states. It has no passage
of the text corpora: the README of the models says how that was checked. It has no pictures and no
sound. enwik8 and enwik9 were not checked, and it has articles of Wikipedia."""


def read_card(path: Path) -> ModelCard:
    """Return the card of a file of weights. Reads its head, not the weights."""
    head = _head(path)
    metadata = head.pop("__metadata__", {})
    parameters = sum(prod(tensor["shape"]) for name, tensor in head.items() if SCALE not in name)
    text = TEXTS.get(metadata.get("data", "").partition(" ")[0], ModelCard())
    tables = sum(prod(t["shape"]) for name, t in head.items() if TABLE.search(name))
    return ModelCard(parameters, text.data, text.until, text.excludes, tables)


def is_recurrent(path: Path) -> bool:
    """Whether a file has weights with the shape of a recurrent model."""
    try:
        return "orders" in json.loads(_head(path)["__metadata__"]["shape"])
    except (OSError, ValueError, LookupError, TypeError, MemoryError, OverflowError):
        return False


def _head(path: Path) -> dict[str, Any]:
    """Return the header of a safetensors file: JSON, after eight bytes with its length."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        head: dict[str, Any] = json.loads(file.read(size))
    return head

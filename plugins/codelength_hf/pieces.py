"""The bytes of each token, and a tokenizer that does not change the text.

Normalisation is taken out of it, spaces that are put in front, and special tokens that are read
from text.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codelength import UsageError

SPACE = "▁"
"""How SentencePiece writes a space."""

WORD_END = "</w>"
"""What the last piece of a word ends with, in tokenizers of the kind of the first GPT."""

FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True)
class Pieces:
    """The bytes of each token, none for those that only control, and the library's tokenizer.

    Text → tokens, which may be wrong, and so has to be verified.
    """

    of_token: list[bytes]
    tokenize: Callable[[str], list[int]]


def of_json(content: bytes) -> Pieces:
    """Read a tokenizer.json. Raises UsageError for one that the library does not take."""
    try:
        description = json.loads(content)
    except (ValueError, RecursionError):
        description = None
    if not isinstance(description, dict):
        raise UsageError(
            f"the tokenizer.json of this model is none: it begins with {content[:20]!r}; download "
            "it again"
        )
    return of_description(description)


def of_description(description: Mapping[str, Any]) -> Pieces:
    """Read what a tokenizer.json describes. Raises UsageError as `of_json` does."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(json.dumps(plain(description)))
    except Exception as error:  # the library raises nothing more special
        raise UsageError(f"the tokenizer.json of this model cannot be used: {error}") from error
    tokenizer.encode_special_tokens = True
    added = {token["id"]: token for token in description.get("added_tokens") or []}
    spelling = _spelling(description)
    size = max([tokenizer.get_vocab_size(), *(id_ + 1 for id_ in added)])
    pieces = []
    for token in range(size):
        text = tokenizer.id_to_token(token)
        if text is None or (token in added and added[token].get("special")):
            pieces.append(b"")
        else:
            pieces.append(text.encode() if token in added else spelling(text))

    def tokenize(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    return Pieces(pieces, tokenize)


GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How tokenizers of the kind of Llama 3 split a text into words; the regular expression of
cl100k_base, which these models took over."""


def byte_level(pattern: str | None = None) -> Mapping[str, Any]:
    """Return what splits a text into words by a pattern or as GPT-2 does, and these into bytes."""
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    if pattern is None:
        return {**bytes_, "use_regex": True}
    words = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    parts = [{**words, "invert": False}, {**bytes_, "use_regex": False}]
    return {"type": "Sequence", "pretokenizers": parts}


def of_vocabulary(vocabulary: bytes, merges: bytes) -> Pieces:
    """Read vocab.json and merges.txt, as GPT-2 has them. Raises UsageError if they are none."""
    try:
        tokens = json.loads(vocabulary)
        lines = [line for line in merges.decode().split("\n") if not line.startswith("#version")]
        size = max(tokens.values()) + 1
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise UsageError(
            f"vocab.json and merges.txt of this model are none ({error}); download them again"
        ) from error
    model: dict[str, Any] = {"type": "BPE", "vocab": tokens}
    model["merges"] = [line.split(" ") for line in lines if line]
    description: dict[str, Any] = {"version": "1.0", "model": model}
    if any(token.endswith(WORD_END) for token in tokens):
        model["end_of_word_suffix"] = WORD_END
        description["pre_tokenizer"] = {"type": "WhitespaceSplit"}
    else:
        description["pre_tokenizer"] = byte_level()
    pieces = of_description(description)
    return Pieces((pieces.of_token + [b""] * size)[:size], pieces.tokenize)


def is_tiktoken(content: bytes) -> bool:
    """Return whether a file has lines of a token in base64 and its number, as tiktoken has."""
    return re.match(rb"[A-Za-z0-9+/]+=* \d+\r?\n", content) is not None


def of_tiktoken(content: bytes) -> Pieces:
    """Read a file of tiktoken. Raises UsageError if it is none.

    It does not say how a text is split into words. Any split is lossless.
    """
    try:
        pairs = [line.split() for line in content.splitlines() if line.strip()]
        tokens = {b64decode(token, validate=True): int(number) for token, number in pairs}
    except ValueError as error:
        raise UsageError(
            f"the tokenizer of this model is no file of tiktoken ({error}); download it again"
        ) from error
    characters = {byte: char for char, byte in ALPHABET.items()}
    vocabulary = {"".join(characters[b] for b in token): id_ for token, id_ in tokens.items()}
    model = {"type": "BPE", "vocab": vocabulary, "merges": ranked_merges(vocabulary, vocabulary)}
    return of_description({"version": "1.0", "model": model, "pre_tokenizer": byte_level(GPT4)})


def ranked_merges(
    vocabulary: Mapping[str, int], ranks: Mapping[str, float]
) -> list[tuple[str, str]]:
    """Return all merges of two pieces to a third, those of the lowest ranks first."""
    merges = []
    for piece, rank in ranks.items():
        for at in range(1, len(piece)):
            left, right = piece[:at], piece[at:]
            if left in vocabulary and right in vocabulary:
                merges.append(((rank, vocabulary[left], vocabulary[right]), (left, right)))
    return [pair for _, pair in sorted(merges)]


def of_sentencepiece(content: bytes) -> Pieces:
    """Read a tokenizer.model of SentencePiece. Raises UsageError if it is none."""
    from sentencepiece import SentencePieceProcessor

    try:
        model = SentencePieceProcessor(model_proto=content)
    except RuntimeError as error:
        raise UsageError(
            f"the tokenizer.model of this model is none of SentencePiece or tiktoken: it begins "
            f"with {content[:20]!r}; download it again"
        ) from error
    spaced = model.id_to_piece(model.encode("a")[0]).startswith(SPACE)
    pieces = []
    for token in range(model.get_piece_size()):
        silent = model.is_control(token) or model.is_unknown(token) or model.is_unused(token)
        pieces.append(b"" if silent else _spaced(model.id_to_piece(token)))

    def tokenize(text: str) -> list[int]:
        """The library puts a space in front.

        Text that has one gives it up, other text takes the first token without.
        """
        given = text[1:] if spaced and text.startswith(" ") else text
        ids: list[int] = model.encode(given)
        if spaced and given is text and ids:
            first = model.id_to_piece(ids[0]).removeprefix(SPACE)
            ids = ([model.piece_to_id(first)] if first else []) + ids[1:]
        return ids

    return Pieces(pieces, tokenize)


def plain(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tokenizer.json without the parts that change the text."""
    added = [
        {**token, "lstrip": False, "rstrip": False, "single_word": False, "normalized": False}
        for token in description.get("added_tokens") or []
    ]
    return {
        **description,
        "truncation": None,
        "padding": None,
        "post_processor": None,
        "added_tokens": added,
        "normalizer": _only_spaces(description.get("normalizer")),
        "pre_tokenizer": _without_prefix(description.get("pre_tokenizer")),
    }


def _parts(component: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Return the components of a sequence, or the one component."""
    if component is None:
        return
    inner = [part for key in INNER for part in component.get(key) or []]
    if component["type"] == "Sequence":
        for part in inner:
            yield from _parts(part)
    else:
        yield component


INNER = ("normalizers", "pretokenizers", "decoders", "processors")


def _only_spaces(normalizer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Keep only the normalizer that writes spaces as ▁, which `_spaced` undoes."""
    kept = [
        part
        for part in _parts(normalizer)
        if part["type"] == "Replace"
        and part.get("pattern") == {"String": " "}
        and part.get("content") == SPACE
    ]
    return {"type": "Sequence", "normalizers": kept} if kept else None


def _without_prefix(component: Any) -> Any:
    """Return the pre-tokenizer without its space in front."""
    if isinstance(component, list):
        return [_without_prefix(part) for part in component]
    if not isinstance(component, dict):
        return component
    changed = {key: _without_prefix(value) for key, value in component.items()}
    if changed.get("type") == "Metaspace":
        changed["prepend_scheme"] = "never"
        changed.pop("add_prefix_space", None)
    elif changed.get("type") == "ByteLevel":
        changed["add_prefix_space"] = False
    return changed


def _spelling(description: Mapping[str, Any]) -> Callable[[str], bytes]:
    """Return how this tokenizer spells the bytes of a token."""
    stages = ("normalizer", "pre_tokenizer", "decoder")
    parts = [part for stage in stages for part in _parts(description.get(stage))]
    kinds = {part["type"] for part in parts}
    if "ByteLevel" in kinds:
        return _byte_level
    if kinds & {"ByteFallback", "Metaspace"} or any(p.get("content") == SPACE for p in parts):
        return _spaced
    model = description.get("model") or {}
    prefix, suffix = model.get("continuing_subword_prefix"), model.get("end_of_word_suffix")
    if suffix:  # a space comes after a word
        return lambda text: (
            text.removesuffix(suffix) + " " if text.endswith(suffix) else text
        ).encode()
    return lambda text: (text.removeprefix(prefix) if prefix else text).encode()


def _spaced(text: str) -> bytes:
    byte = FALLBACK.fullmatch(text)
    return bytes([int(byte[1], 16)]) if byte else text.replace(SPACE, " ").encode()


def _alphabet() -> dict[str, int]:
    """Return GPT-2's characters for bytes: printable bytes as they are, others from 256 on."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + i): b for i, b in enumerate(hidden)}


ALPHABET = _alphabet()


def _byte_level(text: str) -> bytes:
    try:
        return bytes(ALPHABET[char] for char in text)
    except KeyError:  # not made by the byte-level step
        return text.encode()

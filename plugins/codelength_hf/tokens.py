"""Tokens for any bytes whatever, and back.

The decoder needs no tokenizer, only what each token stands for. So the library's tokens are taken
wherever they give the text exactly; where they do not, and for what is not text, the longest token
that fits goes first; and a byte that no token has is escaped.
"""

from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from codelength import CorruptBlob, Unavailable
from codelength.coding.range_coder import IntArray
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.pieces import Pieces

AT_ONCE = 1 << 16
"""Characters given to the library at once, so that memory stays bounded."""

SHORT = 32
"""Bytes of text that are not worth another try when their tokens are wrong, nor a first one among
bytes that are no text."""


FIRST_LOOK = 64
"""Bytes in which the end of valid UTF-8 is looked for at first."""


class Tokens:
    """Symbols for the tokens of a model, and for bytes that no token stands for.

    The first `count` symbols are the tokens. Then there is one for each of those bytes.
    """

    def __init__(self, pieces: Pieces, count: int) -> None:
        self.count = count
        self._pieces = (pieces.of_token + [b""] * count)[:count]
        self._tokenize = pieces.tokenize

    @cached_property
    def escapes(self) -> bytes:
        """Return the bytes that no token alone stands for."""
        return bytes(byte for byte in range(256) if bytes([byte]) not in self._symbols)

    @cached_property
    def _symbols(self) -> dict[bytes, int]:
        """Return the symbol of each piece, the first of those with the same bytes."""
        return {p: i for i, p in reversed(list(enumerate(self._pieces))) if p}

    @cached_property
    def _all_symbols(self) -> dict[bytes, int]:
        escaped = {bytes([byte]): self.count + byte for byte in self.escapes}
        return {**self._symbols, **escaped}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._all_symbols))

    @cached_property
    def _all_pieces(self) -> list[bytes]:
        return self._pieces + [bytes([byte]) for byte in range(256)]

    def encode(self, data: bytes) -> NDArray[np.int64]:
        """Return symbols that decode to `data`."""
        symbols: list[int] = []
        for piece, text in texts(data):
            symbols += self._greedy(piece) if text is None else self._verified(text, piece)
        return np.array(symbols, np.int64)

    def decode(self, symbols: IntArray) -> bytes:
        """Return the bytes of `symbols`."""
        return b"".join(self.pieces_of(symbols))

    def pieces_of(self, symbols: IntArray) -> list[bytes]:
        """Return what each of `symbols` stands for."""
        pieces = self._all_pieces
        return [pieces[symbol] for symbol in symbols.tolist()]

    def split_escapes(self, symbols: IntArray) -> tuple[NDArray[np.int64], bytes]:
        """Return `symbols` with all escapes as one symbol, and the bytes of the escapes."""
        escaped = symbols[symbols >= self.count] - self.count
        return np.minimum(symbols, self.count), escaped.astype(np.uint8).tobytes()

    def restore_escapes(self, symbols: IntArray, escaped: bytes) -> NDArray[np.int64]:
        """Undo `split_escapes`. Raises CorruptBlob."""
        restored = symbols.astype(np.int64)
        places = np.flatnonzero(restored >= self.count)
        if len(places) != len(escaped) or not set(escaped) <= set(self.escapes):
            raise CorruptBlob(f"{len(places)} escapes, but bytes for {len(escaped)} of them")
        restored[places] = self.count + np.frombuffer(escaped, np.uint8).astype(np.int64)
        return restored

    def _verified(self, text: str, data: bytes) -> list[int]:
        """Return the library's tokens as far as they decode to the text. `data` is its UTF-8."""
        tokens = self._tokenize(text)
        pieces = self._pieces
        known = all(token < self.count for token in tokens)
        if known and b"".join([pieces[token] for token in tokens]) == data:
            return tokens
        if len(data) <= SHORT:
            return self._greedy(data)
        corpus_slice = text.rfind(" ", 1, len(text) // 2) if " " in text[1 : len(text) // 2] else -1
        corpus_slice = corpus_slice if corpus_slice > len(text) // 4 else len(text) // 2
        left, right = text[:corpus_slice], text[corpus_slice:]
        if not left or not right:
            return self._greedy(data)
        return self._verified(left, left.encode()) + self._verified(right, right.encode())

    def _greedy(self, data: bytes) -> list[int]:
        symbols, known, at = [], self._all_symbols, 0
        while at < len(data):
            end = min(at + self._longest, len(data))
            while (symbol := known.get(data[at:end])) is None:
                end -= 1
            symbols.append(symbol)
            at = end
        return symbols


class Bytes(Tokens):
    """Symbols are bytes."""

    def encode(self, data: bytes) -> NDArray[np.int64]:
        return np.frombuffer(data, np.uint8).astype(np.int64)

    def decode(self, symbols: IntArray) -> bytes:
        return symbols.astype(np.uint8).tobytes()

    def pieces_of(self, symbols: IntArray) -> list[bytes]:
        return [bytes([symbol]) for symbol in symbols.tolist()]


def texts(data: bytes) -> Iterator[tuple[bytes, str | None]]:
    """Yield `data` in pieces, each with its text, or None if it is no text."""
    view = memoryview(data)
    at = raw = 0  # what starts at `raw` is no text
    while at < len(data):
        text, end = _valid(view, at)
        if end - at > SHORT or (at == 0 and end == len(data)):
            if raw < at:
                yield data[raw:at], None
            yield from _cut(text)
            raw = end
        at = end + 1 if end < len(data) else end
    if raw < len(data):
        yield data[raw:], None


def _valid(view: memoryview, at: int) -> tuple[str, int]:
    """Return the valid UTF-8 text that starts at `at`, and where it ends.

    The bytes decoded at a time double, because an error copies all bytes that were to be decoded.
    """
    size = FIRST_LOOK
    while True:
        part = view[at : at + size]
        whole = at + size >= len(view)
        try:
            text = str(part, "utf-8")
            if whole:
                return text, len(view)
        except UnicodeDecodeError as error:
            if whole or error.reason != "unexpected end of data":
                end = at + error.start
                return str(view[at:end], "utf-8"), end
        size *= 2


def _cut(text: str) -> Iterator[tuple[bytes, str]]:
    """Cut `text` into pieces, before a space where there is one."""
    at = 0
    while at < len(text):
        end = min(at + AT_ONCE, len(text))
        if end < len(text):
            space = text.rfind(" ", at + AT_ONCE // 2, end)
            end = space if space > 0 else end
        yield text[at:end].encode(), text[at:end]
        at = end


BYTES = (256, 257)
"""Vocabularies of models of bytes; the second has a token of its own for the beginning."""


@lru_cache(maxsize=4)
def tokens_of(checkpoint: Checkpoint) -> Tokens:
    """Return the tokens of a model; bytes if it has no tokenizer. Raises Unavailable."""
    pieces, vocabulary = checkpoint.pieces, checkpoint.config["vocab_size"]
    if pieces is not None:
        return Tokens(pieces, vocabulary)
    if vocabulary not in BYTES:
        raise Unavailable(
            f"{checkpoint.folder} has no tokenizer.json and no tokenizer.model; save the tokenizer "
            "with the model (AutoTokenizer.from_pretrained(…).save_pretrained(FOLDER) writes one)"
        )
    return Bytes(Pieces([bytes([byte]) for byte in range(256)], lambda text: [*text.encode()]), 256)

"""Tokens for any bytes, with every kind of tokenizer."""

import base64
import json
import random
import time
from functools import cache

import hf_models as models
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import CorruptBlob, UsageError
from codelength_hf import pieces
from codelength_hf.tokens import Tokens, texts


def gpt2_files() -> pieces.Pieces:
    """vocab.json and merges.txt, as GPT-2 was published."""
    model = json.loads(models.byte_level().to_str())["model"]
    merges = "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]) + "\n"
    return pieces.of_vocabulary(json.dumps(model["vocab"]).encode(), merges.encode())


def tiktoken() -> pieces.Pieces:
    """The same tokens as a file of tiktoken."""
    vocabulary = json.loads(models.byte_level().to_str())["model"]["vocab"]
    tokens = {t: i for t, i in vocabulary.items() if not t.startswith("<|")}
    lines = [
        base64.b64encode(bytes(pieces.ALPHABET[char] for char in token)) + b" %d\n" % id_
        for token, id_ in tokens.items()
    ]
    assert pieces.is_tiktoken(b"".join(lines))
    return pieces.of_tiktoken(b"".join(lines))


KINDS = {
    "vocab.json": gpt2_files,
    "tiktoken": tiktoken,
    "ends of words": models.word_ends,
    "byte level": models.byte_level,
    "byte level, NFC": lambda: models.byte_level(normalise=True),
    "byte fallback": models.byte_fallback,
    "words": models.words,
    "word pieces": models.wordpieces,
    "metaspace": models.metaspace,
    "sentencepiece": models.sentencepiece,
}


@cache
def tokens(kind: str) -> Tokens:
    tokenizer = KINDS[kind]()
    if isinstance(tokenizer, pieces.Pieces):
        return Tokens(tokenizer, len(tokenizer.of_token))
    if isinstance(tokenizer, bytes):
        read = pieces.of_sentencepiece(tokenizer)
        return Tokens(read, len(read.of_token))
    read = pieces.of_json(tokenizer.to_str().encode())
    return Tokens(read, tokenizer.get_vocab_size())


@pytest.mark.parametrize("length", [*range(50, 70), *range(120, 135), 250, 500])
def test_text_ends_where_it_is_none_any_more(length):
    """Whatever character lies where it was looked for in more bytes."""
    text = "a" * length + "€é😀" * 40
    broken = text.encode() + b"\xe2\x82"
    assert list(texts(broken + b"!")) == [(text.encode(), text), (b"\xe2\x82!", None)]
    assert list(texts(broken)) == [(text.encode(), text), (b"\xe2\x82", None)]


def test_bytes_that_are_no_text_take_linear_time():
    data = random.Random(0).randbytes(800_000)

    def seconds(size: int) -> float:
        start = time.process_time()
        assert b"".join(piece for piece, _ in texts(data[:size])) == data[:size]
        return time.process_time() - start

    assert min(seconds(800_000) for _ in range(2)) < 7 * min(seconds(200_000) for _ in range(2))


each_kind = pytest.mark.parametrize("kind", KINDS)

NASTY = {
    "nothing": b"",
    "a byte": b"\0",
    "all bytes": bytes(range(256)),
    "all bytes, twice": bytes(range(256)) * 2,
    "no UTF-8": b"text \xff\xfe text \xc3\x28 \xed\xa0\x80 \xf5\x80 and so on, to be long enough",
    "what NFC would change": "e\u0301 \u00e9 \u212b \ufb01 \u1100\u1161".encode(),
    "special tokens": b"a<|endoftext|>b <s> </s> [CLS] [UNK] <unk> <0x0A> ##a",
    "a literal meta space": "a▁b ▁ ▁▁".encode(),
    "spaces": b"  two in front, three   within, one behind ",
    "lines": b"\r\n\r\n\ttab\n",
    "cut within a character": "naïve “quotes”".encode()[:-1],
    "begins within a character": "“quotes”".encode()[1:],
    "emoji": "👩‍👩‍👧 🙂".encode(),
    "prose": models.text()[:3000].encode(),
    "prose with a stray byte": models.text()[:1000].encode() + b"\xff" + b"and on it goes" * 9,
}


@pytest.mark.parametrize("data", NASTY.values(), ids=NASTY)
@each_kind
def test_what_becomes_tokens_comes_back(kind, data):
    made = tokens(kind)
    symbols = made.encode(data)
    assert made.decode(symbols) == data
    assert symbols.max(initial=0) < made.count + 256
    folded, escaped = made.split_escapes(symbols)
    assert folded.max(initial=0) <= made.count
    assert np.array_equal(made.restore_escapes(folded, escaped), symbols)


@each_kind
@given(
    data=st.binary(max_size=80)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(st.sampled_from(list(NASTY.values())), max_size=3).map(b"".join)
)
@settings(max_examples=25, deadline=None)
def test_anything_comes_back(kind, data):
    made = tokens(kind)
    assert made.decode(made.encode(data)) == data


@pytest.mark.parametrize(
    "kind", ["byte level", "byte level, NFC", "byte fallback", "sentencepiece"]
)
def test_vocabularies_with_all_bytes_need_no_escape(kind):
    assert tokens(kind).escapes == b""


@pytest.mark.parametrize("kind", ["byte level", "byte level, NFC"])
def test_text_gets_the_tokens_of_the_library(kind):
    text = models.text()[:3000]
    assert tokens(kind).encode(text.encode()).tolist() == KINDS[kind]().encode(text).ids


def test_a_space_in_front_is_neither_added_nor_lost():
    made = tokens("byte fallback")
    with_space, without = made.encode(b" the way"), made.encode(b"the way")
    assert made.decode(with_space[:1])[:1] == b" "
    assert with_space.tolist() == KINDS["byte fallback"]().encode("the way").ids
    assert made.decode(without) == b"the way"


@pytest.mark.parametrize("text", ["the way of all", " the way of all"])
def test_sentencepiece_gets_its_space_back(text):
    made = tokens("sentencepiece")
    symbols = made.encode(text.encode())
    assert made.decode(symbols) == text.encode()
    assert len(symbols) <= 1 + len(made.encode(b" the way of all"))


def test_special_tokens_are_never_read_from_text():
    special = KINDS["byte level"]().token_to_id("<|endoftext|>")
    assert special not in tokens("byte level").encode(b"a <|endoftext|> b").tolist()


def test_prose_is_not_escaped_away():
    made = tokens("metaspace")
    symbols = made.encode(models.text()[:2000].encode())
    assert len(symbols) < 1400
    assert np.mean(symbols >= made.count) < 0.05


def test_tokens_beyond_the_model_are_not_used():
    tokenizer = models.byte_level(400)
    small = Tokens(pieces.of_json(tokenizer.to_str().encode()), 300)
    data = models.text()[:500].encode()
    symbols = small.encode(data)
    assert symbols.max() < 300
    assert small.decode(symbols) == data


def test_escapes_that_do_not_fit_are_refused():
    made = tokens("words")
    folded, escaped = made.split_escapes(made.encode(b"\xff and \xfe"))
    with pytest.raises(CorruptBlob, match="escapes"):
        made.restore_escapes(folded, escaped[:-1])
    with pytest.raises(CorruptBlob, match="escapes"):
        made.restore_escapes(folded, b"#" * len(escaped))


def test_bytes_of_gpt2s_alphabet():
    assert len(pieces.ALPHABET) == 256
    assert sorted(pieces.ALPHABET.values()) == list(range(256))
    assert pieces.ALPHABET["Ġ"] == ord(" ")
    assert pieces.ALPHABET["Ċ"] == ord("\n")


def test_what_would_change_text_is_taken_out():
    description = json.loads(models.metaspace().to_str())
    plain = pieces.plain(description)
    assert plain["normalizer"] is None
    assert plain["pre_tokenizer"]["prepend_scheme"] == "never"


@pytest.mark.parametrize("page", [b"<html>", b"", b"[]", b"\xff", b"[" * 100_000])
def test_a_page_instead_of_a_tokenizer_is_named(page):
    with pytest.raises(UsageError, match=r"tokenizer.json of this model is none: it begins with"):
        pieces.of_json(page)


@pytest.mark.parametrize("kind", ["vocab.json", "tiktoken"])
def test_other_files_of_the_same_tokens_give_the_same_tokens(kind):
    text = "Prose with words and lines,\nnothing that two patterns would split otherwise"
    assert tokens(kind).encode(text.encode()).tolist() == models.byte_level().encode(text).ids


def test_a_word_that_ends_has_its_space():
    made = tokens("ends of words")
    text = b"the name of the file and the value of the object "
    symbols = made.encode(text)
    assert made.decode(symbols) == text
    assert len(symbols) < len(text) / 2
    words = KINDS["ends of words"]().encode(text.decode()).ids
    assert np.mean(np.isin(symbols, words)) > 0.8


@pytest.mark.parametrize("page", [b"<html>", b"[]", b"{}", b'{"a": "b"}'])
def test_a_vocabulary_that_is_none_is_named(page):
    with pytest.raises(UsageError, match="are none"):
        pieces.of_vocabulary(page, b"#version: 0.2\na b\n")


def test_a_broken_file_of_tiktoken_is_named():
    with pytest.raises(UsageError, match="no file of tiktoken"):
        pieces.of_tiktoken(b"YQ== 0\nno token at all\n")


def test_a_page_instead_of_a_model_of_sentencepiece_is_named():
    with pytest.raises(UsageError, match=r"none of SentencePiece or tiktoken: it begins with"):
        pieces.of_sentencepiece(b"<html>")

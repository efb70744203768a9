"""Text is told from other bytes."""

import pytest

from codelength import RAW, TEXT
from codelength_reading import media_of

TEXTS = {
    "ASCII": b"plain\ntext\r\n\twith\x0cwhite space",
    "UTF-8": "naïve, 日本語, 🙂\n".encode(),
    "UTF-8 with a mark": "\ufeffnaïve".encode(),
    "UTF-16": "naïve 🙂".encode("utf-16"),
    "UTF-16, big end first": "\ufeffnaïve".encode("utf-16-be"),
    "UTF-32": "naïve".encode("utf-32"),
    "a terminal's log": b"\x1b[31mred\x1b[0m\n",
    "a text of CP/M": b"the end\x1a",
}
OTHERS = {
    "nothing": b"",
    "Latin-1": "naïve".encode("latin-1"),
    "NUL in between": b"some\0text",
    "half a character at the end": "日本".encode()[:-1],
    "a mark and an odd number of bytes": b"\xff\xfeabc",
    "UTF-16 without a mark": "plain".encode("utf-16-le"),
    "noise": bytes(range(256)),
    "lone surrogate": b"\xff\xfe\x00\xdc",
}


@pytest.mark.parametrize("data", TEXTS.values(), ids=TEXTS)
def test_text(data):
    assert media_of(data) == TEXT


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_not_text(data):
    assert media_of(data) == RAW


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-32"])
def test_looking_at_windows_never_goes_wrong_inside_a_character(codec, shift):
    text = "a" * shift + "🙂日é" * 60_000
    assert media_of(text.encode(codec)) == TEXT


def test_windows_see_head_middle_and_tail():
    text = bytearray(b"a" * 1_000_000)
    for place in (0, 500_000, 999_999):
        data = bytearray(text)
        data[place] = 0
        assert media_of(bytes(data)) == RAW

"""Files become samples by their content: pixels, PCM, text, or plain bytes."""

import struct
import zlib

import numpy as np
import pytest
import soundfile
from PIL import Image as Pillow

import codelength_reading as reading
from codelength import RAW, TEXT, Audio, Image, Unavailable
from codelength.api.errors import CorpusError

GRAY = np.arange(5 * 7, dtype=np.uint16).reshape(5, 7) * 1000
COLOUR = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)


def read(path):
    return reading.read_sample(path, "it")


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "ppm"])
def test_lossless_images_are_decoded_to_their_pixels(tmp_path, kind):
    path = tmp_path / "no-suffix"
    Pillow.fromarray(COLOUR).save(path, format=kind)
    sample = read(path)
    assert sample.media == Image(7, 5, 3)
    assert sample.data == COLOUR.tobytes()


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_one_to_four_channels(tmp_path, mode, channels):
    image = Pillow.fromarray(COLOUR).convert(mode)
    image.save(tmp_path / "x", format="png")
    sample = read(tmp_path / "x")
    assert sample.media == Image(7, 5, channels)
    assert sample.data == image.tobytes()


@pytest.mark.parametrize("kind", ["png", "tiff", "ppm"])
def test_sixteen_bits_of_gray_are_little_endian_pairs(tmp_path, kind):
    if kind == "ppm":
        (tmp_path / "x").write_bytes(b"P5 7 5 65535\n" + GRAY.astype(">u2").tobytes())
    else:
        Pillow.fromarray(GRAY).save(tmp_path / "x", format=kind)
    sample = read(tmp_path / "x")
    assert sample.media == Image(7, 5, depth=16)
    assert sample.data == GRAY.astype("<u2").tobytes()


def png(depth: int, colour: int, rows: list[bytes]) -> bytes:
    def chunk(tag: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(tag + data)
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", 7, 5, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks)


NOT_REPRESENTABLE = {
    "16-bit colour, which Pillow would halve": png(
        16, 2, [row.tobytes() for row in COLOUR.astype(">u2") * 257]
    ),
    "4-bit gray, which Pillow would stretch": png(4, 0, [bytes(4)] * 5),
    "a depth of its own": b"P6 7 5 100\n" + (COLOUR // 3).tobytes(),
    "12 bits": b"P5 7 5 4095\n" + bytes(70),
    "cut short": png(8, 2, [row.tobytes() for row in COLOUR])[:60],
    "only a signature": b"\x89PNG\r\n\x1a\n",
    "a JPEG's head and nothing else": b"\xff\xd8\xff\xe0" + bytes(40),
}


@pytest.mark.parametrize("content", NOT_REPRESENTABLE.values(), ids=NOT_REPRESENTABLE)
def test_images_that_cannot_be_given_exactly_stay_files(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    sample = read(tmp_path / "x")
    assert (bytes(sample.data), sample.media) == (content, RAW)
    with pytest.raises(CorpusError, match=str(tmp_path)):
        reading.pixels(tmp_path / "x", "it")


def test_palettes_bilevel_and_several_frames_stay_files(tmp_path):
    Pillow.fromarray(COLOUR).convert("P").save(tmp_path / "palette", format="png")
    Pillow.fromarray(COLOUR).convert("1").save(tmp_path / "bilevel", format="png")
    frames = [Pillow.fromarray(COLOUR), Pillow.fromarray(255 - COLOUR)]
    frames[0].save(tmp_path / "frames", format="tiff", save_all=True, append_images=frames[1:])
    for path in tmp_path.iterdir():
        assert read(path).media == RAW
        assert bytes(read(path).data) == path.read_bytes()


def test_without_pillow_an_image_is_a_file_and_a_corpus_says_what_to_install(tmp_path, monkeypatch):
    Pillow.fromarray(COLOUR).save(tmp_path / "x", format="png")
    monkeypatch.setattr(reading, "find_spec", lambda module: None)
    assert read(tmp_path / "x").media == RAW
    with pytest.raises(Unavailable, match=r"pip install 'codelength\[image\]'"):
        reading.pixels(tmp_path / "x", "it")
    with pytest.raises(Unavailable, match=r"pip install 'codelength\[audio\]'"):
        reading.pcm(tmp_path / "x", "it")


SOUND = np.random.default_rng(2).integers(-32768, 32768, (300, 2)).astype(np.int16)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF"])
def test_recordings_of_16_bits_are_decoded_to_pcm(tmp_path, kind):
    soundfile.write(tmp_path / "x", SOUND, 44_100, format=kind, subtype="PCM_16")
    sample = read(tmp_path / "x")
    assert sample.media == Audio(44_100, 2, 16)
    assert sample.data == SOUND.astype("<i2").tobytes()


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_U8"), ("AIFF", "PCM_S8")])
def test_recordings_of_8_bits_are_unsigned_bytes(tmp_path, kind, subtype):
    eight = (SOUND >> 8).astype(np.int16)
    soundfile.write(tmp_path / "x", eight << 8, 8000, format=kind, subtype=subtype)
    sample = read(tmp_path / "x")
    assert sample.media == Audio(8000, 2, 8)
    assert sample.data == (eight + 128).astype(np.uint8).tobytes()


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", "PCM_24"), ("OGG", "VORBIS")],
)
def test_other_recordings_stay_files(tmp_path, kind, subtype):
    soundfile.write(tmp_path / "x", SOUND, 44_100, format=kind, subtype=subtype)
    sample = read(tmp_path / "x")
    assert (bytes(sample.data), sample.media) == ((tmp_path / "x").read_bytes(), RAW)
    with pytest.raises(CorpusError, match="not PCM of 8 or 16 bits"):
        reading.pcm(tmp_path / "x", "it")


def test_a_damaged_recording_stays_a_file(tmp_path):
    (tmp_path / "x").write_bytes(b"fLaC" + bytes(100))
    assert read(tmp_path / "x").media == RAW
    with pytest.raises(CorpusError, match="no recording that libsndfile reads"):
        reading.pcm(tmp_path / "x", "it")


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
    assert reading.media_of(data) == TEXT


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_not_text(data):
    assert reading.media_of(data) == RAW


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-32"])
def test_looking_at_windows_never_goes_wrong_inside_a_character(codec, shift):
    text = "a" * shift + "🙂日é" * 60_000
    assert reading.media_of(text.encode(codec)) == TEXT


def test_windows_see_head_middle_and_tail():
    text = bytearray(b"a" * 1_000_000)
    for place in (0, 500_000, 999_999):
        data = bytearray(text)
        data[place] = 0
        assert reading.media_of(bytes(data)) == RAW

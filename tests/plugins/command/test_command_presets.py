"""The presets, where their programs are installed: what they write, and that it comes back."""

import io
import lzma
import wave

import numpy as np
import pytest
from imagecodecs import png_decode

from codelength import RAW, Audio, Codec, CorruptBlob, Image, Unavailable
from codelength.plugins import Plugins
from codelength.testing import check_codec
from codelength_command import wave as waves

PRESETS = Plugins(only=["command"])
SPECS = [entry.item.spec for entry in PRESETS.codecs]
TEXT = b"".join(b"%d bottles on the wall, %d\n" % (at, at * at) for at in range(200))


def preset(spec: str) -> Codec:
    """A preset; the test is skipped where its program is missing."""
    codec = PRESETS.codec(spec).item
    try:
        codec.check_available()
    except Unavailable as missing:
        pytest.skip(str(missing))
    return codec


@pytest.mark.parametrize("spec", SPECS)
def test_text_gets_smaller_and_comes_back(spec):
    codec = preset(spec)
    blob = codec.encode(TEXT)
    assert len(blob) < len(TEXT)
    assert codec.decode(blob) == TEXT
    assert codec.encode(TEXT) == blob


@pytest.mark.slow
@pytest.mark.parametrize("name", {entry.item.name: None for entry in PRESETS.codecs})
def test_every_preset_passes_the_kit(name):
    first = next(entry.item.spec for entry in PRESETS.codecs if entry.item.name == name)
    check_codec(preset(first), timeout=60)


@pytest.mark.parametrize("spec", SPECS)
def test_a_version_is_a_number(spec):
    program, version = next(iter(preset(spec).versions.items()))
    assert version[0].isdigit(), f"{program} {version}"
    assert "." in version


def test_a_blob_is_the_file_that_the_tool_writes():
    assert lzma.decompress(preset("cli-xz").encode(TEXT), lzma.FORMAT_XZ) == TEXT
    assert preset("cli-7z").encode(TEXT).startswith(b"7z\xbc\xaf\x27\x1c")
    assert preset("cli-zpaq").encode(TEXT).startswith(b"7kSt")


def test_sound_is_a_wavpack_file_of_its_channels_and_depth():
    data = np.linspace(-9000, 9000, 6000).astype("<i2").tobytes()
    codec = preset("cli-wavpack")
    stereo, bytes_ = codec.encode(data, Audio(48_000, 2, 16)), codec.encode(data)
    assert stereo.startswith(b"wvpk")
    assert len(stereo) < len(bytes_)
    assert codec.decode(stereo) == codec.decode(bytes_) == data


def test_a_picture_is_a_png_file_behind_a_byte_of_head():
    pixels = (np.add.outer(np.arange(40), np.arange(60))[..., None] * [1, 2, 3]).astype(np.uint8)
    blob = preset("cli-optipng").encode(pixels.tobytes(), Image(60, 40, 3))
    assert blob[0] == 0
    assert np.array_equal(png_decode(blob[1:]), pixels)


@pytest.mark.parametrize("media", [Audio(44_100, 2, 16), Audio(8_000, 1, 8), Audio(16_000, 3, 16)])
def test_another_reader_finds_the_sound_in_a_wav_file(media):
    data = bytes(range(240))
    with wave.open(io.BytesIO(waves.written(data, media))) as file:
        told = file.getframerate(), file.getnchannels(), 8 * file.getsampwidth()
        assert told == (media.rate, media.channels, media.depth)
        assert file.readframes(1000) == data
    assert waves.read(waves.written(data, media)) == data


@pytest.mark.parametrize("media", [RAW, Audio(44_100, 2, 16), Audio(0, 1, 8), Audio(8_000, 99, 8)])
def test_bytes_that_are_no_such_sound_are_8_bit_mono(media):
    with wave.open(io.BytesIO(waves.written(b"abc", media))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 1)
    assert waves.read(waves.written(b"abc", media)) == b"abc"


def test_chunks_around_the_sound_are_passed_over():
    file = waves.written(b"abc", RAW)
    assert waves.read(file[:12] + b"LIST\3\0\0\0xyz\0" + file[12:] + b"id3 ") == b"abc"


@pytest.mark.parametrize("file", [b"", b"RIFF", waves.written(b"abcdef", RAW)[:-1], b"x" * 100])
def test_what_is_no_whole_wav_file_is_refused(file):
    with pytest.raises(CorruptBlob):
        waves.read(file)

"""Pictures under `mixer-media`: what comes back, in how many bytes, and what is refused."""

import hashlib
from contextlib import suppress

import numpy as np
import pytest

from codelength import Audio, CorruptBlob, Image, Sample, UsageError
from codelength_mix import MediaMixerCodec, MixerCodec
from codelength_mix.shapes import WIDEST

CODEC = MediaMixerCodec(1)


def hills(width, height, channels=1, depth=8, noise=0):
    """Smooth hills, other ones in each channel; integers only, so the same everywhere."""
    x, y = np.arange(width), np.arange(height)[:, None]
    planes = [
        (x * x // (3 + c) + y * (y + 2 * x) // (5 + c) + 40 * c) // 4 % 200 for c in range(channels)
    ]
    pixels = np.stack(planes, axis=-1)
    seeds = np.arange(pixels.size, dtype=np.uint64).reshape(pixels.shape) + np.uint64(1)
    random = (seeds * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    pixels = pixels + (random % np.uint64(noise + 1)).astype(np.int64)
    scaled = pixels * (257 if depth == 16 else 1)
    data = scaled.astype("<u2" if depth == 16 else np.uint8).tobytes()
    return data, Image(width, height, channels, depth)


@pytest.mark.parametrize(
    ("width", "height", "channels", "depth"),
    [
        (1, 1, 1, 8),
        (1, 9, 3, 8),
        (50, 1, 2, 8),
        (43, 30, 3, 8),
        (25, 20, 4, 8),
        (9, 40, 1, 16),
        (30, 20, 3, 16),
    ],
)
def test_round_trip_of_every_form(width, height, channels, depth):
    data, media = hills(width, height, channels, depth, noise=3)
    blob = CODEC.encode(data, media)
    assert CODEC.decode(blob) == data
    assert sum(CODEC.ledger(blob).values()) == len(blob)


@pytest.mark.parametrize("byte", [0, 255])
def test_one_colour_costs_next_to_nothing(byte):
    data = bytes([byte]) * (80 * 60 * 3)
    blob = CODEC.encode(data, Image(80, 60, 3))
    assert len(blob) < 30
    assert CODEC.decode(blob) == data


def test_a_picture_takes_less_than_its_bytes():
    data, media = hills(96, 64, 3, noise=3)
    blob = CODEC.encode(data, media)
    assert blob[0] == 1
    assert len(blob) < 0.6 * len(MixerCodec(1).encode(data))


def test_what_colours_there_are_is_learned():
    """The last plane is any number of the first two, or any number at all."""
    rng = np.random.default_rng(3)
    first, second, free = (rng.integers(0, limit, (64, 96)) for limit in (12, 12, 60))
    bound = rng.integers(0, 60, (12, 12))[first, second]
    one, other = (
        len(CODEC.encode(np.stack([second, first, last], -1).astype(np.uint8).tobytes(), media))
        for media in [Image(96, 64, 3)]
        for last in (bound, free)
    )
    assert one < 0.75 * other


def test_code_lengths_are_what_a_picture_takes():
    for depth in (8, 16):
        data, media = hills(40, 30, 3, depth, noise=7)
        (bits,) = CODEC.code_lengths([Sample("", data, media)])
        assert bits.shape == (len(data),)
        payload = CODEC.ledger(CODEC.encode(data, media))["payload"]
        assert bits.sum() / 8 == pytest.approx(payload, abs=2)


def test_all_else_is_coded_as_mixer_does():
    data, _ = hills(40, 30)
    for media in (Image(40, 31), Image(WIDEST + 1, 1), Image(4, 60, 5), Audio(8000)):
        assert CODEC.encode(data, media) == b"\0" + MixerCodec(1).encode(data)
    assert CODEC.decode(CODEC.encode(b"")) == b""
    assert CODEC.drops(Image(WIDEST + 1, 1))
    assert not CODEC.drops(Image(WIDEST, 1))


def test_the_blob_is_the_same_on_every_machine():
    data, media = hills(60, 40, 3, noise=9)
    digest = hashlib.sha256(CODEC.encode(data, media)).hexdigest()
    assert digest == "1903c5d5e109299e409aa8e4ee9afcf873c1c3f7cf812ae8b4d439f2bf9c4690"


def test_what_is_no_blob_is_refused():
    data, media = hills(40, 30, 3, noise=3)
    blob = CODEC.encode(data, media)
    for size in range(0, len(blob), 397):
        with pytest.raises(CorruptBlob):
            CODEC.decode(blob[:size])
    with pytest.raises(CorruptBlob):
        CODEC.decode(blob + b"\0")
    with pytest.raises(CorruptBlob, match="claims"):
        CODEC.decode(b"\1" + b"\xff\xff\x7f" * 2 + blob[3:])
    with pytest.raises(CorruptBlob, match="begins with"):
        CODEC.decode(b"\2" + blob[1:])
    with pytest.raises(CorruptBlob, match="in a stream of"):
        CODEC.decode(b"\1" + b"\x80\x40" * 2 + b"\1\1\xff\1\0" + b"12")
    for place in range(1, len(blob), 531):
        changed = bytearray(blob)
        changed[place] ^= 4
        with suppress(CorruptBlob):
            assert CODEC.decode(bytes(changed)) != data


def test_memory_is_checked():
    with pytest.raises(UsageError, match="mixer-media:memory=3"):
        MediaMixerCodec(3)

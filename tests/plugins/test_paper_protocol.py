"""The cut of the published experiments, against numpy."""

import numpy as np
import pytest

from codelength import TEXT, Audio, Image, Sample
from codelength.plugins import Plugins
from codelength_published.protocol import Paper

BYTES = bytes(range(256)) * 10


def cut(sample):
    return list(Paper().split([sample]))


def paper(sample):
    return [chunk.data for chunk in cut(sample)]


@pytest.mark.parametrize("shape", [(32, 64), (100, 200), (31, 64), (64, 63), (96, 130)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_paper_patches_are_the_truncated_mean_in_raster_order(shape, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, channels), np.uint8)
    sample = Sample("p", pixels.tobytes(), Image(shape[1], shape[0], channels))
    gray = pixels[..., :3].mean(axis=-1).astype(np.uint8)
    rows, columns = shape[0] // 32, shape[1] // 64
    whole = gray[: rows * 32, : columns * 64]
    expected = whole.reshape(rows, 32, columns, 64).swapaxes(1, 2).reshape(-1, 2048)
    assert paper(sample) == [patch.tobytes() for patch in expected]


def test_paper_takes_the_upper_byte_of_sixteen_bits():
    pixels = np.random.default_rng(0).integers(0, 1 << 16, (32, 64), np.uint16)
    sample = Sample("p", pixels.astype("<u2").tobytes(), Image(64, 32, depth=16))
    assert paper(sample) == [(pixels // 256).astype(np.uint8).tobytes()]


def test_paper_ignores_an_alpha_channel():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 64, 2), np.uint8)
    sample = Sample("p", pixels.tobytes(), Image(64, 32, 2))
    assert paper(sample) == [pixels[..., 0].tobytes()]


def test_paper_patches_say_what_and_where_they_are():
    sample = Sample("p", bytes(64 * 128), Image(128, 64))
    patches = cut(sample)
    assert [p.name for p in patches] == ["p@0,0", "p@0,64", "p@32,0", "p@32,64"]
    assert {p.media for p in patches} == {Image(64, 32)}


def test_paper_sound_is_the_upper_byte_moved_up_by_128():
    frames = np.random.default_rng(0).integers(-32768, 32768, 5000).astype(np.int16)
    chunks = cut(Sample("s", frames.astype("<i2").tobytes(), Audio(16_000)))
    expected = ((frames >> 8) + 128).astype(np.uint8)
    assert [c.data for c in chunks] == [expected[:2048].tobytes(), expected[2048:4096].tobytes()]
    assert {c.media for c in chunks} == {Audio(16_000, depth=8)}


def test_paper_mixes_stereo_down_and_brings_48_khz_to_16():
    frames = np.random.default_rng(0).integers(-32768, 32768, (3 * 2048, 2)).astype(np.int16)
    (chunk,) = paper(Sample("s", frames.astype("<i2").tobytes(), Audio(48_000, 2)))
    mono = np.floor_divide(frames.sum(axis=1, dtype=np.int64), 2)
    third = np.floor_divide(mono.reshape(-1, 3).sum(axis=1), 3)
    assert chunk == ((third >> 8) + 128).astype(np.uint8).tobytes()


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100])
def test_paper_keeps_a_constant_at_any_rate(rate):
    frames = np.full(2 * rate, 1000, np.int16)
    chunks = paper(Sample("s", frames.astype("<i2").tobytes(), Audio(rate)))
    assert len(chunks) == 2 * min(rate, 16_000) // 2048
    assert set(b"".join(chunks)) == {(1000 >> 8) + 128}


@pytest.mark.parametrize(("depth", "floating"), [(24, False), (32, False), (32, True), (64, True)])
def test_paper_takes_the_upper_byte_of_any_depth(depth, floating):
    """A quarter of full scale is 32 of 128 above the middle."""
    values = np.full(4096, 0.25) if floating else np.full(4096, 1 << (depth - 3))
    kind = f"<f{depth // 8}" if floating else "<i4"
    data = values.astype(kind).view(np.uint8).reshape(4096, -1)[:, : depth // 8].tobytes()
    chunks = paper(Sample("s", data, Audio(16_000, 1, depth, floating)))
    assert set(b"".join(chunks)) <= {159, 160}


def test_paper_does_not_make_sound_of_a_low_rate_longer():
    """A header may claim 1 Hz."""
    media = Audio(1)
    chunks = cut(Sample("s", bytes(2 * 4096), media))
    assert [len(chunk.data) for chunk in chunks] == [2048, 2048]
    assert chunks[0].media == Audio(1, 1, 8)


def test_paper_gives_8_bit_sound_as_it_is():
    data = bytes(range(256)) * 8
    assert paper(Sample("s", data, Audio(16_000, depth=8))) == [data]


def test_paper_text_keeps_its_tail():
    assert [len(c) for c in paper(Sample("t", BYTES, TEXT))] == [2048, 512]
    assert b"".join(paper(Sample("t", BYTES, TEXT))) == BYTES


def test_only_the_paper_counts_headers_once():
    protocols = {entry.item.name: entry.item for entry in Plugins().protocols}
    assert {name for name, cls in protocols.items() if cls.header_once} == {"paper"}
    assert protocols["paper"]().spec == "paper"

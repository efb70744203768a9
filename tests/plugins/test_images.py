import io
import random

import numpy as np
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from codelength import RAW, CorruptBlob, Image
from codelength_images import formats, pixels
from codelength_images.formats import JpegXl, Png, WebP
from codelength_images.pixels import near_square

EACH = pytest.mark.parametrize("codec", [Png(), WebP(), JpegXl()], ids=lambda codec: codec.name)


def opened(file: bytes) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(file))
    picture.load()
    return picture


def test_2048_bytes_are_32_rows_of_64():
    picture = opened(Png().encode(samples.NOISE[:2048])[1:])
    assert (picture.size, picture.mode) == ((64, 32), "L")
    assert picture.tobytes() == samples.NOISE[:2048]


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        (1, (1, 1)),
        (2, (1, 2)),
        (5, (2, 3)),
        (64, (8, 8)),
        (2048, (32, 64)),
        (1 << 26, (8192, 8192)),
    ],
)
def test_known_shapes(size, shape):
    assert near_square(size) == shape


@given(st.integers(1, 100_000))
def test_shapes_hold_the_data_with_little_to_spare(size):
    rows, columns = near_square(size)
    assert 0 <= rows * columns - size < rows
    assert rows <= columns
    assert columns <= 4 * rows or columns <= 3


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_a_hint_that_fits_gives_the_image_its_own_shape(channels, mode):
    data = samples.slope(31, 17, channels)
    picture = opened(Png().encode(data, Image(31, 17, channels))[1:])
    assert (picture.size, picture.mode) == ((31, 17), mode)
    assert picture.tobytes() == data


def test_16_bit_samples_are_little_endian_outside_and_big_endian_in_the_file():
    data = samples.slope(31, 17, 1, 16)
    picture = opened(Png().encode(data, Image(31, 17, 1, 16))[1:])
    assert np.array(picture).astype("<u2").tobytes() == data


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [8, 16])
@EACH
def test_all_channels_and_depths_come_back_even_from_noise(codec, channels, depth):
    data = random.Random(channels).randbytes(23 * 11 * channels * depth // 8)
    assert codec.decode(codec.encode(data, Image(23, 11, channels, depth))) == data


@pytest.mark.parametrize("depth", [8, 16])
@EACH
def test_knowing_the_image_pays(codec, depth):
    data, hint = samples.slope(64, 48, 3, depth), Image(64, 48, 3, depth)
    assert len(codec.encode(data, hint)) < len(codec.encode(data))


@EACH
def test_colours_that_cannot_be_seen_survive(codec):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    image[..., 3] = image[..., 3] // 128 * 255
    data = image.tobytes()
    assert codec.decode(codec.encode(data, Image(30, 20, 4))) == data


@pytest.mark.parametrize("channels", [2, 4])
@EACH
def test_an_alpha_channel_that_hides_nothing_survives(codec, channels):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, channels), np.uint8)
    image[..., -1] = 255
    data = image.tobytes()
    assert codec.decode(codec.encode(data, Image(30, 20, channels))) == data


def test_webp_and_jpeg_xl_files_are_what_they_should_be():
    imagecodecs = pytest.importorskip("imagecodecs")
    data = samples.slope(31, 17, 3)
    hint = Image(31, 17, 3)
    webp, jxl = WebP().encode(data, hint)[2:], JpegXl().encode(data, hint)[1:]
    assert opened(webp).tobytes() == data
    assert opened(webp).size == (31, 17)
    assert imagecodecs.jpegxl_decode(jxl).tobytes() == data
    assert jxl.startswith(b"\xff\x0a")


@pytest.mark.parametrize(
    "media", [RAW, Image(20, 30, 1), Image(5, 40, 3), Image(20, 15, 1, 16), Image(20, 30)]
)
@EACH
def test_what_is_too_large_becomes_several_images(codec, media, monkeypatch):
    monkeypatch.setattr(pixels, "AREA", 130)
    data = samples.slope(20, 30, 1)
    blob = codec.encode(data, media)
    assert codec.decode(blob) == data
    assert blob[0] & 1
    assert blob[1] >= 3
    assert sum(codec.ledger(blob).values()) == len(blob)


@pytest.mark.parametrize(
    ("width", "height"), [(16_382, 2), (16_383, 2), (2, 20_000), (1_000_001, 1)]
)
@EACH
def test_sides_beyond_what_a_format_takes(codec, width, height):
    data = (samples.PROSE * 4000)[: width * height]
    assert codec.decode(codec.encode(data, Image(width, height))) == data


@EACH
def test_an_image_that_claims_to_be_huge_is_refused_before_memory_is_taken(codec, monkeypatch):
    blob = codec.encode(samples.slope(64, 48, 3), Image(64, 48, 3))
    monkeypatch.setattr(pixels, "AREA", 1000)
    with pytest.raises(CorruptBlob, match="claims 64 × 48 pixels"):
        codec.decode(blob)


@pytest.mark.parametrize(
    ("width", "height"), [(8, 8), (64, 48), (100, 100), (300, 200), (1, 513), (640, 480), (9000, 1)]
)
@pytest.mark.parametrize("depth", [8, 16])
def test_sizes_are_read_out_of_jpeg_xl_headers(width, height, depth):
    file = JpegXl(1).encode(bytes(width * height * depth // 8), Image(width, height, 1, depth))[1:]
    start = JpegXl().overhead(file)
    assert formats._jxl_sides(file[start:]) == (width, height)


def test_png_takes_the_better_of_its_filters():
    for data, hint in [(samples.PROSE * 8, RAW), (samples.slope(64, 48, 3), Image(64, 48, 3))]:
        sizes = [len(Png(filter).encode(data, hint)) for filter in ("none", "adaptive")]
        assert len(Png().encode(data, hint)) == min(sizes)
        assert sizes[0] != sizes[1]


def test_the_payload_of_a_png_is_its_deflated_rows():
    import zlib

    blob = Png("none").encode(samples.NOISE[:2048])
    framing = Png().ledger(blob)["framing"]
    assert framing == 1 + 8 + 25 + 12 + 12  # padding, signature, IHDR, IDAT, IEND
    assert len(zlib.decompress(blob[1 + 8 + 25 + 8 : -16])) == 32 * (1 + 64)


def test_a_picture_wider_than_a_format_takes_becomes_tiles_and_costs_about_as_much():
    codec = WebP(4)
    steps = np.arange(40)[:, None] + np.arange(20_000) // 7
    wide = (steps % 251).astype(np.uint8)
    hint = Image(20_000, 40)
    blob = codec.encode(wide.tobytes(), hint)
    assert codec.decode(blob) == wide.tobytes()
    tall = codec.encode(np.ascontiguousarray(wide.T).tobytes(), Image(40, 20_000))
    assert len(blob) < 1.2 * len(tall)


@pytest.mark.parametrize("blob", [bytes([1, 1, 1, 2, 0]), bytes([1, 1, 2, 3, 0]), bytes([1, 1, 2])])
def test_tiles_that_cannot_be_beside_each_other_are_refused(blob):
    with pytest.raises(CorruptBlob):
        WebP(4).decode(blob)


def test_a_column_of_noise_fits_into_a_png():
    noise = np.random.default_rng(0).integers(0, 256, 70_000, np.uint8).tobytes()
    blob = Png("none").encode(noise, Image(1, 70_000))
    assert Png("none").decode(blob) == noise

"""Pictures are read exactly as they are stored, or stay the bytes of their files, with a reason."""

from io import BytesIO

import numpy as np
import pytest
from odd_files import PNG_CHANNELS, noise, png, tiff
from PIL import Image as Pillow

from codelength import RAW, TEXT, Image, Unavailable
from codelength.api.errors import CorpusError
from codelength_reading import libraries, read_decoded, read_media

COLOUR = noise(1, 5, 7, 3)
GRAY = noise(2, 5, 7, most=65535)
PALETTE = [(b"PLTE", bytes(range(12)))]


def decoded(tmp_path, content: bytes):
    (tmp_path / "x").write_bytes(content)
    return read_decoded(tmp_path / "x", "it")


def by_pillow(kind: str, image: np.ndarray, **options) -> bytes:
    file = BytesIO()
    Pillow.fromarray(image).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("depth", "colour"),
    [
        *((depth, 0) for depth in (1, 2, 4, 8, 16)),
        *((depth, 3) for depth in (1, 2, 4, 8)),
        *((depth, colour) for depth in (8, 16) for colour in (2, 4, 6)),
    ],
)
@pytest.mark.parametrize("transparent", [False, True])
def test_every_png_gives_its_samples(tmp_path, depth, colour, transparent):
    channels = PNG_CHANNELS[colour]
    samples = noise(3, 5, 7 * channels, most=(1 << depth) - 1)
    extra = [(b"PLTE", bytes(3 << depth))] if colour == 3 else []
    if transparent and colour in (0, 2, 3):
        extra.append((b"tRNS", bytes(2 * channels) if colour != 3 else b"\x80"))
    sample, reading = decoded(tmp_path, png(samples, depth, colour, extra))
    assert sample.media == Image(7, 5, channels, 16 if depth == 16 else 8)
    assert sample.data == samples.astype("<u2" if depth == 16 else "u1").tobytes()
    assert reading.is_decoded
    assert reading.taken_as.startswith(f"{depth}-bit ")


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "ppm", "webp"])
def test_formats_without_loss_give_the_pixels(tmp_path, kind):
    options = {"lossless": True} if kind == "webp" else {}
    sample, reading = decoded(tmp_path, by_pillow(kind, COLOUR, **options))
    assert (sample.media, bytes(sample.data)) == (Image(7, 5, 3), COLOUR.tobytes())
    assert not reading.is_lossy


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_formats_with_loss_say_so(tmp_path, kind):
    sample, reading = decoded(tmp_path, by_pillow(kind, COLOUR))
    assert (sample.media, reading.is_lossy) == (Image(7, 5, 3), True)


TIFFS = {
    "three channels": (COLOUR, {}),
    "a fourth sample of no meaning": (noise(4, 5, 7, 4), {338: (3, [0])}),
    "associated alpha": (noise(4, 5, 7, 4), {338: (3, [1])}),
    "alpha": (noise(4, 5, 7, 4), {338: (3, [2])}),
    "turned by its orientation": (COLOUR, {274: (3, [6])}),
    "16 bits": (noise(5, 5, 7, 3, most=65535), {}),
}


@pytest.mark.parametrize(("samples", "tags"), TIFFS.values(), ids=TIFFS)
def test_tiff_gives_the_samples_that_it_stores(tmp_path, samples, tags):
    sample, _ = decoded(tmp_path, tiff(samples, tags=tags))
    height, width, channels = samples.shape
    assert sample.media == Image(width, height, channels, 8 * samples.itemsize)
    assert sample.data == samples.astype(f"<u{samples.itemsize}").tobytes()


NETPBM = {
    "binary colour": (b"P6\n7 5\n255\n" + COLOUR.tobytes(), Image(7, 5, 3), COLOUR.tobytes()),
    "a comment": (b"P6 # by hand\n7 5 255\n" + COLOUR.tobytes(), Image(7, 5, 3), COLOUR.tobytes()),
    "16 bits": (
        b"P5 7 5 65535\n" + GRAY.astype(">u2").tobytes(),
        Image(7, 5, 1, 16),
        GRAY.astype("<u2").tobytes(),
    ),
    "a largest value of its own": (b"P5 2 1 100\n\x00\x64", Image(2, 1), b"\x00\x64"),
    "bits": (b"P4 9 1\n\xaa\x80", Image(9, 1), bytes([1, 0, 1, 0, 1, 0, 1, 0, 1])),
    "numbers": (b"P3 1 2 255\n1 2 3\n4 5 6\n", Image(1, 2, 3), bytes([1, 2, 3, 4, 5, 6])),
    "bits in letters": (b"P1 3 2\n101 0 1 0\n", Image(3, 2), bytes([1, 0, 1, 0, 1, 0])),
}


@pytest.mark.parametrize(("content", "media", "samples"), NETPBM.values(), ids=NETPBM)
def test_netpbm_gives_its_samples(tmp_path, content, media, samples):
    sample, _ = decoded(tmp_path, content)
    assert (sample.media, bytes(sample.data)) == (media, samples)


STAY = {
    "a thumbnail before the real picture": (tiff(COLOUR, sub=bytes(90)), "SubIFDs"),
    "two pages": (tiff(COLOUR, more=[bytes(9)]), "has 2 pages"),
    "two pictures": (2 * (b"P6 7 5 255\n" + COLOUR.tobytes()), "116 bytes follow its end"),
    "data behind a JPEG": (by_pillow("jpeg", COLOUR) + b"video", "5 bytes follow its end"),
    "data behind a PNG": (png(GRAY, 16, 0) + b"!", "1 bytes follow its end"),
    "a PNG cut short": (png(GRAY, 16, 0)[:-9], "breaks off"),
    "a JPEG cut short": (by_pillow("jpeg", COLOUR)[:-9], "breaks off"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", "its header breaks off"),
    "a BMP with a fourth byte": (by_pillow("bmp", noise(4, 5, 7, 4)), "its pixels have 32 bits"),
    "an animation": (png(GRAY, 16, 0, [(b"acTL", bytes(8))]), "it is animated"),
}


@pytest.mark.parametrize(("content", "reason"), STAY.values(), ids=STAY)
def test_pictures_that_cannot_be_given_exactly_stay_files(tmp_path, content, reason):
    sample, reading = decoded(tmp_path, content)
    assert (bytes(sample.data), sample.media) == (content, RAW)
    assert reason in reading.reason
    assert (reading.on_disk, reading.measured) == (len(content), len(content))
    with pytest.raises(CorpusError, match=str(tmp_path)):
        read_media(tmp_path / "x", "it")


def test_a_header_that_claims_more_than_its_file_can_hold_takes_no_memory(tmp_path):
    broad = bytearray(png(noise(1, 5, 7), 8, 0))
    broad[16:24] = (1 << 18).to_bytes(4) * 2
    _, reading = decoded(tmp_path, bytes(broad))
    assert "claims 68719476736 bytes of pixels" in reading.reason


@pytest.mark.parametrize(
    "note", [b"P5 \nis the fifth paragraph.\n" * 90, b"P1 24 12 is no picture\n", b"BM" * 40]
)
def test_text_that_begins_like_a_picture_is_text(tmp_path, note):
    sample, reading = decoded(tmp_path, note)
    assert (sample.media, reading.taken_as, reading.reason) == (TEXT, "text", "")


def test_without_pillow_a_picture_is_a_file_and_a_corpus_says_what_to_install(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(libraries, "find_spec", lambda module: None)
    sample, reading = decoded(tmp_path, png(noise(1, 5, 7), 8, 0))
    assert (sample.media, "pip install 'codelength[image]'" in reading.reason) == (RAW, True)
    with pytest.raises(Unavailable, match=r"pip install 'codelength\[image\]'"):
        read_media(tmp_path / "x", "it")

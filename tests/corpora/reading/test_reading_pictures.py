"""Pictures are read exactly as they are stored, or stay the bytes of their files, with a reason."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from codelength import RAW, TEXT, Image, Unavailable
from codelength.api.errors import CorpusError
from codelength_reading import libraries, read_decoded, read_media
from odd_files import PNG_CHANNELS, noise, png, tiff

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
@pytest.mark.parametrize("interlaced", [False, True])
def test_every_png_gives_its_samples(tmp_path, depth, colour, transparent, interlaced):
    channels = PNG_CHANNELS[colour]
    samples = noise(3, 9, 7 * channels, most=(1 << depth) - 1)
    extra = [(b"PLTE", bytes(3 << depth))] if colour == 3 else []
    if transparent and colour in (0, 2, 3):
        extra.append((b"tRNS", bytes(2 * channels) if colour != 3 else b"\x80"))
    file = png(samples, depth, colour, extra, interlaced=interlaced)
    sample, reading = decoded(tmp_path, file)
    assert sample.media == Image(7, 9, channels, 16 if depth == 16 else 8)
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


def by_tifffile(samples: np.ndarray, **options) -> bytes:
    import tifffile

    file = BytesIO()
    tifffile.imwrite(file, samples, metadata=None, **options)
    return file.getvalue()


DEEP = noise(6, 40, 50, 3, most=65535)
WAYS = {
    "big-endian": (DEEP, {"byteorder": ">"}),
    "BigTIFF": (DEEP, {"bigtiff": True}),
    "tiles": (DEEP, {"tile": (16, 32)}),
    "LZW with a predictor": (DEEP, {"compression": "lzw", "predictor": True}),
    "Deflate in strips": (DEEP, {"compression": "zlib", "rowsperstrip": 7}),
    "four inks": (noise(7, 40, 50, 4), {"photometric": "separated"}),
    "white is zero": (noise(8, 40, 50), {"photometric": "miniswhite"}),
}


@pytest.mark.parametrize(("samples", "options"), WAYS.values(), ids=WAYS)
def test_tiff_is_the_same_in_every_layout(tmp_path, samples, options):
    colour = {"photometric": "rgb"} if samples.ndim == 3 else {}
    sample, reading = decoded(tmp_path, by_tifffile(samples, **colour | options))
    assert sample.data == samples.astype(f"<u{samples.itemsize}").tobytes()
    assert reading.left_out < 1000


def test_planes_of_a_tiff_are_interleaved(tmp_path):
    planes = np.ascontiguousarray(np.moveaxis(DEEP, -1, 0))
    file = by_tifffile(planes, photometric="rgb", planarconfig="separate")
    assert decoded(tmp_path, file)[0].data == DEEP.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_no_orientation_turns_the_samples(tmp_path, orientation):
    sample, _ = decoded(tmp_path, tiff(COLOUR, tags={274: (3, [orientation])}))
    assert (sample.media, sample.data) == (Image(7, 5, 3), COLOUR.tobytes())


def bitmap(rows: np.ndarray, bits: int, width: int, down: bool = False, old: bool = False) -> bytes:
    """A BMP of packed rows, as they stand in the file."""
    lines = [row.tobytes() + bytes(-row.nbytes % 4) for row in rows]
    height = -len(rows) if down else len(rows)
    if old:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, *([0] * 6))
    return struct.pack("<2sIHHI", b"BM", 0, 0, 0, 14 + len(head)) + head + b"".join(lines)


FOUR = noise(9, 5, 7, 4)
BITS = noise(10, 5, 7, most=1)
BITMAPS = {
    "from the bottom": (bitmap(COLOUR[::-1, :, ::-1], 24, 7), COLOUR),
    "from the top": (bitmap(COLOUR[..., ::-1], 24, 7, down=True), COLOUR),
    "of OS/2": (bitmap(COLOUR[::-1, :, ::-1], 24, 7, old=True), COLOUR),
    "a fourth byte": (bitmap(FOUR[::-1][..., [2, 1, 0, 3]], 32, 7), FOUR),
    "bits": (bitmap(np.packbits(BITS, axis=1)[::-1], 1, 7), BITS),
    "bytes": (bitmap(COLOUR[::-1, :, 0], 8, 7), COLOUR[..., :1]),
}


@pytest.mark.parametrize(("content", "samples"), BITMAPS.values(), ids=BITMAPS)
def test_bmp_gives_its_samples_from_the_top(tmp_path, content, samples):
    sample, _ = decoded(tmp_path, content)
    channels = samples.shape[2] if samples.ndim == 3 else 1
    assert (sample.media, sample.data) == (Image(7, 5, channels), samples.tobytes())


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
    "any number of channels": (
        b"P7\nWIDTH 7\nHEIGHT 5\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
        + FOUR.tobytes(),
        Image(7, 5, 4),
        FOUR.tobytes(),
    ),
    "bits in letters": (b"P1 3 2\n101 0 1 0\n", Image(3, 2), bytes([1, 0, 1, 0, 1, 0])),
}


@pytest.mark.parametrize(("content", "media", "samples"), NETPBM.values(), ids=NETPBM)
def test_netpbm_gives_its_samples(tmp_path, content, media, samples):
    sample, _ = decoded(tmp_path, content)
    assert (sample.media, bytes(sample.data)) == (media, samples)


def animation(kind: str, images: int = 2) -> bytes:
    frames = [Pillow.fromarray(noise(20 + i, 5, 7, 3)) for i in range(images)]
    file = BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def flipped(file: bytes, at: int) -> bytes:
    return file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]


LONG = noise(11, 200, 210)
EXTENDED = b"\xff\xe1\xff\xff" + bytes(65533)
PHOTO = by_pillow("jpeg", COLOUR)
STAY = {
    "a PNG with pixels behind its pixels": (png(LONG, 8, 0, hidden=b"more"), "not the 42200 bytes"),
    "a PNG with a wrong bit": (flipped(png(LONG, 8, 0), 999), "'IDAT' is damaged"),
    "a PNG of no colour type": (flipped(png(COLOUR[..., 0], 8, 0), 25), "no PNG has colour type 1"),
    "two JPEGs": (2 * PHOTO, "follow its end"),
    "pictures in a row": (animation("mpo"), "follow its end"),
    "moving GIF": (animation("gif"), "GIF is not decoded here"),
    "moving WebP": (animation("webp"), "it is animated"),
    "AVIF": (by_pillow("avif", COLOUR), "AVIF is not decoded here"),
    "JPEG 2000": (by_pillow("jpeg2000", COLOUR), "JPEG 2000 is not decoded here"),
    "HEIF": (b"\0\0\0\x18ftypheic" + bytes(99), "HEIF is not decoded here"),
    "raw of Canon": (b"\0\0\0\x18ftypcrx " + bytes(99), "camera raw is not decoded here"),
    "raw of Olympus": (b"IIRO" + bytes(99), "camera raw is not decoded here"),
    "TIFF of floats": (by_tifffile(LONG.astype("f4")), "float32"),
    "TIFF of signed numbers": (by_tifffile(LONG.astype("i2")), "int16"),
    "TIFF of five channels": (
        by_tifffile(noise(5, 9, 9, 5), photometric="rgb", extrasamples=[0, 0]),
        "5 samples a pixel",
    ),
    "TIFF with JPEG in it": (
        by_tifffile(noise(5, 64, 64, 3), photometric="rgb", compression="jpeg"),
        "compressed with JPEG",
    ),
    "TIFF with bytes behind it": (tiff(COLOUR) + b"secret", "6 bytes follow its end"),
    "TIFF cut short": (by_tifffile(LONG)[:-9], "breaks off"),
    "TIFF that leads nowhere": (b"II*\0\xff\xff\xff\x7f" + bytes(99), "breaks off"),
    "BMP with bytes behind it": (by_pillow("bmp", COLOUR) + b"more", "bytes follow its end"),
    "samples above the largest": (b"P5 2 1 100\n\x00\x65", "samples above 100"),
    "a thumbnail before the real picture": (tiff(COLOUR, sub=bytes(90)), "SubIFDs"),
    "two pages": (tiff(COLOUR, more=[bytes(9)]), "has 2 pages"),
    "two pictures": (2 * (b"P6 7 5 255\n" + COLOUR.tobytes()), "116 bytes follow its end"),
    "data behind a JPEG": (by_pillow("jpeg", COLOUR) + b"video", "5 bytes follow its end"),
    "data behind a PNG": (png(GRAY, 16, 0) + b"!", "1 bytes follow its end"),
    "a PNG cut short": (png(GRAY, 16, 0)[:-9], "breaks off"),
    "a JPEG cut short": (by_pillow("jpeg", COLOUR)[:-9], "breaks off"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", "its header breaks off"),
    "a BMP cut short": (by_pillow("bmp", COLOUR)[:-9], "breaks off"),
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


MOSTLY_ELSE = {
    "a PNG with layers in it": png(LONG, 8, 0, [(b"mkTS", bytes(90_000))]),
    "a JPEG with a depth map": PHOTO[:2] + 3 * EXTENDED + PHOTO[2:],
}


@pytest.mark.parametrize("content", MOSTLY_ELSE.values(), ids=MOSTLY_ELSE)
def test_a_file_that_is_mostly_something_else_than_pixels_stays_a_file(tmp_path, content):
    sample, reading = decoded(tmp_path, content)
    assert bytes(sample.data) == content
    assert "are not its pixels" in reading.reason


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

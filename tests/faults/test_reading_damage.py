"""A damaged picture or recording is read exactly, or measured as the bytes that its file has."""

import struct
import tempfile
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from codelength.api.corpus import corpus_digest
from codelength_path import Location
from codelength_reading import read_decoded
from odd_files import noise, png, tiff, wave

GRAY, COLOUR = noise(1, 30, 40), noise(2, 30, 40, 3)
DEEP = noise(3, 30, 40, most=65535)
TONE = np.round(9000 * np.sin(np.arange(3000) / 20)).astype(np.int16)


def _pillow(kind: str, **options) -> bytes:
    file = BytesIO()
    Pillow.fromarray(COLOUR).save(file, kind, **options)
    return file.getvalue()


def _sound(kind: str, subtype: str = "PCM_16") -> bytes:
    file = BytesIO()
    soundfile.write(file, TONE, 8000, format=kind, subtype=subtype)
    return file.getvalue()


CHECKED = {  # formats whose checksums cover the samples
    "png": (png(GRAY, 8, 0), GRAY.tobytes()),
    "16-bit png": (png(DEEP, 16, 0), DEEP.tobytes()),
    "flac": (_sound("FLAC"), TONE.tobytes()),
}
OTHERS = [
    tiff(COLOUR),
    wave(TONE.tobytes()),
    b"P6 40 30 255\n" + COLOUR.tobytes(),
    *(_pillow(kind) for kind in ("bmp", "jpeg", "webp", "gif")),
    _pillow("tiff", compression="tiff_adobe_deflate"),
    *(_sound(kind) for kind in ("AIFF", "CAF", "AU", "W64", "RF64", "WAVEX")),
]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "append", "drop", "size"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 255),
    ),
    min_size=1,
    max_size=3,
)


def edited(file: bytes, edits) -> bytes:
    for kind, place, value in edits:
        at = int(place**3 * len(file))  # headers are hit more often
        if kind == "flip" and file:
            file = file[:at] + bytes([file[at] ^ value]) + file[at + 1 :]
        elif kind == "cut":
            file = file[: len(file) - value]
        elif kind == "append":
            file += bytes([value]) * value
        elif kind == "drop":
            file = file[:at] + file[at + value :]
        elif kind == "size" and len(file) > at + 4:
            file = file[:at] + struct.pack("<I", value * 0x01010101) + file[at + 4 :]
    return file


def reading_of(content: bytes):
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder, "x")
        path.write_bytes(content)
        sample, reading = read_decoded(path, "x")
        data = bytes(sample.data)
    assert (reading.on_disk, reading.measured) == (len(content), len(data))
    assert 0 <= reading.left_out <= len(content)
    assert reading.is_decoded or data == content
    assert reading.is_decoded or reading.left_out == 0
    return data, reading


@given(name=st.sampled_from(sorted(CHECKED)), edits=EDITS)
@settings(max_examples=200, deadline=None)
def test_of_a_format_with_checksums_no_damage_gives_other_samples(name, edits):
    content, samples = CHECKED[name]
    data, reading = reading_of(edited(content, edits))
    assert not reading.is_decoded or data == samples


@given(content=st.sampled_from(OTHERS), edits=EDITS)
@settings(max_examples=300, deadline=None)
def test_whatever_is_damaged_the_ledger_accounts_for_the_file(content, edits):
    reading_of(edited(content, edits))


JPEGS = {
    "sequential": {},
    "optimized": {"optimize": True},
    "subsampled in one direction": {"subsampling": 1},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 1},
    "progressive with restarts": {"progressive": True, "restart_marker_blocks": 2},
}


def _jpeg_damages(file: bytes) -> dict[str, bytes]:
    """Damages to a scan that leave its head and the end of the file as they were."""
    start = file.index(b"\xff\xda") + 20
    middle, many = (start + len(file)) // 2, (len(file) - start) // 4
    return {
        "bytes are lost": file[:middle] + file[middle + many :],
        "bytes are there twice": file[:middle] + file[middle - many :],
        "it ends early": file[:middle] + b"\xff\xd9",
        "zeros follow it": file[:-2] + bytes(3) + file[-2:],
        "a page is empty": file[:middle] + bytes(many) + file[middle + many :],
    }


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_is_read_only_if_every_code_of_it_is_there(kind):
    content = _pillow("jpeg", **JPEGS[kind])
    assert reading_of(content)[1].is_decoded
    for what, damaged in _jpeg_damages(content).items():
        _, reading = reading_of(damaged)
        assert not reading.is_decoded, what
        assert "damaged" in reading.reason, what


def test_a_gray_jpeg_and_one_of_four_inks_are_read():
    for mode in ("L", "CMYK"):
        file = BytesIO()
        image = Pillow.fromarray(COLOUR).convert(mode)
        image.save(file, "jpeg")
        data, reading = reading_of(file.getvalue())
        assert reading.is_decoded
        assert data == Pillow.open(file).tobytes()


def test_one_damaged_file_costs_itself_only(tmp_path):
    for number, content in enumerate(OTHERS):
        (tmp_path / f"{number:02}").write_bytes(content)
        (tmp_path / f"{number:02} damaged").write_bytes(content[: len(content) // 2])
    corpus = Location(str(tmp_path), "decoded")
    whole = [r for r in corpus.readings() if "damaged" not in r.name]
    damaged = [r for r in corpus.readings() if "damaged" in r.name]
    assert [r.name for r in whole if not r.is_decoded] == ["06"]  # GIF
    assert not any(r.is_decoded for r in damaged)
    assert all(r.reason for r in damaged if not r.name.startswith("02"))  # not one whole picture
    assert corpus_digest(corpus.samples()) == corpus_digest(corpus.samples())

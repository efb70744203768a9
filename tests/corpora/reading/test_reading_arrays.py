"""Files of NumPy: numbers as they lie in the file, or the reason why not."""

import io

import numpy as np
import pytest

from codelength import Array
from codelength_reading import read_decoded


def npy(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def read(tmp_path, content: bytes):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    sample, reading = read_decoded(path, "a.npy")
    return bytes(sample.data), sample.media, reading


@pytest.mark.parametrize("dtype", ["|u1", "<i2", ">i4", "<f4", "<f8", ">u8"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_numbers_come_with_their_type_and_shape(tmp_path, dtype, version):
    array = np.arange(24).reshape(4, 6).astype(dtype)
    data, media, reading = read(tmp_path, npy(array, version))
    assert (data, media) == (array.tobytes(), Array(dtype, (4, 6)))
    assert reading.is_decoded
    assert reading.measured + reading.left_out == reading.on_disk


def test_an_array_in_the_order_of_fortran_has_its_indices_turned_round(tmp_path):
    array = np.asfortranarray(np.arange(24, dtype="<i4").reshape(4, 6))
    data, media, _ = read(tmp_path, npy(array))
    assert (data, media) == (array.T.tobytes(), Array("<i4", (6, 4)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (npy(np.zeros(3, [("a", "<i4"), ("b", "<f8")])), "not numbers of one type"),
        (npy(np.array(["a", "bc"])), "not numbers of one type"),
        (npy(np.zeros(3, "<c16")), "not numbers of one type"),
        (npy(np.float64(1)), "its shape is ()"),
        (npy(np.zeros((0, 4))), "its shape is (0, 4)"),
        (npy(np.zeros(9))[:-1], "it breaks off"),
        (npy(np.zeros(9)) + b"more", "4 bytes follow its end"),
        (b"\x93NUMPY\1\0\x10\0__import__('os') ", "not one of NumPy"),
        (b"\x93NUMPY\2\0\xff\xff\xff\xff", "its header claims"),
        (b"\x93NUMPY\1\0", "its header breaks off"),
        (npy(np.zeros(9)).replace(b"(9,)", b"(-9,)"[:4]), "not one of NumPy"),
    ],
)
def test_any_other_file_is_measured_as_its_bytes_and_says_why(tmp_path, content, reason):
    data, media, reading = read(tmp_path, content)
    assert data == content
    assert media.kind == "raw"
    assert reason in reading.reason

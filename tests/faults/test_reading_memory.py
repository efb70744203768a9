"""A picture is in memory about once while it is read, and no header takes more than its file."""

import resource
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from codelength_reading import read_decoded
from odd_files import noise, png

READ = """
import resource, sys
from pathlib import Path
from codelength_reading import read_decoded
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
read_decoded(Path(sys.argv[1]), "small")
before = peak()
sample, reading = read_decoded(Path(sys.argv[2]), "large")
print((peak() - before - reading.on_disk) / len(sample.data), reading.is_decoded)
"""
LARGE = np.kron(noise(1, 200, 300, 3), np.ones((8, 8, 1), np.uint8))
"""11.5 MB of pixels."""


def saved(pixels: np.ndarray, kind: str, **options) -> bytes:
    file = BytesIO()
    Pillow.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


KINDS = {
    "PNG": (lambda pixels: saved(pixels, "png"), 1.6),
    "16-bit PNG": (
        lambda pixels: png(pixels.reshape(len(pixels), -1) * np.uint16(257), 16, 2),
        1.6,
    ),
    "JPEG": (lambda pixels: saved(pixels, "jpeg"), 1.6),
    "progressive JPEG": (lambda pixels: saved(pixels, "jpeg", progressive=True), 2.7),
    "WebP": (lambda pixels: saved(pixels, "webp", method=0), 1.6),
    "lossless WebP": (lambda pixels: saved(pixels, "webp", lossless=True, method=0), 3.0),
}
"""How it is made, and how often its pixels may be in memory while it is read."""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of the peak is another one")
@pytest.mark.parametrize("kind", KINDS)
def test_reading_takes_little_more_than_the_pixels(tmp_path, kind):
    make, most = KINDS[kind]
    (tmp_path / "small").write_bytes(make(LARGE[:64, :64]))
    (tmp_path / "large").write_bytes(make(LARGE))
    command = [sys.executable, "-c", READ, tmp_path / "small", tmp_path / "large"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    times, is_decoded = said.split()
    assert is_decoded == "True"
    assert float(times) < most


def _claims() -> dict[str, bytes]:
    """Small files whose headers claim 30,000 by 30,000 pixels (WebP: 16,384 by 16,384)."""
    side = 30_000
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    jpeg = saved(LARGE[:64, :64], "jpeg")
    at = jpeg.index(b"\xff\xc0") + 5
    lossless = saved(LARGE[:64, :64], "webp", lossless=True)
    at_webp = lossless.index(b"VP8L") + 9
    return {
        "PNG": b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        ),
        "JPEG": jpeg[:at] + struct.pack(">HH", side, side) + jpeg[at + 4 :],
        "WebP": lossless[:at_webp] + b"\xff\xff\xff\x0f" + lossless[at_webp + 4 :],
        "BMP": b"BM" + struct.pack("<IIIIiiHHIIIIII", 90, 0, 54, 40, side, side, 1, 24, *[0] * 6),
        "PPM": f"P6 {side} {side} 255\n".encode() + bytes(100),
    }


@pytest.mark.parametrize("kind", _claims())
def test_a_header_that_claims_too_much_takes_no_memory(tmp_path, kind):
    content = _claims()[kind]
    (tmp_path / "x").write_bytes(content)
    (tmp_path / "small").write_bytes(saved(LARGE[:64, :64], "jpeg"))
    read_decoded(tmp_path / "small", "it loads the libraries")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sample, reading = read_decoded(Path(tmp_path, "x"), "x")
    assert bytes(sample.data) == content
    assert reading.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000

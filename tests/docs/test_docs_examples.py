"""The examples in docs/examples: they run, and they pass the conformance kit."""

import subprocess
import sys
from pathlib import Path

import pytest

from codelength import Sample
from codelength.plugins import Plugins
from codelength.testing import check_codec, check_predictor

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def text() -> bytes:
    samples = Plugins(only=["embedded"]).corpus("prose").item.samples()
    return b"".join(bytes(sample.data) for sample in samples)


def test_a_language_model_as_a_codec(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    Path("book.txt").write_bytes(text[:-4000])
    example = str(EXAMPLES / "bigram.py")
    subprocess.run([sys.executable, example, "book.txt"], check=True)
    codec = Plugins([example], only=()).codec("bigram").item
    blob = codec.encode(text[-4000:])
    assert codec.decode(blob) == text[-4000:]
    assert len(blob) < 0.55 * 4000
    (bits,) = codec.code_lengths([Sample("", text[-4000:])])
    assert len(blob) == pytest.approx(bits.sum() / 8, abs=4)
    assert codec.model_bytes == {"weights": (1 << 18) + 128}
    check_predictor(codec.predictor)
    check_codec(codec)

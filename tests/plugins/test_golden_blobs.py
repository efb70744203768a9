"""Kept blobs of the learned codecs: each of them decodes, and is made again to the byte."""

import json
import shutil
from pathlib import Path

import pytest

import codelength_hf
from codelength import Codec, Sample
from codelength.plugins import Plugins

GOLDEN = Path(__file__).parent / "golden"
BLOBS = json.loads((GOLDEN / "blobs.json").read_text("utf-8"))
"""Codec spec → the blobs of its samples, in hex."""


def samples_of(spec: str) -> list[bytes]:
    """What the blobs of this codec stand for: long enough for two streams of `mix`, for the
    sixteen of `online` nearly a third of that."""
    data = (GOLDEN / "input.bin").read_bytes()
    repeats = 36 if "lanes" in spec else 4 if spec == "online" else 1
    return [data * repeats, b"", b"x", data.upper()[:200]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders for `hf:model=…`: a model of bytes, the same with a tokenizer that lacks most, and
    the same in float32, which runs with activations of 16 bits."""
    from safetensors.numpy import load_file, save_file

    box = Path(codelength_hf.__file__).parent / "models" / "transformer-0.2m"
    root = tmp_path_factory.mktemp("models")
    escapes, floats = root / "escapes", root / "floats"
    shutil.copytree(box, escapes)
    shutil.copy(GOLDEN / "tokenizer.json", escapes)
    tensors = load_file(box / "model.safetensors")
    scales = {
        name: tensors.pop(name + ".scale") for name in [*tensors] if name + ".scale" in tensors
    }
    whole = {
        name: values * scales[name][:, None] if name in scales else values
        for name, values in tensors.items()
    }
    floats.mkdir()
    shutil.copy(box / "config.json", floats)
    save_file(whole, floats / "model.safetensors")
    return {"transformer-0.2m": box, "escapes": escapes, "floats": floats}


def codec_of(spec: str, models: dict[str, Path]) -> Codec:
    for name, folder in models.items():
        spec = spec.replace(f"model={name}", f"model={folder}")
    return Plugins().codec(spec).item


@pytest.mark.parametrize("spec", BLOBS)
def test_a_kept_blob_decodes_and_is_made_again(spec, models):
    codec, datas = codec_of(spec, models), samples_of(spec)
    blobs = [bytes.fromhex(blob) for blob in BLOBS[spec]]
    assert codec.encode_many([Sample("", data) for data in datas]) == blobs
    assert codec.decode_many(blobs) == datas
    assert [sum(codec.ledger(blob).values()) for blob in blobs] == [len(blob) for blob in blobs]

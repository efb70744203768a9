"""The project's own transformers, here a random one. Needs neither PyTorch nor transformers."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength import RAW, CorruptBlob, Sample, UsageError
from codelength.testing import check_predictor
from codelength_exact.quantisation import quantise_matrix
from codelength_hf import byte_transformer
from codelength_hf.byte_transformer import TransformerCodec

WIDTH, HEADS, HIDDEN, LAYERS, CONTEXT = 24, 2, 40, 2, 48


def write(folder: Path) -> None:
    """A folder such as `codelength_hf.quantise_checkpoint` writes, of random weights."""
    from safetensors.numpy import save_file

    shapes = {"model.embed_tokens": (257, WIDTH), "lm_head": (257, WIDTH)}
    for layer in range(LAYERS):
        name = f"model.layers.{layer}."
        for part in "qkvo":
            shapes[f"{name}self_attn.{part}_proj"] = (WIDTH, WIDTH)
        shapes[f"{name}mlp.gate_proj"] = shapes[f"{name}mlp.up_proj"] = (HIDDEN, WIDTH)
        shapes[f"{name}mlp.down_proj"] = (WIDTH, HIDDEN)
    norms = [
        f"model.layers.{i}.{n}_layernorm"
        for i in range(LAYERS)
        for n in ("input", "post_attention")
    ]
    random = np.random.default_rng(0)
    tensors = {f"{n}.weight": np.ones(WIDTH, np.float32) for n in [*norms, "model.norm"]}
    for name, shape in shapes.items():
        matrix = 2 * random.standard_normal(shape, np.float32) / np.float32(np.sqrt(shape[1]))
        tensors[f"{name}.weight"], tensors[f"{name}.weight.scale"] = quantise_matrix(matrix)
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", {"made": "by a test"})
    (folder / "config.json").write_text(
        json.dumps(
            {
                "model_type": "llama",
                "vocab_size": 257,
                "bos_token_id": 256,
                "hidden_size": WIDTH,
                "intermediate_size": HIDDEN,
                "num_hidden_layers": LAYERS,
                "num_attention_heads": HEADS,
                "max_position_embeddings": CONTEXT,
            }
        )
    )


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory):
    """A box with one model in it, of size tiny."""
    folder = tmp_path_factory.mktemp("models")
    write(folder / "transformer-tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(byte_transformer, "MODELS", folder)
        yield folder


@given(
    datas=st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    segment=st.sampled_from([None, 1, 7, CONTEXT]),
    bits=st.sampled_from([None, 7]),
)
@settings(max_examples=15, deadline=None)
def test_what_was_encoded_together_decodes_alone_and_back(datas, segment, bits):
    codec = TransformerCodec("tiny", segment, bits)
    blobs = codec.encode_many([Sample("", data, RAW) for data in datas])
    assert blobs == [codec.encode(data) for data in datas]
    assert [codec.decode(blob) for blob in blobs] == datas
    assert codec.decode_many(blobs) == datas
    for blob in blobs:
        assert sum(codec.ledger(blob).values()) == len(blob)


def test_a_long_sample_takes_turns_in_groups():
    codec = TransformerCodec("tiny")
    data = bytes(range(251)) * 13  # 68 segments
    blob = codec.encode(data)
    assert codec.decode(blob) == data
    ledger = codec.ledger(blob)
    assert (ledger["flush"], ledger["stream sizes"]) == (2, 2)
    with pytest.raises(CorruptBlob):
        codec.decode(blob[:300])


def test_the_conformance_kit_finds_nothing(models):
    check_predictor(TransformerCodec("tiny").predictor)


def test_sizes_and_segments_that_cannot_be_are_named():
    with pytest.raises(UsageError, match="size=7b is not bundled; bundled are tiny"):
        TransformerCodec("7b")
    with pytest.raises(UsageError, match="segment=49 cannot be: this model sees 48 bytes"):
        TransformerCodec("tiny", 49)
    assert byte_transformer.bundled_sizes() == ["tiny"]


def test_the_prior_is_the_files_and_its_digest_is_required(models):
    codec = TransformerCodec("tiny")
    files = (models / "transformer-tiny").iterdir()
    assert codec.model_bytes == {"weights": sum(path.stat().st_size for path in files)}
    assert codec.requires["weights"].startswith("sha256:")
    assert codec.card.parameters == 2 * 257 * 24 + 2 * (4 * 24 * 24 + 3 * 24 * 40) + 5 * 24
    assert codec.spec == "transformer:size=tiny"


def test_it_needs_no_library_of_the_other_models(models):
    program = (
        "import sys, pathlib\n"
        "from codelength_hf import byte_transformer\n"
        f"byte_transformer.MODELS = pathlib.Path({str(models)!r})\n"
        "codec = byte_transformer.TransformerCodec('tiny')\n"
        "assert codec.decode(codec.encode(b'some words')) == b'some words'\n"
        "print([name for name in ('torch', 'transformers', 'tokenizers') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"

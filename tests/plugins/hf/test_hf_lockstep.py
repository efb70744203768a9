"""Models in floating point: decoded where they were encoded, and refused elsewhere."""

import shutil
from pathlib import Path

import hf_models as models
import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from codelength import CorruptBlob, Sample, Unavailable, UsageError
from codelength.coding.device import VARIABLE
from codelength.results.cell import Evidence
from codelength.results.store import load
from codelength.testing import check_codec
from codelength_hf import HfCodec, float_model
from codelength_hf.float_model import Stepping

TEXT = models.text()[-60:].encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small OPT."""
    tokenizer = models.byte_level()
    torch.manual_seed(0)
    config = transformers.OPTConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        word_embed_proj_dim=16,
        ffn_dim=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=64,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    return models.save(
        transformers.OPTForCausalLM(config), tmp_path_factory.mktemp("opt"), tokenizer
    )


def test_any_causal_model_codes_on_one_machine(folder):
    codec = HfCodec(model=str(folder), exact=False, window=16)
    data = [TEXT, b"", TEXT[:7] + b"\xff"]
    blobs = codec.encode_many([Sample("", piece) for piece in data])
    assert codec.decode_many(blobs) == data
    assert codec.decode(blobs[2]) == data[2]
    assert codec.ledger(blobs[0])["fingerprint"] == float_model.FINGERPRINT
    assert sum(codec.ledger(blobs[0]).values()) == len(blobs[0])
    assert not codec.portable


def test_it_keeps_the_promises_of_a_codec(folder):
    check_codec(HfCodec(model=str(folder), exact=False))


def test_other_circumstances_are_refused_in_one_line(folder, monkeypatch):
    codec = HfCodec(model=str(folder), exact=False)
    blob = codec.encode(TEXT[:5])
    with monkeypatch.context() as patch:
        patch.setattr(torch, "get_num_threads", lambda: 77)
        with pytest.raises(CorruptBlob, match="threads 77") as caught:
            codec.decode(blob)
        assert "\n" not in str(caught.value)
        assert codec.requires["threads"] == "77"  # so a container is refused before it is decoded
    with pytest.raises(CorruptBlob, match="other circumstances"):
        codec.decode(bytes(float_model.FINGERPRINT) + blob[float_model.FINGERPRINT :])
    assert codec.decode(blob) == TEXT[:5]


def test_commands_take_it_and_a_run_marks_it(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text").write_bytes(TEXT)
    spec = f"hf:model={folder},exact=false"
    ran = models.command("run", "--codecs", spec, "--corpora", "path:text", "--out", "o")
    assert ran.returncode == 0, ran.stderr
    (cell,) = load(Path("o")).current
    assert cell.evidence is Evidence.SAME_MACHINE
    assert cell.coded_bytes == len(HfCodec(model=str(folder), exact=False).encode(TEXT))
    assert "⌂" in Path("o/report.md").read_text()
    ran = models.command("compress", "text", "-c", spec, "-o", "text.cdl")
    assert ran.returncode == 0, ran.stderr
    ran = models.command("decompress", "text.cdl", "-o", "back")
    assert ran.returncode == 0, ran.stderr
    assert Path("back").read_bytes() == TEXT


def test_weights_that_lack_a_tensor_are_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "part")
    weights = tmp_path / "part" / "model.safetensors"
    tensors = load_file(weights)
    name = next(name for name in tensors if "fc1.weight" in name)
    del tensors[name]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(Unavailable, match=r"lack 1 of the model's tensors .*fc1.weight"):
        HfCodec(model=str(tmp_path / "part"), exact=False).encode(TEXT)


def test_exact_execution_is_refused_and_names_this_one(tmp_path):
    config = transformers.OpenAIGPTConfig(vocab_size=400, n_embd=16, n_layer=2, n_head=2)
    models.save(transformers.OpenAIGPTLMHeadModel(config), tmp_path, models.byte_level())
    with pytest.raises(UsageError, match="exact=false"):
        _ = HfCodec(model=str(tmp_path)).predictor.model


def test_it_stays_on_the_processor_whatever_device_is_asked_for(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, "nowhere")
    HfCodec(model=str(folder), exact=False).check_available()
    with pytest.raises(Unavailable, match="--device nowhere"):
        HfCodec(model=str(folder)).check_available()


SMALL = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
BODY = {"hidden_size": 16, "num_hidden_layers": 2}
OTHERS: dict[str, tuple[transformers.PretrainedConfig, Stepping]] = {
    "keys and values, in a model that also sees": (
        transformers.Gemma3Config(
            text_config={
                **SMALL,
                **BODY,
                "vocab_size": 400,
                "num_attention_heads": 2,
                "num_key_value_heads": 1,
                "head_dim": 8,
                "intermediate_size": 32,
            },
            vision_config={
                "hidden_size": 8,
                "intermediate_size": 8,
                "num_hidden_layers": 1,
                "num_attention_heads": 1,
                "image_size": 8,
                "patch_size": 4,
            },
            mm_tokens_per_image=4,
        ),
        Stepping("past_key_values"),
    ),
    "a state": (
        transformers.MambaConfig(**SMALL, **BODY, vocab_size=400, state_size=4),
        Stepping("cache_params"),
    ),
    "a state, one stream at a time": (
        transformers.RwkvConfig(**BODY, vocab_size=400, bos_token_id=0, eos_token_id=0),
        Stepping("state", 1),
    ),
    "nothing": (
        transformers.OpenAIGPTConfig(vocab_size=400, n_embd=16, n_layer=2, n_head=2),
        Stepping(None),
    ),
}


@pytest.mark.parametrize(("config", "way"), OTHERS.values(), ids=OTHERS)
def test_whatever_a_model_remembers_steps_go_where_the_whole_text_does(tmp_path, config, way):
    torch.manual_seed(0)
    made = models.shaken(transformers.AutoModelForCausalLM.from_config(config)).eval()
    models.save(made, tmp_path, models.byte_level())
    codec = HfCodec(model=str(tmp_path), exact=False, window=24)
    model = codec.predictor.model
    tokens = np.random.default_rng(1).integers(0, 400, (3, 12))
    state = model.begin(len(tokens))
    assert model.stepping == way
    for at in range(tokens.shape[1]):
        out = model.run(state, tokens[:, at : at + 1])
    distribution = model.frequencies(out, np.zeros(len(tokens), np.int32))
    with torch.no_grad():
        whole = torch.softmax(made(input_ids=torch.tensor(tokens)).logits[:, -1], -1).numpy()
    assert np.abs(distribution / distribution.sum(1, keepdims=True) - whole).max() < 1e-4
    assert codec.decode(codec.encode(TEXT)) == TEXT  # longer than the window


def test_a_full_batch_and_a_single_stream_are_one_law(folder):
    model = HfCodec(model=str(folder), exact=False).predictor.model
    tokens = np.random.default_rng(0).integers(0, 300, (float_model.BATCH + 1, 3))
    state, alone = model.begin(len(tokens)), model.begin(1)
    for at in range(3):
        whole = model.frequencies(
            model.run(state, tokens[:, at : at + 1]), np.zeros(len(tokens), np.int32)
        )
        one = model.frequencies(model.run(alone, tokens[:1, at : at + 1]), np.zeros(1, np.int32))
        assert np.array_equal(whole[:1], one)

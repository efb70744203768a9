"""Models in floating point: decoded where they were encoded, and refused elsewhere."""

import hf_models as models
import numpy as np
import pytest
import torch
import transformers

from codelength import CorruptBlob, Sample, Unavailable, UsageError
from codelength.device import VARIABLE
from codelength_hf import FINGERPRINT, HfCodec, lockstep

TEXT = models.text()[-60:].encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small OPT, for which there is no exact execution."""
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
    assert codec.ledger(blobs[0])["fingerprint"] == FINGERPRINT
    assert sum(codec.ledger(blobs[0]).values()) == len(blobs[0])
    assert codec.versions["decodes"] == "same-machine"


def test_other_circumstances_are_refused_in_one_line(folder, monkeypatch):
    codec = HfCodec(model=str(folder), exact=False)
    blob = codec.encode(TEXT[:5])
    with monkeypatch.context() as patch:
        patch.setattr(torch, "get_num_threads", lambda: 77)
        with pytest.raises(CorruptBlob, match="threads 77") as caught:
            codec.decode(blob)
        assert "\n" not in str(caught.value)
    with pytest.raises(CorruptBlob, match="other circumstances"):
        codec.decode(bytes(FINGERPRINT) + blob[FINGERPRINT:])
    assert codec.decode(blob) == TEXT[:5]


def test_exact_execution_is_refused_and_names_this_one(folder):
    with pytest.raises(UsageError, match="exact=false"):
        _ = HfCodec(model=str(folder)).predictor.model


def test_it_stays_on_the_processor_whatever_device_is_asked_for(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, "nowhere")
    HfCodec(model=str(folder), exact=False).check_available()
    with pytest.raises(Unavailable, match="--device nowhere"):
        HfCodec(model=str(folder)).check_available()


def test_a_full_batch_and_a_single_stream_are_one_law(folder):
    model = HfCodec(model=str(folder), exact=False).predictor.model
    tokens = np.random.default_rng(0).integers(0, 300, (lockstep.BATCH + 1, 3))
    state, alone = model.begin(len(tokens)), model.begin(1)
    for at in range(3):
        whole = model.frequencies(
            model.run(state, tokens[:, at : at + 1]), np.zeros(len(tokens), np.int32)
        )
        one = model.frequencies(model.run(alone, tokens[:1, at : at + 1]), np.zeros(1, np.int32))
        assert np.array_equal(whole[:1], one)

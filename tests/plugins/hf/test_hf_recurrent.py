"""Mamba and RWKV: near the model in floats, and the same integers however they are run."""

import json
from typing import Any

import hf_models as models
import hf_recurrent as recurrent
import numpy as np
import pytest
import torch
from test_hf_exact import bits, distributions, float_bits

from codelength import UsageError
from codelength_hf import HfCodec
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.families import RECURRENT
from codelength_hf.recurrent.backend import RecurrentBackend
from codelength_hf.recurrent.backend_numba import NumbaRecurrentBackend
from codelength_hf.recurrent.backend_torch import TorchRecurrentBackend
from codelength_hf.recurrent.model import ENDLESS, QuantizedRecurrent
from codelength_hf.recurrent.shape import READERS, read_shape
from codelength_hf.recurrent.weights import RecurrentWeights, read_recurrent

LENGTH = 50
TIMES = 2048.0
each_case = pytest.mark.parametrize("case", recurrent.ALL)
each_family = pytest.mark.parametrize("family", RECURRENT)


def read(checkpoint: Checkpoint, wide: bool = True) -> RecurrentWeights:
    shape = read_shape(checkpoint.config)
    return read_recurrent(shape, checkpoint.tensor, checkpoint.names, wide)


def run(weights: RecurrentWeights, backend: RecurrentBackend) -> QuantizedRecurrent:
    return QuantizedRecurrent(weights, ENDLESS, backend)


def expected(model: Any, tokens: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        logits = model(torch.tensor(tokens), use_cache=False).logits.double()
    return torch.softmax(logits, -1).numpy()


def loss(model: QuantizedRecurrent, tokens: np.ndarray, reference: np.ndarray) -> float:
    """What is lost to the distributions of the reference, as a share of their entropy."""
    found = distributions(model, tokens, at_once=tokens.shape[1])
    found = found / found.sum(-1, keepdims=True)
    entropy = -(reference * np.log2(reference)).sum(-1).mean()
    assert entropy < 8.3, "the small model should know something"
    return float((reference * np.log2(reference / found)).sum(-1).mean() / entropy)


def test_every_family_has_a_small_model():
    assert {family for family, _ in recurrent.ALL.values()} == set(RECURRENT)
    assert READERS.keys() == RECURRENT.keys()


@each_case
def test_it_is_near_the_float_model_and_always_the_same(tmp_path, case):
    made = recurrent.shaken(recurrent.made(*recurrent.ALL[case]))
    weights = read(Checkpoint(models.save(made, tmp_path)))
    tokens = np.random.default_rng(0).integers(0, recurrent.VOCABULARY, (2, LENGTH))
    model = run(weights, NumbaRecurrentBackend(wide=True))
    lost = loss(model, tokens, expected(made, tokens))
    print(f"{case}: {100 * lost:+.3f}%")
    assert lost < 0.005
    whole = distributions(model, tokens, at_once=LENGTH)
    for at_once in (1, 7):
        assert np.array_equal(whole, distributions(model, tokens, at_once=at_once))
    other = run(weights, TorchRecurrentBackend(wide=True))
    assert np.array_equal(whole, distributions(other, tokens, at_once=LENGTH))
    first = slice(None), slice(0, 12)
    assert np.array_equal(whole[first], distributions(other, tokens[first], at_once=1))


@each_family
def test_eight_bits_give_the_same_integers_in_both_implementations(tmp_path, family):
    made = recurrent.shaken(recurrent.made(*recurrent.ALL[family]))
    weights = read(Checkpoint(models.save(made, tmp_path)), wide=False)
    tokens = np.random.default_rng(1).integers(0, recurrent.VOCABULARY, (1, 20))
    one, other = (run(weights, b()) for b in (NumbaRecurrentBackend, TorchRecurrentBackend))
    whole = distributions(one, tokens, at_once=20)
    assert np.array_equal(whole, distributions(other, tokens, at_once=20))


def plant(made: Any, family: str) -> None:
    """Multiply channels by 2048 and by its inverse, and divide what reads them by the same."""
    parameters = dict(made.named_parameters())

    def change(written: list[str], reading: list[str], power: int = 1) -> None:
        first = parameters[written[0]]
        by = torch.ones(len(first))
        by[3 % len(by)], by[5 % len(by)] = TIMES ** (1 / power), TIMES ** (-1 / power)
        for name in written:
            parameters[name].data.mul_(by.view(-1, *[1] * (parameters[name].ndim - 1)))
        for name in reading:
            if name in parameters:
                parameters[name].data.div_(by**power)

    layers = {"rwkv": "rwkv.blocks.{}.", "rwkv7": "model.layers.{}."}
    for i in range(recurrent.ALL[family][1]["num_hidden_layers"]):
        layer = layers.get(family, "backbone.layers.{}.").format(i)
        if family == "rwkv":
            parts = [f"{layer}attention.{name}.weight" for name in ("key", "value", "receptance")]
            change([f"{layer}ln1.weight", f"{layer}ln1.bias"], parts)
            change([parts[1]], [f"{layer}attention.output.weight"])
            parts = [f"{layer}feed_forward.{name}.weight" for name in ("key", "receptance")]
            change([f"{layer}ln2.weight", f"{layer}ln2.bias"], parts)
            change([parts[0]], [f"{layer}feed_forward.value.weight"], power=2)
        elif family == "rwkv7":
            parts = [f"{layer}attn.{name}_proj.weight" for name in "rkv"]
            parts += [f"{layer}attn.{name}_lora.lora.0.weight" for name in "wavg"]
            change([f"{layer}attn_norm.weight", f"{layer}attn_norm.bias"], parts)
            change([f"{layer}attn.g_lora.lora.2.weight"], [f"{layer}attn.o_proj.weight"])
            change([f"{layer}attn.a_lora.lora.0.weight"], [f"{layer}attn.a_lora.lora.2.weight"])
            change([f"{layer}ffn.key.weight"], [f"{layer}ffn.value.weight"], power=2)
        else:
            change([f"{layer}norm.weight"], [f"{layer}mixer.in_proj.weight"])
            if family == "mamba2":
                change([f"{layer}mixer.norm.weight"], [f"{layer}mixer.out_proj.weight"])


@each_family
def test_outliers_of_2048_times_cost_at_most_half_a_percent(tmp_path, family):
    made = recurrent.shaken(recurrent.made(*recurrent.ALL[family]))
    tokens = np.random.default_rng(0).integers(0, recurrent.VOCABULARY, (2, LENGTH))
    reference = expected(made, tokens)
    plant(made, family)
    assert np.allclose(expected(made, tokens), reference, rtol=0.02, atol=1e-5)
    checkpoint = Checkpoint(models.save(made, tmp_path))
    plain, equalised = (
        loss(run(read(checkpoint, wide), NumbaRecurrentBackend(wide)), tokens, reference)
        for wide in (False, True)
    )
    print(f"{family}: {100 * plain:+.2f}% plain, {100 * equalised:+.3f}% equalised, 16 bits")
    assert equalised < 0.005 < plain


@each_family
def test_a_trained_model_codes_text_as_the_one_in_floats_does(tmp_path, family):
    tokenizer = models.byte_level()
    made = recurrent.trained(recurrent.made(*recurrent.ALL[family]), tokenizer)
    weights = read(Checkpoint(models.save(made, tmp_path)))
    tokens = np.array(tokenizer.encode(models.text()[-models.HELD_OUT :]).ids[:300])
    model = run(weights, NumbaRecurrentBackend(wide=True))
    found = bits(distributions(model, tokens[None], at_once=300)[0], tokens)
    ideal = float_bits(made, tokens)
    print(f"{family}: {100 * (found / ideal - 1):+.3f}% of {ideal / 299:.2f} bits")
    assert found < 1.005 * ideal
    assert ideal < 7.5 * 299, "the small model should know something"


def test_another_process_with_other_threads_or_on_a_device_decodes_all(tmp_path):
    tokenizer, data = models.byte_level(), models.text()[-300:].encode()
    for case in recurrent.ALL:
        made = recurrent.shaken(recurrent.made(*recurrent.ALL[case]))
        folder = models.save(made, tmp_path / case, tokenizer)
        (folder / "blob").write_bytes(HfCodec(model=str(folder)).encode(data))
    models.decode_elsewhere(tmp_path, devices=("cpu:0", "cpu"))
    for case in recurrent.ALL:
        assert (tmp_path / case / "decoded").read_bytes() == data, case


def test_a_text_is_one_stream_however_long_unless_there_is_a_window(tmp_path):
    config = {**recurrent.MAMBA2, "vocab_size": 257, "num_hidden_layers": 1}
    folder = models.save(recurrent.made("mamba2", config), tmp_path)
    data = models.text()[:3000].encode()
    codec = HfCodec(model=str(folder))
    assert codec.predictor.model.remembers(1000) < 1 << 14
    blob = codec.encode(data)
    assert codec.decode(blob) == data
    cut = HfCodec(model=str(folder), window=500)
    blobs = cut.coder.encode([data, data[:600]])
    assert cut.coder.decode(blobs) == [data, data[:600]]
    assert [c.coder.ledger(b)["flush"] for c, b in ((codec, blob), (cut, blobs[0]))] == [1, 6]
    with pytest.raises(UsageError, match="no window to move"):
        HfCodec(model=str(folder), stride=100).encode(data)


def test_what_does_not_fit_is_refused_in_one_line(tmp_path):
    folder = models.save(recurrent.made("rwkv7", recurrent.RWKV7), tmp_path / "a")
    path = folder / "config.json"
    for change, reason in (
        ({"attn": {"layers": [1]}}, "layers of attention"),
        ({"hidden_size": 48}, "weights do not fit config.json"),
        ({"num_hidden_layers": 2}, "tensors that have no place in a rwkv7 model"),
        ({"num_hidden_layers": 4}, "lack 'model.layers.3.attn_norm.weight'|lack 'model.layers.3"),
        ({"head_dim": 0.3}, "not valid"),
    ):
        path.write_text(json.dumps({**recurrent.RWKV7, **change}))
        with pytest.raises(UsageError, match=reason):
            read(Checkpoint(folder))

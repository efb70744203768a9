"""Weights of 4 bits: what a file has stays as it is, others are rounded, and all are exact."""

import hf_models as models
import numpy as np
import pytest
import torch
from test_hf_exact import distributions

from codelength import UsageError
from codelength_hf import HfCodec
from codelength_hf.backend_numba import NumbaTransformerBackend
from codelength_hf.backend_torch import TorchTransformerBackend
from codelength_hf.families import read_architecture
from codelength_hf.grouping import to_groups
from codelength_hf.reading import read_weights
from codelength_hf.transformer import QuantizedTransformer

RANDOM = np.random.default_rng(0)


def spaced(least: bool) -> np.ndarray:
    """Weights as GGUF's Q4_1 or Q4_0 has them."""
    values = RANDOM.integers(0, 16, (40, 3, 32))
    steps = RANDOM.uniform(0.001, 0.02, (40, 3, 1)).astype(np.float16).astype(np.float32)
    low = -8 * steps
    if least:
        low = RANDOM.uniform(-0.2, 0.1, (40, 3, 1)).astype(np.float16).astype(np.float32)
    return (steps * values.astype(np.float32) + low).reshape(40, 96)


@pytest.mark.parametrize("least", [True, False])
def test_weights_that_have_4_bits_stay_as_they_are(least):
    weights = spaced(least)
    groups, scales = to_groups(weights, 4)
    assert groups.values.max() == 15
    assert np.abs(groups.integers() * scales[:, None] - weights).max() < 0.001 * 0.02


def test_other_weights_are_rounded_to_16_values_a_group_or_to_8_bits():
    weights = RANDOM.normal(0, 0.03, (40, 90)).astype(np.float32)
    for bits, most in ((4, 0.09), (8, 0.006)):
        groups, scales = to_groups(weights, bits)
        away = groups.integers() * scales[:, None] - weights
        assert 0 < np.sqrt((away**2).mean()) < most * weights.std()
    for constant in (0, 0.3, -7):
        same = np.full((3, 70), constant, np.float32)
        groups, scales = to_groups(same, 4)
        assert np.allclose(groups.integers() * scales[:, None], same, rtol=1e-3)


def test_a_model_gives_the_same_integers_in_both_arithmetics_and_a_few_percent_more_bits():
    made = models.shaken(models.model("llama", models.Sizes(width=96, hidden=200))).eval()
    tokens = np.random.default_rng(3).integers(0, 400, (3, 30))
    tensors = {name: values.detach().numpy() for name, values in made.state_dict().items()}
    shape = read_architecture(made.config.to_dict())
    read = read_weights(shape, tensors.get, tensors, equalise=True, bits=4)
    with torch.no_grad():
        ideal = torch.softmax(made(torch.tensor(tokens)).logits.double(), -1).numpy()
    losses = []
    for rounded in (False, True):
        model = QuantizedTransformer(read, 64, NumbaTransformerBackend(True, rounded))
        one = distributions(model, tokens, at_once=30)
        assert np.array_equal(one, distributions(model, tokens, at_once=1))
        other = QuantizedTransformer(read, 64, TorchTransformerBackend("cpu", True, rounded))
        assert np.array_equal(one, distributions(other, tokens, at_once=30))
        share = one / one.sum(-1, keepdims=True)
        losses.append((ideal * np.log2(ideal / share)).sum() / -(ideal * np.log2(ideal)).sum())
    print(losses)
    assert 0 < losses[0] < 0.05
    assert 0 < losses[1] < 0.05


def test_it_is_a_setting_that_changes_what_the_model_costs(folders):
    eight, four = (HfCodec(model=str(folders["llama"]), bits=bits) for bits in (None, 4))
    data = models.text()[-models.HELD_OUT :].encode()[:1500]
    blobs = [codec.encode(data) for codec in (eight, four)]
    assert four.decode(blobs[1]) == data
    assert len(blobs[1]) < 1.1 * len(blobs[0])
    weights = [codec.model_bytes["weights"] for codec in (eight, four)]
    assert weights[1] == len(next(four.model_samples()).data)
    assert weights[1] < weights[0]
    with pytest.raises(UsageError, match="bits=5 cannot be: it is 4, 7 or 8"):
        HfCodec(model="x", bits=5)
    with pytest.raises(UsageError, match="bits=4 cannot be set with exact=false"):
        HfCodec(model="x", bits=4, exact=False)

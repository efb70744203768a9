"""Every family: near the model in floats, and the same integers however it is run."""

import hf_families as families
import hf_models as models
import numpy as np
import pytest
import torch
from test_hf_exact import distributions

from codelength_hf import HfCodec
from codelength_hf.backend_numba import NumbaTransformerBackend
from codelength_hf.backend_torch import TorchTransformerBackend
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.families import FAMILIES, read_architecture
from codelength_hf.reading import read_weights
from codelength_hf.transformer import QuantizedTransformer

WINDOW = 100
each_case = pytest.mark.parametrize("case", families.ALL)


def test_every_family_has_a_small_model():
    assert families.CASES.keys() == FAMILIES.keys()


@each_case
def test_it_is_near_the_float_model_and_always_the_same(tmp_path, case):
    made = families.made(*families.ALL[case])
    checkpoint = Checkpoint(models.save(made, tmp_path))
    shape = read_architecture(checkpoint.config)
    read = read_weights(shape, checkpoint.tensor, checkpoint.names, equalise=True)
    tokens = np.random.default_rng(0).integers(0, families.VOCABULARY, (2, WINDOW))
    with torch.no_grad():
        logits = made(torch.tensor(tokens), use_cache=False).logits.double()
    expected = torch.softmax(logits, -1).numpy()

    model = QuantizedTransformer(read, WINDOW, NumbaTransformerBackend(wide=True))
    whole = distributions(model, tokens, at_once=WINDOW)
    found = whole / whole.sum(-1, keepdims=True)
    entropy = -(expected * np.log2(expected)).sum(-1).mean()
    loss = (expected * np.log2(expected / found)).sum(-1).mean()
    print(f"{case}: {100 * loss / entropy:+.3f}% of {entropy:.2f} bits")
    assert entropy < 8.3, "the small model should know something"
    assert loss < 0.005 * entropy

    for at_once in (1, 7):
        assert np.array_equal(whole, distributions(model, tokens, at_once=at_once))
    other = QuantizedTransformer(read, WINDOW, TorchTransformerBackend(wide=True))
    assert np.array_equal(whole, distributions(other, tokens, at_once=WINDOW))
    first = slice(None), slice(0, 25)
    assert np.array_equal(whole[first], distributions(other, tokens[first], at_once=1))


def test_another_process_with_other_threads_decodes_all(tmp_path):
    tokenizer, data = models.byte_level(), models.text()[-300:].encode()
    for case in families.ALL:
        folder = models.save(families.made(*families.ALL[case]), tmp_path / case, tokenizer)
        (folder / "blob").write_bytes(HfCodec(model=str(folder), window=64).encode(data))
    models.decode_elsewhere(tmp_path, window=64)
    for case in families.ALL:
        assert (tmp_path / case / "decoded").read_bytes() == data, case


def test_the_table_of_families_is_the_one_of_the_docs():
    page = families.PAGE.read_text("utf-8")
    assert families.with_table(page) == page, "python tests/plugins/hf/hf_families.py writes it"

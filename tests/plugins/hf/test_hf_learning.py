"""A head that learns from what was coded: the same on both sides, and fewer bytes."""

from dataclasses import replace

import hf_models as models
import numpy as np
import pytest

from codelength import Sample, UsageError
from codelength.api.spec import build
from codelength.coding.code_length import code_lengths
from codelength.testing import check_predictor
from codelength_exact.products import from_panels, to_panels
from codelength_hf import HfCodec
from codelength_hf.learning import BLOCK
from codelength_hf.predictor import ExactPredictor

TEXT = models.text()[-2000:].encode()


@pytest.fixture
def folder(folders):
    return folders["llama"]


def predictor(folder, **settings) -> ExactPredictor:
    made = HfCodec(model=str(folder), learn=True, **settings).predictor
    assert isinstance(made, ExactPredictor)
    return made


@pytest.mark.parametrize("settings", [{}, {"window": 64, "stride": 40}, {"activations": 8}])
def test_both_views_agree(folder, settings):
    check_predictor(predictor(folder, **settings))


def test_it_learns(folder):
    learns = predictor(folder, window=64, stride=48)
    shouted = TEXT.upper()  # which the model was not trained on
    sequences = [learns.tokenize(shouted), learns.tokenize(shouted[:300])]
    long, short = code_lengths(learns, sequences)
    fixed = next(iter(code_lengths(replace(learns, learn=False), sequences)))
    assert np.array_equal(short, long[: len(short)]), "only what comes before counts"
    assert np.array_equal(long[:BLOCK], fixed[:BLOCK]), "nothing is known yet"
    assert long.sum() < 0.97 * fixed.sum()


def test_blobs_decode_alone_and_together(folder):
    codec = build(HfCodec, f"model={folder},window=64,learn=true")
    datas = [TEXT, b"", bytes(range(256)), TEXT[:50] + b"\xff"]
    blobs = codec.encode_many([Sample("", data) for data in datas])
    assert codec.decode_many(blobs) == datas
    assert codec.decode(blobs[2]) == datas[2]
    plain = HfCodec(model=str(folder), window=64)
    assert len(blobs[0]) < len(plain.encode(TEXT))


def test_only_exact_models_learn():
    with pytest.raises(UsageError, match="only exact models"):
        HfCodec(exact=False, learn=True)


def test_panels_are_unpacked():
    values = np.random.default_rng(0).integers(-127, 128, (37, 22), np.int8)
    assert np.array_equal(from_panels(to_panels(values, 16, 4), 37, 22), values)

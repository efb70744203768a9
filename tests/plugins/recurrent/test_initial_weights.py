"""The model before training: a control that knows nothing."""

import numpy as np
import pytest

from codelength.coding.code_length import code_lengths
from codelength_recurrent import RecurrentCodec

pytest.importorskip("torch")


def test_before_training_every_byte_costs_eight_bits() -> None:
    control = RecurrentCodec("0.2m").predictor.initialised(1)
    assert control is not None
    (bits,) = code_lengths(control, [control.tokenize(b"the cat sat on the mat")])
    assert bits == pytest.approx(np.full(22, 8.0), abs=1e-3)


def test_the_trained_model_stays_what_it_is() -> None:
    predictor = RecurrentCodec("0.2m").predictor
    text = [predictor.tokenize(b"the cat sat on the mat")]
    known = next(predictor.frequencies(text))[1]
    control = predictor.initialised(1)
    assert (next(control.frequencies(text))[1] != known).any()
    assert (next(predictor.frequencies(text))[1] == known).all()

"""Weights in random order: the same numbers, and nothing that was learned."""

from pathlib import Path

import numpy as np

from codelength_recurrent import RecurrentCodec
from codelength_recurrent.weights import read, scrambled

BOX = RecurrentCodec("0.2m").path


def test_every_array_keeps_its_numbers_and_loses_their_order() -> None:
    known = read(Path(BOX))
    mixed = scrambled(known, 1)
    for name, array in known.arrays.items():
        assert mixed.arrays[name].shape == array.shape
        assert (np.sort(mixed.arrays[name], None) == np.sort(array, None)).all()
    assert (mixed.arrays["head"] != known.arrays["head"]).mean() > 0.9
    again, other = scrambled(known, 1), scrambled(known, 2)
    assert (again.arrays["head"] == mixed.arrays["head"]).all()
    assert (other.arrays["head"] != mixed.arrays["head"]).any()


def test_the_scrambled_model_is_another_law_and_the_trained_one_stays() -> None:
    predictor = RecurrentCodec("0.2m").predictor
    control = predictor.scrambled(1)
    assert control is not None
    text = [predictor.tokenize(b"the cat sat on the mat")]
    (_, known), (_, mixed) = next(predictor.frequencies(text)), next(control.frequencies(text))
    assert (known != mixed).any()
    assert (next(predictor.frequencies(text))[1] == known).all()

"""The distribution of whole bytes: the same however it is asked for."""

import mix_sources as sources
import numpy as np
import pytest

from codelength import Unsupported
from codelength.testing import check_predictor
from codelength_mix import MixCodec, MixerCodec
from codelength_recurrent import RecurrentCodec


@pytest.mark.parametrize("codec", [MixerCodec(1), MixCodec("0.2m", 1)], ids=["mixer", "mix"])
def test_parallel_is_stepwise(codec):
    predictor, texts = codec.predictor, [sources.prose(300), b"", sources.prose(500)[260:], b"x"]
    batch = [predictor.tokenize(text) for text in texts]
    for whole, again in zip(parallel(predictor, batch), stepwise(predictor, batch), strict=True):
        np.testing.assert_array_equal(whole, again)
        if len(whole):
            assert whole.min() >= 1
            assert whole.sum(1).max() < 1 << 24
            assert whole.sum(1).min() > (1 << 24) - 1100


@pytest.mark.parametrize("codec", [MixerCodec(1), MixCodec("0.2m", 1)], ids=["mixer", "mix"])
def test_to_predict_changes_nothing(codec):
    data = np.frombuffer(sources.prose(200), np.uint8)
    asked, not_asked = (codec.predictor.stepper([len(data) + 1]) for _ in range(2))
    for symbol in data:
        asked.frequencies()
        for stepper in (asked, not_asked):
            stepper.advance(np.array([symbol]))
    np.testing.assert_array_equal(asked.frequencies(), not_asked.frequencies())


def test_a_text_in_several_lanes_is_not_predicted():
    long = MixCodec("0.2m", 1, lanes=2).predictor
    assert long.stepper([30_000]).frequencies().shape == (1, 256)
    with pytest.raises(Unsupported, match="33000 bytes are coded in 2 lanes"):
        long.stepper([33_000])


@pytest.mark.slow
@pytest.mark.parametrize("codec", [MixerCodec(1), MixCodec("0.2m", 1)], ids=["mixer", "mix"])
def test_the_kit_has_nothing_to_say_against_it(codec):
    check_predictor(codec.predictor)


def test_before_training_the_model_is_its_own_control():
    predictor = MixCodec("0.2m").predictor
    other = predictor.initialised(3)
    assert other.model == RecurrentCodec("0.2m").predictor.initialised(3)
    assert MixerCodec().predictor.initialised(3) is None


def parallel(predictor, batch):
    rows = [[np.empty((0, 256), np.int32)] for _ in batch]
    for stream, block in predictor.frequencies(batch):
        rows[stream].append(block.copy())
    return [np.concatenate(blocks) for blocks in rows]


def stepwise(predictor, batch):
    for sequence in batch:
        stepper, rows = predictor.stepper([len(sequence)]), [np.empty((0, 256), np.int32)]
        for symbol in sequence:
            rows.append(stepper.frequencies().copy())
            stepper.advance(np.array([symbol]))
        yield np.concatenate(rows)

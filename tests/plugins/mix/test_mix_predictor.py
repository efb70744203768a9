"""The law of whole bytes: the same however it is asked for, and what the coder codes under."""

import mix_sources as sources
import numpy as np
import pytest

from codelength.coding.code_length import code_lengths
from codelength.testing import check_predictor
from codelength_mix import MixCodec, MixerCodec, predictor
from codelength_recurrent import RecurrentCodec


@pytest.mark.parametrize("codec", [MixerCodec(1), MixCodec("0.2m", 1)], ids=["mixer", "mix"])
@pytest.mark.parametrize("first", [64, 1 << 17])
def test_parallel_is_stepwise_while_memories_grow_and_when_they_do_not(monkeypatch, codec, first):
    monkeypatch.setattr(predictor, "FIRST", first)
    law, texts = codec.predictor, [sources.prose(300), b"", sources.prose(500)[260:], b"x"]
    batch = [law.tokenize(text) for text in texts]
    for whole, again in zip(parallel(law, batch), stepwise(law, batch), strict=True):
        np.testing.assert_array_equal(whole, again)
        if len(whole):
            assert whole.min() >= 1
            assert whole.sum(1).max() < 1 << 24
            assert whole.sum(1).min() > (1 << 24) - 1100


@pytest.mark.parametrize("codec", [MixerCodec(), MixCodec("0.2m", lanes=1)], ids=["mixer", "mix"])
def test_the_code_length_of_the_law_is_what_coding_takes(codec):
    data = sources.prose(6000)
    law = codec.predictor
    lengths = code_lengths(law, [law.tokenize(data)])
    ideal = sum(float(bits.sum()) for _, _, bits in lengths) / 8
    assert len(codec.encode(data)) == pytest.approx(ideal, rel=0.01)


def test_a_memory_that_had_to_grow_predicts_nearly_as_well(monkeypatch):
    data = np.frombuffer(sources.prose(8000), np.uint8)
    sizes = []
    for first in (1 << 17, 2048):
        monkeypatch.setattr(predictor, "FIRST", first)
        lengths = code_lengths(MixerCodec().predictor, [data])
        sizes.append(sum(float(bits.sum()) for _, _, bits in lengths))
    assert sizes[0] < sizes[1] < 1.05 * sizes[0]


@pytest.mark.slow
@pytest.mark.parametrize("codec", [MixerCodec(1), MixCodec("0.2m", 1)], ids=["mixer", "mix"])
def test_the_kit_has_nothing_to_say_against_it(codec):
    check_predictor(codec.predictor)


def test_scrambled_weights_are_the_models():
    law = MixCodec("0.2m").predictor
    other = law.scrambled(3)
    assert other.model == RecurrentCodec("0.2m").predictor.scrambled(3)
    assert MixerCodec().predictor.scrambled(3) is None


def parallel(law, batch):
    rows = [[np.empty((0, 256), np.int32)] for _ in batch]
    for stream, block in law.frequencies(batch):
        rows[stream].append(block.copy())
    return [np.concatenate(blocks) for blocks in rows]


def stepwise(law, batch):
    for sequence in batch:
        stepper, rows = law.stepper(1), [np.empty((0, 256), np.int32)]
        for symbol in sequence:
            rows.append(stepper.frequencies().copy())
            stepper.advance(np.array([symbol]))
        yield np.concatenate(rows)

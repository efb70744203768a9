"""The cards of the bundled models."""

import json

import pytest
from small_models import SHAPE, parameters, weights

from codelength.plugins import Plugins
from codelength_exact.safetensors_card import TEXTS, read_card
from codelength_hf.byte_transformer import TransformerCodec
from codelength_hf.byte_transformer import bundled_sizes as transformers
from codelength_recurrent import RecurrentCodec, bundled_sizes
from codelength_recurrent.weights import Weights, write


def test_parameters_are_what_training_set_and_not_the_scales_they_are_stored_with(tmp_path):
    write(tmp_path / "m.safetensors", weights())
    trained = sum(array.size for array in parameters(SHAPE).values())
    assert read_card(tmp_path / "m.safetensors").parameters == trained


def test_a_model_trained_on_something_else_states_nothing_of_it(tmp_path):
    path = tmp_path / "m.safetensors"
    own = weights()
    write(path, Weights(own.shape, own.arrays, {"data": "0123 (sha256 over the files)"}))
    assert (read_card(path).data, read_card(path).until, read_card(path).excludes) == ("", "", ())


def test_what_is_known_of_a_text_is_found_by_its_digest(tmp_path):
    path = tmp_path / "m.safetensors"
    own = weights()
    (digest,) = TEXTS
    write(path, Weights(own.shape, own.arrays, {"data": f"{digest} (sha256 over the files)"}))
    assert read_card(path).excludes == TEXTS[digest].excludes


@pytest.mark.parametrize(
    "codec", [*map(RecurrentCodec, bundled_sizes()), *map(TransformerCodec, transformers())]
)
def test_models_in_the_box_say_on_what_they_were_trained_until_when_and_without_what(codec):
    told = codec.card
    assert told.parameters == pytest.approx(1e6 * float(codec.size.rstrip("m")), rel=0.2)
    assert told.data
    assert told.until
    known = {entry.item.name for entry in Plugins().corpora}
    assert set(told.excludes) <= known, "a corpus that does not exist is excluded"


@pytest.mark.parametrize("size", bundled_sizes())
def test_the_prior_that_is_shown_is_the_one_that_is_charged(size):
    codec = RecurrentCodec(size)
    shown = {sample.name: len(sample.data) for sample in codec.model_samples()}
    assert shown == codec.model_bytes
    head = next(codec.model_samples()).data
    assert json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])["__metadata__"]["shape"]

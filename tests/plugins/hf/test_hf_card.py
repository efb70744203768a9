"""What is known of a model of Hugging Face: its parameters always, its data only where told."""

import json
import shutil

import hf_models as models
import pytest

from codelength import UsageError
from codelength_hf import HfCodec
from codelength_hf.card import FAMILIES, FILE, model_card
from codelength_hf.checkpoint import open_checkpoint
from codelength_hf.quantise_checkpoint import shrink

SIZES = models.Sizes(vocabulary=257, width=32, hidden=40)


@pytest.fixture(scope="module", params=["gpt2", "gpt_neox", "llama"])
def made(request, tmp_path_factory):
    """A random model, and the folder that it is saved in."""
    made = models.model(request.param, SIZES, bos_token_id=256)
    return made, models.save(made, tmp_path_factory.mktemp(request.param))


def test_parameters_are_those_that_torch_counts(made):
    model, folder = made
    codec = HfCodec(model=str(folder))
    assert codec.card.parameters == sum(values.numel() for values in model.parameters())


def test_a_shrunk_model_has_as_many_parameters(made, tmp_path):
    model, folder = made
    if model.config.model_type != "gpt2":
        shrink(folder, tmp_path, {})
        assert HfCodec(model=str(tmp_path)).card.parameters == model.num_parameters()


@pytest.mark.parametrize("exact", [True, False])
def test_the_prior_that_is_shown_is_the_one_that_is_charged(made, exact):
    codec = HfCodec(model=str(made[1]), exact=exact)
    shown = {sample.name: len(sample.data) for sample in codec.model_samples()}
    assert shown == codec.model_bytes


def test_a_folder_says_nothing_of_its_data_unless_a_card_lies_in_it(made, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(made[1], folder)
    told = HfCodec(model=str(folder)).card
    assert (told.data, told.until, told.excludes) == ("", "", ())
    (folder / FILE).write_text('{"data": "a list", "until": "2024-06", "excludes": ["enwik8"]}')
    told = HfCodec(model=str(folder)).card
    assert (told.data, told.until, told.excludes) == ("a list", "2024-06", ("enwik8",))
    assert told.parameters == made[0].num_parameters()


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "no card of a model"), (json.dumps({"until": "June"}), "until is 'June'; write 2024")],
)
def test_a_card_that_cannot_be_read_is_named(made, tmp_path, text, message):
    folder = tmp_path / "model"
    shutil.copytree(made[1], folder)
    (folder / FILE).write_text(text)
    with pytest.raises(UsageError, match=message):
        _ = HfCodec(model=str(folder)).card


def test_families_are_known_by_their_names_on_the_hub(made):
    found = open_checkpoint(str(made[1]), None, False)
    assert model_card(found, "EleutherAI/pythia-70m").until == FAMILIES["EleutherAI/pythia-"].until
    assert model_card(found, "somebody/pythia-70m").until == ""

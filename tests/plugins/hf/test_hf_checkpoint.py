"""Folders that are broken, or say one thing and hold another."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hf_models as models
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_hf_exact import bits, distributions, float_bits

from codelength import Sample, Unavailable, UsageError
from codelength_hf import HfCodec
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.families import read_architecture
from codelength_hf.predictor import ExactPredictor
from codelength_hf.quantise_checkpoint import shrink

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
TEXT = models.text()[-200:].encode()


@pytest.fixture
def folder(folders, tmp_path) -> Path:
    """A Llama of one's own."""
    return Path(shutil.copytree(folders["llama"], tmp_path / "model"))


def configure(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def store(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def refusal(folder: Path, spec: dict[str, Any] | None = None) -> str:
    """The one line that it comes to."""

    def use() -> None:
        codec = HfCodec(model=str(folder), **(spec or {}))
        codec.check_available()
        codec.encode(TEXT)

    with pytest.raises((Unavailable, UsageError)) as caught:
        use()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_head_of_its_own_counts_even_if_the_config_calls_it_tied(folder):
    configure(folder, tie_word_embeddings=True)
    made = type(models.model("llama")).from_pretrained(folder).eval()
    tokens = np.random.default_rng(5).integers(0, 300, 100)
    model = ExactPredictor(Checkpoint(folder)).model
    distribution = distributions(model, tokens[None], at_once=100)[0]
    assert bits(distribution, tokens) == pytest.approx(float_bits(made, tokens), rel=0.01)
    assert not np.array_equal(made.lm_head.weight.detach(), made.model.embed_tokens.weight.detach())


@pytest.mark.parametrize("method", ["compressed-tensors", "gptq", "awq"])
def test_what_the_config_calls_quantised_is_refused(folder, method):
    configure(folder, quantization_config={"quant_method": method})
    assert f"quantised by others ({method}); give the model" in refusal(folder)


def test_fp8_is_its_numbers_times_the_scales_of_blocks(folder):
    name = "model.layers.0.mlp.up_proj.weight"
    values = torch.linspace(-3, 3, 160 * 64).reshape(160, 64).to(torch.float8_e4m3fn)
    scales = torch.tensor([[0.5, 2.0], [1.0, 0.25], [4.0, 1.5]])
    store(folder, lambda tensors: tensors.update({name: values, f"{name}_scale_inv": scales}))
    configure(folder, quantization_config={"quant_method": "fp8", "weight_block_size": [64, 32]})
    checkpoint = Checkpoint(folder)
    spread = scales.repeat_interleave(64, 0)[:160].repeat_interleave(32, 1)
    assert np.array_equal(checkpoint.tensor(name), (values.float() * spread).numpy())
    codec = HfCodec(model=str(folder), window=64)
    assert codec.decode(codec.encode(TEXT)) == TEXT


def test_a_model_with_code_of_its_own_is_refused(folder):
    configure(folder, model_type="theirs", auto_map={"AutoModelForCausalLM": "theirs.Model"})
    assert "code of its own (auto_map)" in refusal(folder)
    assert "code of its own (auto_map)" in refusal(folder, {"exact": False})


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(folder, value, exact):
    name = "model.layers.0.mlp.down_proj.weight"
    store(folder, lambda tensors: tensors[name][3].fill_(value))
    assert f"{name} has values that are not finite" in refusal(folder, {"exact": exact})


@pytest.mark.parametrize("exact", [True, False])
def test_tensors_without_a_place_are_refused(folder, exact):
    store(folder, lambda tensors: tensors.update({"model.layers.0.mlp.extra": torch.ones(3)}))
    assert "'model.layers.0.mlp.extra' is one" in refusal(folder, {"exact": exact})


def test_masks_and_angles_are_no_tensors_of_their_own(folder):
    name = "model.layers.0.self_attn.rotary_emb.inv_freq"
    before = HfCodec(model=str(folder), window=64).encode(TEXT)
    store(folder, lambda tensors: tensors.update({name: torch.ones(8)}))
    assert HfCodec(model=str(folder), window=64).encode(TEXT) == before


@pytest.mark.parametrize("exact", [True, False])
def test_a_tensor_that_lacks_is_named(folder, exact):
    name = "model.layers.1.self_attn.o_proj.weight"
    store(folder, lambda tensors: tensors.pop(name))
    assert name in refusal(folder, {"exact": exact})


@pytest.mark.parametrize("prefix", ["", "language_model.model."])
def test_tensors_may_be_called_by_less_or_more(folder, prefix):
    before = HfCodec(model=str(folder), window=64).encode(TEXT)
    tower = prefix.removesuffix("model.")

    def rename(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            is_head = name.startswith("lm_head")
            new = tower + name if is_head else prefix + name.removeprefix("model.")
            tensors[new] = tensors.pop(name)
        if prefix:
            tensors["vision_tower.patches.weight"] = torch.ones(3, 3)

    store(folder, rename)
    assert HfCodec(model=str(folder), window=64).encode(TEXT) == before


def test_the_text_model_of_one_that_sees_is_read(folder):
    before = HfCodec(model=str(folder), window=64).encode(TEXT)
    config = json.loads((folder / "config.json").read_bytes())
    outer = {"model_type": "llava", "text_config": config, "vision_config": {}}
    (folder / "config.json").write_text(json.dumps(outer))
    assert HfCodec(model=str(folder), window=64).encode(TEXT) == before


def test_int8_weights_of_ours_are_not_taken_for_floats(folder, tmp_path):
    shrink(folder, tmp_path / "small", {})
    assert "which exact=true reads" in refusal(tmp_path / "small", {"exact": False})


def test_integers_without_scales_of_ours_are_refused(folder):
    def quantise(tensors: dict[str, torch.Tensor]) -> None:
        name = "model.layers.0.mlp.up_proj.weight"
        tensors[name] = (tensors[name] * 100).to(torch.int8)

    store(folder, quantise)
    assert "up_proj.weight is I8, quantised by others" in refusal(folder)


@pytest.mark.parametrize(
    ("said", "base", "scaling"),
    [
        ({"rope_theta": 50.0, "rope_parameters": None}, 50, None),
        ({"rope_scaling": {"rope_type": "default", "rope_theta": 500.0}}, 500, None),
        ({"rope_theta": 50.0, "rope_scaling": {"type": "linear", "factor": 4.0}}, 50, "linear"),
        ({"rope_parameters": {"rope_theta": 9.0, "rope_type": "default"}}, 9, None),
    ],
)
def test_rotary_settings_are_read_as_transformers_reads_them(folder, said, base, scaling):
    configure(folder, **said)
    rotary = read_architecture(Checkpoint(folder).config).attending[0].rotary
    assert rotary is not None
    assert rotary.base == base
    assert (rotary.scaling or {}).get("rope_type") == scaling
    made = type(models.model("llama")).from_pretrained(folder).eval()
    assert made.config.rope_parameters["rope_theta"] == base
    tokens = np.random.default_rng(5).integers(0, 300, 100)
    distribution = distributions(
        ExactPredictor(Checkpoint(folder)).model, tokens[None], at_once=100
    )[0]
    assert bits(distribution, tokens) == pytest.approx(float_bits(made, tokens), rel=0.01)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"num_key_value_heads": 4}, "the queries, keys and values of layer 0 should be 192 × 64"),
        ({"head_dim": 32}, "the queries, keys and values of layer 0 should be 256 × 64"),
        ({"intermediate_size": 99}, "the MLP's input of layer 0 should be 198 × 64"),
        ({"vocab_size": 9999}, "the tokens should be 9999 × 64"),
        ({"num_attention_heads": 0}, "is not valid"),
        ({"num_key_value_heads": 3}, "is not valid"),
        ({"max_position_embeddings": -1}, "is not valid"),
        ({"rope_scaling": "linear"}, "is not valid"),
        ({"vocab_size": "many"}, "no vocab_size"),
    ],
)
def test_a_config_that_does_not_fit_is_one_line(folder, said, line):
    configure(folder, **said)
    assert line in refusal(folder)


def test_a_config_without_a_token_for_the_beginning_will_do(folder):
    configure(folder, bos_token_id=None, eos_token_id=[])
    codec = HfCodec(model=str(folder))
    assert codec.decode(codec.encode(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        (WEIGHTS, b"version https://git-lfs.github.com/spec/v1\n", f"{WEIGHTS} cannot be read"),
        ("config.json", b"[]", "no vocab_size"),
        (INDEX, b"{", f"{INDEX} is no list of files"),
        (INDEX, b"{}", f"{INDEX} is no list of files"),
        (INDEX, b'{"weight_map": {"a": "other.safetensors"}}', "has no other.safetensors"),
    ],
)
def test_a_broken_file_is_one_line(folder, name, content, line):
    if name == INDEX:
        (folder / WEIGHTS).unlink()
    (folder / name).write_bytes(content)
    assert line in refusal(folder)


def test_a_download_that_broke_off_is_one_line(folder):
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])
    assert f"{WEIGHTS} cannot be read" in refusal(folder)


def test_a_pickle_that_is_none_is_one_line(folder):
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert "pytorch_model.bin cannot be read" in refusal(folder, {"pickle": True})


def test_experts_do_not_see_who_else_is_in_the_batch(tmp_path):
    import transformers

    torch.manual_seed(0)
    config = transformers.MixtralConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_local_experts=4,
        max_position_embeddings=64,
        bos_token_id=0,
        eos_token_id=0,
    )
    made = models.shaken(transformers.MixtralForCausalLM(config))
    codec = HfCodec(model=str(models.save(made, tmp_path, models.byte_level())), exact=False)
    pieces = [TEXT[at : at + 20] for at in range(0, 120, 20)]
    blobs = codec.encode_many([Sample("", piece) for piece in pieces])
    assert [codec.decode(blob) for blob in blobs] == pieces

"""LoRA adapters: what they change is what PEFT would merge."""

import json
import shutil
from pathlib import Path
from typing import Any

import hf_models as models
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from codelength import Unavailable, UsageError
from codelength_hf import HfCodec
from codelength_hf.float_model import lockstep

TEXT = models.text()[-150:].encode()
RANK = 2


def dyadic(*shape: int) -> torch.Tensor:
    """Numbers with which sums and products are exact, so that their order does not matter."""
    draw = torch.Generator().manual_seed(sum(shape))
    return torch.randint(-4, 5, shape, generator=draw) / 16


def write_adapter(folder: Path, tensors: dict[str, torch.Tensor], **changes: Any) -> Path:
    folder.mkdir()
    said = {"peft_type": "LORA", "r": RANK, "lora_alpha": 4, "base_model_name_or_path": "a/b"}
    (folder / "adapter_config.json").write_text(json.dumps({**said, **changes}))
    named = {f"base_model.model.{name}": values for name, values in tensors.items()}
    save_file(named, folder / "adapter_model.safetensors")
    return folder


def merged(base: Path, folder: Path, changes: dict[str, torch.Tensor]) -> Path:
    """The base with other tensors."""
    shutil.copytree(base, folder)
    tensors = load_file(folder / "model.safetensors")
    assert changes.keys() <= tensors.keys()
    save_file({**tensors, **changes}, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(params=["llama", "gpt2"])
def case(request, folders, tmp_path) -> tuple[Path, Path, Path]:
    """A base, an adapter, and both merged. GPT-2 stores its matrices the other way round."""
    base = folders[request.param]
    before = {
        name: (values * 16).round() / 16
        for name, values in load_file(base / "model.safetensors").items()
    }
    base = merged(base, tmp_path / "base", before)
    name, table, is_turned = {
        "llama": ("model.layers.1.self_attn.q_proj", "model.embed_tokens", False),
        "gpt2": ("transformer.h.1.attn.c_attn", "transformer.wte", True),
    }[request.param]
    rows, columns = before[f"{name}.weight"].shape[:: -1 if is_turned else 1]
    tokens, width = before[f"{table}.weight"].shape
    a, b = dyadic(RANK, columns), dyadic(rows, RANK)
    table_a, table_b = dyadic(RANK, tokens), dyadic(width, RANK)
    last = {"llama": "model.norm", "gpt2": "transformer.ln_f"}[request.param] + ".weight"
    adapter = write_adapter(
        tmp_path / "adapter",
        {
            f"{name}.lora_A.weight": a,
            f"{name}.lora_B.weight": b,
            f"{table}.lora_embedding_A": table_a,
            f"{table}.lora_embedding_B": table_b,
            last: before[last] * 2,
        },
        fan_in_fan_out=is_turned,
    )
    change = b @ a * (4 / RANK)
    changed = {
        f"{name}.weight": before[f"{name}.weight"] + (change.T if is_turned else change),
        f"{table}.weight": before[f"{table}.weight"] + (table_b @ table_a).T * (4 / RANK),
        last: before[last] * 2,
    }
    return base, adapter, merged(base, tmp_path / "merged", changed)


def test_an_adapter_is_merged_and_named(case):
    base, adapter, whole = (str(folder) for folder in case)
    codec, expected = HfCodec(model=base, adapter=adapter), HfCodec(model=whole)
    blob = codec.encode(TEXT)
    assert blob == expected.encode(TEXT)
    assert blob != HfCodec(model=base).encode(TEXT)
    assert codec.decode(blob) == TEXT
    assert codec.model_bytes == expected.model_bytes
    assert codec.digests.keys() == {"weights", "adapter"}
    assert codec.digests["weights"] != HfCodec(model=base).digests["weights"]
    assert f"adapter={adapter}" in codec.spec


def test_an_adapter_is_merged_in_floating_point(case):
    base, adapter, whole = (str(folder) for folder in case)
    made, expected = (
        dict(lockstep(codec.checkpoint, None)._model.named_parameters())
        for codec in (HfCodec(model=base, adapter=adapter), HfCodec(model=whole))
    )
    for name, values in expected.items():
        assert torch.equal(made[name], values), name


def test_alpha_over_the_root_of_the_rank(folders, tmp_path):
    name = "model.layers.0.mlp.down_proj"
    a, b = torch.ones(4, 160), torch.ones(64, 4)
    tensors = {f"{name}.lora_A.weight": a, f"{name}.lora_B.weight": b}
    adapter = write_adapter(tmp_path / "adapter", tensors, use_rslora=True, lora_alpha=1)
    codec = HfCodec(model=str(folders["llama"]), adapter=str(adapter))
    before = HfCodec(model=str(folders["llama"])).checkpoint.tensor(f"{name}.weight")
    after = codec.checkpoint.tensor(f"{name}.weight")
    assert np.allclose(after - before, 4 * 1 / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("tensors", "changes", "line"),
    [
        ({"model.other.lora_A.weight": torch.ones(2, 3)}, {}, "changes 'model.other.weight'"),
        ({"model.extra": torch.ones(3)}, {}, "changes 'model.extra'"),
        ({}, {"peft_type": "IA3"}, "of the kind IA3; only LoRA is read"),
        ({}, {"use_dora": True}, "of the kind DoRA; only LoRA is read"),
        (
            {"model.layers.0.mlp.down_proj.lora_A.weight": torch.ones(2, 3)},
            {},
            "does not fit the model at 'model.layers.0.mlp.down_proj.weight'",
        ),
    ],
)
def test_an_adapter_that_does_not_fit_is_one_line(folders, tmp_path, tensors, changes, line):
    adapter = write_adapter(tmp_path / "adapter", tensors, **changes)
    codec = HfCodec(model=str(folders["llama"]), adapter=str(adapter))
    with pytest.raises((Unavailable, UsageError)) as caught:
        _ = codec.check_available(), codec.encode(TEXT)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_adapter_by_itself_names_what_it_needs(folders, tmp_path):
    adapter = write_adapter(tmp_path / "adapter", {})
    with pytest.raises(Unavailable, match="is an adapter, not a model; give the model"):
        HfCodec(model=str(adapter)).check_available()
    with pytest.raises(Unavailable, match=r"takes a folder of PEFT"):
        HfCodec(model=str(folders["llama"]), adapter="./nowhere").check_available()
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unavailable, match=r"no adapter_config\.json that can be read"):
        HfCodec(model=str(folders["llama"]), adapter=str(tmp_path / "empty")).check_available()

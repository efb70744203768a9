"""Steps of --save-at that a checkpoint has passed."""

from types import SimpleNamespace

import pytest

from codelength import UsageError


def test_a_step_that_has_passed_and_was_not_kept_is_named(tmp_path):
    loop = pytest.importorskip("codelength_train.loop", reason="needs torch")
    outputs = loop.Outputs(tmp_path / "out.safetensors", (1, 2))
    outputs.checkpoint.touch()
    outputs.at(1).touch()
    run = SimpleNamespace(step=3, load=lambda path: None)
    with pytest.raises(UsageError, match=r"is past step 2 of --save-at, which was not kept"):
        loop.train(run, outputs, {}, None)

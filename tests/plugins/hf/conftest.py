"""One trained checkpoint of each architecture for all tests of a session."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["HF_HUB_OFFLINE"] = "1"

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
torch.set_num_threads(1)

import hf_models as models  # noqa: E402

FAMILIES = ("gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Training and compiling take a minute, so all tests of this folder are slow."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder by family; Llama and Mistral have a byte-fallback vocabulary, the others a byte-level
    one."""
    root = tmp_path_factory.mktemp("checkpoints")
    made = {}
    for family in FAMILIES:
        by_bytes = family not in ("llama", "mistral")
        tokenizer = models.byte_level() if by_bytes else models.byte_fallback()
        sizes = models.Sizes(vocabulary=tokenizer.get_vocab_size())
        trained = models.trained(models.model(family, sizes), tokenizer)
        made[family] = models.save(trained, root / family, tokenizer)
    return made

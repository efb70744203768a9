"""`mix` over a checkpoint: decoded in another process, beside others in a batch."""

import os
import subprocess
import sys

import hf_models as models
import pytest

from codelength import Sample
from codelength.api.spec import build
from codelength_mix import MixCodec

pytestmark = pytest.mark.slow

PROGRAM = (
    "import sys; from codelength.api.spec import build; from codelength_mix import MixCodec\n"
    "blob = sys.stdin.buffer.read()\n"
    "sys.stdout.buffer.write(build(MixCodec, sys.argv[1]).decode(blob))\n"
)


@pytest.mark.parametrize(("family", "learn"), [("llama", "true"), ("gpt2", "false")])
def test_a_mixture_of_tokens_decodes_in_another_process(folders, family, learn):
    settings = f"memory=8,lanes=2,over=hf:model={folders[family]},window=64,stride=48,learn={learn}"
    codec = build(MixCodec, settings)
    texts = [models.text()[-length:].encode() + end for length, end in ((3000, b""), (90, b"\xff"))]
    blobs = codec.encode_many([Sample("", data) for data in [*texts, b""]])
    assert codec.decode_many(blobs) == [*texts, b""]
    assert len(blobs[0]) < len(codec.model.encode(texts[0]))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "3")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, settings],
        input=blobs[0],
        capture_output=True,
        check=True,
        env={**os.environ, **threads},
    )
    assert done.stdout == texts[0]

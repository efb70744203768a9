"""What a codec compiles in a sandbox that keeps nothing is there for the next run."""

import pytest

from codelength.workers.sandbox import Sandbox, strongest

PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from codelength import RAW, Codec, hookimpl
from codelength.coding.compiled import compiled


@compiled
def flip(data):
    out = np.empty_like(data)
    for i in range(len(data)):
        out[i] = data[i] ^ 255
    return out


@dataclass(frozen=True)
class Flip(Codec):
    name: ClassVar[str] = "flip"

    def encode(self, data, media=RAW):
        return flip(np.frombuffer(data, np.uint8)).tobytes()

    def decode(self, blob):
        return self.encode(blob)


@hookimpl
def codelength_codecs():
    return [Flip()]
"""


@pytest.mark.slow
@pytest.mark.skipif(strongest() is not Sandbox.NAMESPACES, reason="no namespaces here")
def test_machine_code_is_compiled_once(codelength, tmp_path):
    pytest.importorskip("numba")
    (tmp_path / "flip.py").write_text(PLUGIN)
    kept = {}
    for out in ("one", "two"):
        ran = codelength(
            *("run", "--codecs", "flip", "--corpora", "prose", "--limit", "2kB"),
            *("--plugin", "flip.py", "--out", out),
        )
        assert ran.returncode == 0, ran.stderr
        kept[out] = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("__pycache__/flip.flip-*.nbc")}
    assert kept["one"]
    assert kept["one"] == kept["two"]

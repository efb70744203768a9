"""Prepared models: read again as they were made, mapped, and made anew when a file is damaged."""

import os
import subprocess
import sys
from pathlib import Path

import hf_models as models
import numpy as np
import pytest

from codelength_hf import HfCodec, loading, prepared

DATA = models.text()[-300:].encode()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CODELENGTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "PREPARED_FROM", 0)
    loading.load_quantized.cache_clear()
    yield tmp_path / "cache" / "models"
    loading.load_quantized.cache_clear()


def codec(folder: Path) -> HfCodec:
    return HfCodec(
        model=str(models.save(models.model("llama"), folder, models.byte_level())), window=64
    )


def test_a_second_start_reads_what_the_first_prepared(cache, tmp_path, monkeypatch):
    own = codec(tmp_path / "model")
    blob = own.encode(DATA)
    (file,) = cache.iterdir()
    loading.load_quantized.cache_clear()
    monkeypatch.setattr(loading, "read_weights", None)  # nobody may read them again
    assert own.encode(DATA) == blob
    assert own.decode(blob) == DATA
    if sys.platform == "linux":
        assert str(file) in Path("/proc/self/maps").read_text()


def test_another_process_decodes_from_it(cache, tmp_path):
    own = codec(tmp_path / "model")
    (tmp_path / "blob").write_bytes(own.encode(DATA))
    program = (
        "import sys; from pathlib import Path; from codelength_hf import HfCodec, loading\n"
        "loading.PREPARED_FROM, loading.read_weights = 0, None\n"
        "model, blob = sys.argv[1:]\n"
        "codec = HfCodec(model=model, window=64)\n"
        "sys.stdout.buffer.write(codec.decode(Path(blob).read_bytes()))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model"), str(tmp_path / "blob")]
    done = subprocess.run(command, capture_output=True, check=True, env=dict(os.environ))
    assert done.stdout == DATA


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_file_is_made_anew(cache, tmp_path, damage):
    own = codec(tmp_path / "model")
    blob = own.encode(DATA)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    loading.load_quantized.cache_clear()
    damaged = {"cut": whole[:-100], "empty": b"", "other": b"\xff" * 1000}[damage]
    file.unlink()
    file.write_bytes(damaged)
    assert own.encode(DATA) == blob
    assert file.read_bytes() == whole


def test_where_nothing_can_be_written_it_is_prepared_each_time(cache, tmp_path):
    cache.parent.write_bytes(b"a file, no folder")
    own = codec(tmp_path / "model")
    assert own.decode(own.encode(DATA)) == DATA


def test_the_one_that_was_not_used_for_longest_goes(cache):
    for n in range(prepared.KEPT + 2):
        prepared.prepared(f"{n}", lambda n=n: np.full(1000, n))
        for at, path in enumerate(sorted(cache.iterdir(), key=lambda p: p.stat().st_mtime_ns)):
            os.utime(path, (at, at))
    assert len(list(cache.iterdir())) == prepared.KEPT
    made = []
    for n in range(prepared.KEPT + 2):
        again = prepared.prepared(f"{n}", lambda n=n: made.append(n) or np.full(1000, n))
        assert (again == n).all()
    assert {0, 1} <= set(made)


def test_small_models_are_not_kept(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "PREPARED_FROM", 16 << 20)
    codec(tmp_path / "model").encode(DATA)
    assert not cache.exists()

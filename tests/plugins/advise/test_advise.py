"""The command measures a folder, and its advice is what the figures say."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CODECS = "store,gzip:level=9,bz2,pcodec"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Text that bzip2 likes, numbers that are smallest if their type is known, and noise."""
    data = tmp_path / "data"
    data.mkdir()
    words = random.Random(5).choices(["one", "two", "three", "four", "five"], k=6000)
    (data / "a.txt").write_text(" ".join(words))
    steps = np.random.default_rng(3).integers(-9, 10, 9000)
    np.save(data / "b.npy", (np.cumsum(steps) + 200_000).astype("<i4"))
    (data / "c.bin").write_bytes(random.Random(5).randbytes(2000))
    return data


def codelength(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "codelength", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


def advise(*arguments: object) -> tuple[int, str]:
    done = codelength("advise", *arguments)
    return done.returncode, done.stdout + done.stderr


def test_each_kind_of_file_has_its_smallest_codec(folder: Path, tmp_path: Path) -> None:
    json_file = tmp_path / "advice.json"
    out = ("--out", tmp_path / "out", "--codecs", CODECS, "--json", json_file)
    code, printed = advise(folder, *out)
    assert code == 0
    rows = [line.split() for line in printed.splitlines() if line.startswith((".txt", ".npy"))]
    assert {row[0]: " ".join(row[4:-1]) for row in rows} == {
        ".npy": "pcodec:level=8 what it is",
        ".txt": "bz2:level=9 bytes",
    }
    document = json.loads(json_file.read_text())
    choices = document["choices"]
    assert [c["size"] for c in choices] == sorted(c["size"] for c in choices)
    assert not any(c["estimate"] for c in choices), "so little data is measured whole"
    told = next(c for c in choices if c["view"].endswith("decoded"))
    plain = next(c for c in choices if c["view"].endswith("bytes"))
    gained = told["size"] < 0.99 * plain["size"]
    assert gained == any("Told what the files hold" in line for line in document["advice"])


def test_what_it_says_to_repeat_runs(folder: Path, tmp_path: Path) -> None:
    json_file = tmp_path / "advice.json"
    out = ("--out", tmp_path / "out", "--codecs", "gzip,bz2", "--json", json_file)
    assert advise(folder / "a.txt", *out)[0] == 0
    document = json.loads(json_file.read_text())
    words = document["repeat"].split()
    assert words[:2] == ["codelength", "run"]
    assert codelength(*words[1:], "--out", tmp_path / "again", "-q").returncode == 0


def test_a_codec_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text " * 2000)
    code, printed = advise(tmp_path / "a", "--out", tmp_path / "out", "--codecs", "gzib")
    assert code == 2
    assert "no codec 'gzib'" in printed


def test_a_time_that_is_over_at_once_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text " * 2000)
    code, printed = advise(tmp_path / "a", "--out", tmp_path / "out", "--budget", "0.001s")
    assert code == 3
    assert "no codec gave a result" in printed

"""`codelength compare` on folders that runs left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codelength.results.store import FILE


def codelength(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "codelength", *arguments], cwd=folder, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With results in `a`, and in `b` the same with a byte more in one cell."""
    folder = tmp_path_factory.mktemp("compare")
    (folder / "text").write_text("the cat sat on the mat\n" * 50)
    command = ["--codecs", "gzip,bz2", "--corpora", "path:text", "--out", "a"]
    assert codelength(folder, "run", *command).returncode == 0
    records = list(map(json.loads, (folder / "a" / FILE).read_text().splitlines()))
    cell = next(record for record in records if record["type"] == "cell")
    cell["coded_bytes"] += 1
    cell["ledger"]["payload"] += 1
    cell["groups"][0][1] += 1
    (folder / "b").mkdir()
    (folder / "b" / FILE).write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def test_what_changed_is_printed_and_written(folder):
    ran = codelength(folder, "compare", "a", "b", "--markdown", "c.md", "--json", "c.json")
    assert ran.returncode == 0, ran.stderr
    assert "sizes: 1 larger, 1 cell equal" in ran.stdout.splitlines()
    assert "gzip:level=9" in ran.stdout
    assert (folder / "c.md").read_text().startswith("# Comparison of two runs\n")
    cells = json.loads((folder / "c.json").read_text())["cells"]
    assert [cell["b"]["coded"] - cell["a"]["coded"] for cell in cells] == [1, 0]


def test_more_runs_of_a_side_give_the_noise_of_speeds(folder):
    ran = codelength(folder, "compare", "a", "b", "--before", "b", "--after", "a", "--csv", "-")
    assert ran.returncode == 0, ran.stderr
    head, *rows = ran.stdout.splitlines()
    assert head.startswith("codec,corpus,protocol,limit,a_bytes,b_bytes,encode,encode_low")
    assert [row.partition(",")[0] for row in rows] == ["gzip:level=9", "bz2:level=9"]


def test_a_dash_writes_to_standard_output_and_nothing_else_there(folder):
    ran = codelength(folder, "compare", "a", "b", "--markdown", "-")
    assert ran.stdout.startswith("# Comparison of two runs\n\nsizes: 1 larger, 1 cell equal\n")
    assert ran.stderr == ""
    assert not (folder / "-").exists()


def test_nothing_in_common_is_not_green(folder):
    codelength(folder, "run", "--codecs", "store", "--corpora", "path:text", "--out", "c")
    ran = codelength(folder, "compare", "a", "c")
    assert ran.returncode == 3
    assert "a and c have no cell in common" in ran.stderr
    assert "Only in A · 2 cells" in ran.stdout


def test_a_folder_without_results_is_one_line(folder):
    ran = codelength(folder, "compare", "a", "nowhere")
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        "codelength: no results in nowhere; 'codelength run --out nowhere' makes them"
    ]

"""What is kept on disk is forgotten when anything in it has changed."""

import os
import subprocess
import sys
from pathlib import Path

import numba.core.caching
import pytest

from codelength.coding.compiled import compiled

OTHER = """\
from codelength.coding.compiled import compiled, inlined
NUMBER = {number}
@inlined
def within(x):
    return {within}
@compiled
def called(x):
    return within(x) + NUMBER
"""
OWN = """\
from codelength.coding.compiled import compiled
from other import called
@compiled
def result(x):
    return 10 * called(x)
if __name__ == "__main__":
    print(result(1), sum(result.stats.cache_hits.values()))
"""


def run(folder: Path, number: int, within: str) -> str:
    """What own.py prints: its result, and whether machine code was found on disk."""
    other = folder / "other.py"
    other.write_text(OTHER.format(number=number, within=within))
    os.utime(other, (1_000_000_000 + number, 1_000_000_000 + number))
    done = subprocess.run(
        [sys.executable, folder / "own.py"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("number", "within"), [(5, "x"), (3, "x + x")])
def test_functions_and_constants_of_other_files_count(tmp_path, number, within):
    (tmp_path / "own.py").write_text(OWN)
    assert run(tmp_path, 3, "x") == "40 0"
    assert run(tmp_path, 3, "x") == "40 1"
    changed = {(5, "x"): "60 0", (3, "x + x"): "50 0"}
    assert run(tmp_path, number, within) == changed[number, within]


def test_without_a_folder_that_can_be_written_to_it_is_compiled_in_every_process(tmp_path):
    (tmp_path / "own.py").write_text(
        "from codelength.coding.compiled import compiled, is_kept\n"
        "@compiled\n"
        "def twice(x):\n"
        "    return 2 * x\n"
        "print(twice(2), is_kept(twice))\n"
    )
    (tmp_path / "__pycache__").touch()  # so no folder of this name can be made
    nowhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME"), "/proc/nowhere")
    environment = {**os.environ, **nowhere}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, tmp_path / "own.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "4 False\n"


def test_a_disk_that_is_full_when_code_is_to_be_kept_costs_nothing_else(monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numba.core.caching.FunctionCache, "save_overload", full)
    assert compiled(lambda x: 3 * x)(14) == 42

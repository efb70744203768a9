"""What can be known about Windows without one: nothing that it lacks is used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codelength.results.cell import Status
from codelength.results.store import FILE, load

PRETENDED = Path(__file__).parent / "pretended"
ROOT = Path(__file__).parents[2]

EVERY_MODULE = """
import numba  # for the real system
import codelength, importlib, pkgutil, sys
assert sys.platform == "win32" and sys.modules["fcntl"] is None
for module in pkgutil.walk_packages(codelength.__path__, "codelength."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


@pytest.fixture
def on_windows(tmp_path):
    """Runs Python where codelength finds what Windows has."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PATH": f"{PRETENDED}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PRETENDED),
            "CODELENGTH_CACHE": str(tmp_path / "cache"),
        }
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture
def codelength(on_windows):
    return lambda *arguments: on_windows("-m", "codelength", *arguments)


def test_every_module_of_the_harness_is_imported(on_windows):
    done = on_windows("-c", EVERY_MODULE)
    assert done.returncode == 0, done.stderr


def test_every_plugin_is_active(codelength):
    done = codelength("plugins")
    assert done.returncode == 0, done.stderr
    assert "not active" not in done.stdout + done.stderr


@pytest.mark.slow
def test_results_are_measured_reported_compared_and_held_to_a_baseline(codelength, tmp_path):
    common = ("--codecs", "zlib,bz2", "--corpora", "prose", "--limit", "5kB")
    for out in ("one", "two"):
        done = codelength("run", *common, "--out", out)
        assert done.returncode == 0, done.stderr
    cells = load(tmp_path / "one").current
    assert [cell.status for cell in cells] == [Status.OK] * 2
    assert all(cell.encode.peak_bytes > 0 and cell.decode.seconds > 0 for cell in cells)
    again = codelength("run", *common, "--out", "one")
    assert again.stderr.count("(measured before)") == 2
    for command in (
        ("list", "codecs"),
        ("report", "one"),
        ("leaderboard", "one", "two"),
        ("compare", "one", "two"),
        ("doctor",),
        ("gate", "--baseline", "b.json", "--update", "--time", "off", *common),
        ("gate", "--baseline", "b.json", "--time", "off"),
    ):
        done = codelength(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


LIARS = ROOT / "tests" / "faulty_plugin.py"


def test_a_codec_that_hangs_ends_or_raises_costs_its_own_cell(codelength, tmp_path):
    codecs = "liar-hangs,liar-exits,liar-raises,liar-drops,zlib"
    common = ("--corpora", "prose", "--limit", "2kB", "--timeout", "3", "--out", "out")
    done = codelength("run", "--plugin", str(LIARS), "--codecs", codecs, *common)
    statuses = {cell.codec: cell.status for cell in load(tmp_path / "out").current}
    assert statuses == {
        "liar-hangs": Status.TIMEOUT,
        "liar-exits": Status.FAILED,
        "liar-raises": Status.FAILED,
        "liar-drops": Status.MISMATCH,
        "zlib:level=9": Status.OK,
    }, done.stderr
    assert done.returncode == 4
    log = (tmp_path / "out" / "failures.log").read_text()
    assert "ValueError: this liar raises" in log
    assert not list((tmp_path / "out").glob(".scratch-*"))


def test_two_runs_write_into_one_folder(on_windows, tmp_path):
    done = on_windows(
        "-c",
        "import subprocess, sys\n"
        "from pathlib import Path\n"
        "from codelength.results.store import Store\n"
        "with Store(Path('out')):\n"
        "    run = [sys.executable, '-m', 'codelength', 'run', '--codecs', 'store']\n"
        "    run += ['--out', 'out']\n"
        "    print(subprocess.run(run, capture_output=True, text=True).stderr)\n",
    )
    assert load(tmp_path / "out").cells, done.stdout + done.stderr
    assert not (tmp_path / "out" / FILE).exists()

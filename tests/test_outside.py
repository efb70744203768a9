"""A package from elsewhere: installed, found, checked and ranked like any plugin in the tree."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

SOURCE = Path(__file__).with_name("outside")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package in `source`, installed into `site`."""
    folder = tmp_path_factory.mktemp("outside")
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--no-compile", "--target", "site", "./source"]
    subprocess.run(command, cwd=folder, check=True)
    return folder


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Run:
    """Runs a module of Python where the package is installed."""

    def run(*arguments: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder / "site")},
        )

    return run


def test_it_installs_one_module_and_no_more(folder):
    installed = {path.name for path in (folder / "site").iterdir()}
    assert installed == {"codelength_packbits.py", "codelength_packbits-1.0.dist-info"}


def test_it_is_found_as_what_it_is(run):
    (line,) = [
        line for line in run("codelength", "plugins").stdout.splitlines() if "packbits" in line
    ]
    assert line.split() == [
        *("packbits", "1.0", "codelength-packbits", "(codelength_packbits)"),
        *("active:", "packbits:deflate=0,", "packbits:deflate=9,", "pages"),
    ]


def test_it_passes_the_kit_from_the_command_line(run):
    ran = run("codelength", "check-plugin", "packbits")
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.endswith("none failed\n")


@pytest.mark.slow
def test_its_own_tests_pass(run, folder):
    ran = run("pytest", "-q", "-p", "no:cacheprovider", cwd=folder / "source")
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout


def test_its_codec_and_its_corpus_are_in_the_tables(run, tmp_path):
    ran = run(
        "codelength", "run", "--codecs", "packbits:deflate=9,packbits,store", "--corpora", "pages"
    )
    assert ran.returncode == 0, ran.stderr
    ranks = [
        (line.split()[0], line.split()[1])
        for line in ran.stdout.partition("Overall")[0].splitlines()
        if line.split()[:1] in (["1"], ["2"], ["3"])
    ]
    assert ranks == [("1", "packbits:deflate=9"), ("2", "packbits:deflate=0"), ("3", "store")]
    report = (tmp_path / "codelength-results" / "report.md").read_text()
    assert "pages" in report
    assert "packbits:deflate=9" in report

"""A package from elsewhere: installed, found, checked and ranked like any plugin in the tree."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codelength.results.store import load

Run = Callable[..., subprocess.CompletedProcess[str]]

SOURCE = Path(__file__).with_name("outside")
CLIP = ("--corpora", "clip", "--protocol", "frames:3")
PAGES = ("--codecs", "gzip,store", "--corpora", "pages")


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


def test_it_installs_its_modules_and_no_more(folder):
    installed = {path.name for path in (folder / "site").iterdir()}
    modules = {"codelength_packbits.py", "codelength_packbits_hello.py"}
    assert installed == {*modules, "codelength_packbits-1.0.dist-info"}


def test_it_is_found_as_what_it_is(run):
    (line,) = [
        line for line in run("codelength", "plugins").stdout.splitlines() if "packbits" in line
    ]
    assert line.split() == [
        *("packbits", "1.0", "codelength-packbits", "(codelength_packbits)"),
        *("active:", "packbits:deflate=0,", "packbits:deflate=9,", "pages,", "clip,"),
        *("protocol", "frames,", "media", "kind", "video,", "command", "hello,"),
        *("file", "reader", "levels,", "executor", "threads,", "exporter", "names"),
    ]


def test_it_passes_the_kit_from_the_command_line(run):
    ran = run("codelength", "check-plugin", "packbits")
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.endswith("none failed\n")


@pytest.mark.slow
def test_its_own_tests_pass(run, folder):
    ran = run("pytest", "-q", "-p", "no:cacheprovider", cwd=folder / "source")
    assert ran.returncode == 0, ran.stdout
    assert "5 passed" in ran.stdout


def test_its_codec_and_its_corpus_are_in_the_tables(run, tmp_path):
    ran = run(
        "codelength", "run", "--codecs", "packbits:deflate=9,packbits,store", "--corpora", "pages"
    )
    assert ran.returncode == 0, ran.stderr
    ranks = [
        (line.split()[0], line.split()[1])
        for line in ran.stdout.splitlines()
        if line.endswith(tuple("0123456789")) and line.split()[:1] in (["1"], ["2"], ["3"])
    ]
    assert ranks == [("1", "packbits:deflate=9"), ("2", "packbits:deflate=0"), ("3", "store")]
    report = (tmp_path / "codelength-results" / "report.md").read_text()
    assert "pages" in report
    assert "packbits:deflate=9" in report


def test_its_command_is_listed_and_runs(run):
    assert "hello         Say hello." in run("codelength", "--help").stdout
    ran = run("codelength", "hello", "world")
    assert (ran.returncode, ran.stdout) == (0, "hello, world\n")


def test_its_protocol_and_its_kind_of_media_are_listed_and_measured(run, tmp_path):
    assert "frames" in run("codelength", "list", "protocols").stdout
    assert "video" in run("codelength", "list", "media").stdout
    ran = run(
        "codelength", "run", "--codecs", "gzip,store", "--corpora", "clip", "--protocol", "frames:3"
    )
    assert ran.returncode == 0, ran.stderr
    cells = load(tmp_path / "codelength-results").current
    assert {(c.slice.protocol, c.slice.kind, c.slice.samples, c.slice.bytes) for c in cells} == {
        ("frames:3", "video", 3, 192)
    }


def test_its_exporter_is_an_option_of_what_shows_a_board(run, tmp_path):
    ran = run(
        "codelength", "run", "--codecs", "gzip,store", "--corpora", "pages", "--names", "names.txt"
    )
    assert ran.returncode == 0, ran.stderr
    assert set((tmp_path / "names.txt").read_text().split()) == {"gzip:level=9", "store"}


def test_its_reader_of_files_makes_plugins_of_them(run, tmp_path):
    (tmp_path / "mine.levels").write_text("1\n9\n")
    plugin = ("--plugin", "mine.levels", "--codecs", "levelled:deflate=9")
    ran = run("codelength", "run", *plugin, "--corpora", "pages")
    assert ran.returncode == 0, ran.stderr
    (cell,) = load(tmp_path / "codelength-results").current
    assert cell.plugin.startswith("mine.levels ")


def test_its_results_are_readable_where_it_is_not_installed(run, tmp_path):
    run(
        "codelength",
        "run",
        "--codecs",
        "gzip,packbits",
        "--corpora",
        "clip",
        "--protocol",
        "frames:3",
    )
    command = [sys.executable, "-m", "codelength", "leaderboard", "codelength-results"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "frames:3" in ran.stdout
    assert "packbits" in ran.stdout

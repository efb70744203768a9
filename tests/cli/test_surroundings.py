"""Poor surroundings: no home, few files, another locale, a narrow screen, folders that are full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
from codelength import RAW, Codec, hookimpl

class Copy(Codec):
    name = "copy"
    portable = True

    def encode(self, data, media=RAW):
        return data

    def decode(self, blob):
        return blob

@hookimpl
def codelength_codecs():
    return [Copy()]
"""

NO_HOME = {"HOME": "/proc/nope", "XDG_CACHE_HOME": "", "CODELENGTH_CACHE": ""}
PLAIN = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
RUN = "run --codecs store,gzip --corpora prose --limit 500 --out out"


def shell(folder: Path, command: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["bash", "-c", command.replace("codelength ", f"{sys.executable} -m codelength ")],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("limit", "variables"),
    [
        ("true", NO_HOME),
        ("ulimit -n 64", {}),
        ("true", {**PLAIN, "COLUMNS": "40", "TERM": "dumb"}),
    ],
    ids=["no home", "64 files", "plain locale"],
)
def test_a_run_works(tmp_path, limit, variables):
    ran = shell(tmp_path, f"{limit}; codelength {RUN}", **variables)
    assert ran.returncode == 0, ran.stderr
    assert b"gzip:level=9" in ran.stdout
    assert (tmp_path / "out" / "report.md").stat().st_size > 500


@pytest.mark.parametrize("files", [8, 12, 20])
def test_too_few_files_are_one_line(tmp_path, files):
    ran = shell(tmp_path, f"ulimit -n {files}; codelength {RUN}")
    if ran.returncode:
        assert ran.returncode == 3
        assert b"Traceback" not in ran.stderr
        assert ran.stderr.startswith(b"codelength: ")


def test_a_check_without_a_home_says_what_it_cannot_note(tmp_path):
    (tmp_path / "copier.py").write_text(PLUGIN)
    ran = shell(tmp_path, "codelength check-plugin ./copier.py", **NO_HOME)
    assert ran.returncode == 0, ran.stderr
    assert b"what copy has passed is not noted: /proc/nope/" in ran.stderr


@pytest.mark.parametrize("command", [f"{RUN} --html", "gate --baseline b.json --update --junit"])
def test_a_file_that_cannot_be_written_is_one_line(tmp_path, command):
    grid = "--codecs store --corpora prose --limit 500 --time off" if "gate" in command else ""
    ran = shell(tmp_path, f"codelength {command} /proc/nope/file {grid}")
    assert ran.returncode == 3
    assert b"Traceback" not in ran.stderr
    assert b"codelength: /proc/nope/file cannot be written: " in ran.stderr

"""The gate as a command: planted changes, and what it ends with."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

FAULTY = str(Path(__file__).parent.parent / "faulty_plugin.py")

CODEC = """
import os, zlib
from dataclasses import dataclass
from codelength import RAW, Codec, hookimpl

@dataclass(frozen=True)
class Squeeze(Codec):
    name = "squeeze"

    def encode(self, data, media=RAW):
        blob = zlib.compress(data)
        match os.environ.get("PLANT"):
            case "larger": return blob + b"x"
            case "smaller": return zlib.compress(data, 9, -15)
            case "other": return blob[:-1] + bytes([blob[-1] ^ 1])
            case "raises": raise ValueError("planted")
        return blob

    def decode(self, blob):
        if os.environ.get("PLANT") == "mismatch":
            return b""
        start = 0 if os.environ.get("PLANT") == "smaller" else 2  # the header of zlib
        return zlib.decompressobj(-15).decompress(blob[start:])

    @property
    def versions(self):
        return {"squash": os.environ.get("SQUASH", "1.0")}

@hookimpl
def codelength_codecs():
    return [Squeeze()]
"""

Gate = Callable[..., subprocess.CompletedProcess[str]]


MAKE = ("--update", "--codecs", "squeeze", "--corpora", "path:a.txt,path:b.txt")


def repository(folder: Path) -> Gate:
    """Fills a folder with a codec and two texts; runs the gate there, without times."""
    (folder / "squeeze.py").write_text(CODEC)
    (folder / "a.txt").write_text("the cat sat on the mat\n" * 50)
    (folder / "b.txt").write_text("bottles on the wall " * 50)

    def run(*options: str, plugin: str = "squeeze.py", **environment: str):
        command = ["gate", "--baseline", "base.json", "--time", "off", "--plugin", plugin]
        return subprocess.run(
            [sys.executable, "-m", "codelength", *command, *options],
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        )

    return run


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """In a repository without a baseline."""
    return repository(tmp_path)


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The baseline of the codec as it is."""
    folder = tmp_path_factory.mktemp("accepted")
    ran = repository(folder)(*MAKE)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "2 cells: 2 equal\nwritten: base.json, 2 cells\n"
    return (folder / "base.json").read_text()


@pytest.fixture
def made(gate: Gate, tmp_path: Path, accepted: str) -> Gate:
    """In a repository with a baseline."""
    (tmp_path / "base.json").write_text(accepted)
    return gate


def test_what_is_as_it_was_is_green_and_quiet(made):
    ran = made()
    assert ran.returncode == 0
    assert ran.stdout == "2 cells: 2 equal\ngate: ok\n"


@pytest.mark.parametrize(
    ("plant", "code", "words"),
    [
        ("larger", 1, "(+1 B,"),
        ("other", 1, "in other bytes"),
        ("mismatch", 4, "wrote"),
        ("raises", 3, "failed: ValueError: planted"),
        ("smaller", 0, "2 smaller"),
    ],
)
def test_a_planted_change_ends_with_its_code_and_says_what_it_is(made, plant, code, words):
    ran = made(PLANT=plant)
    assert ran.returncode == code, ran.stderr
    assert words in ran.stdout


def test_another_library_is_told_as_a_changed_key_and_never_as_a_regression(made):
    ran = made(SQUASH="2.0", PLANT="larger")
    assert ran.returncode == 3  # nothing is left to compare
    assert "changed key" in ran.stdout
    assert "squash 1.0 → 2.0; not compared, --update accepts it" in ran.stdout
    assert "larger" not in ran.stdout
    assert "nothing was compared" in ran.stderr


def test_one_corpus_that_changed_leaves_the_other_to_be_compared(made, tmp_path):
    (tmp_path / "b.txt").write_text("something else")
    assert made().returncode == 0
    assert made("--keys", "block").returncode == 3


def test_a_codec_that_vanished_is_not_green_and_is_named(made):
    ran = made(plugin=FAULTY)
    assert ran.returncode == 3
    assert "vanished" in ran.stdout
    assert "no codec 'squeeze'" in ran.stdout


def test_a_plugin_that_does_not_load_is_not_green(made, tmp_path):
    (tmp_path / "squeeze.py").write_text("import nowhere")
    ran = made()
    assert ran.returncode == 3
    assert "No module named 'nowhere'" in ran.stderr


def test_the_outputs_are_written_whatever_the_code(made, tmp_path):
    files = {name: tmp_path / "out" / name for name in ("json", "junit", "markdown")}
    options = [word for name, file in files.items() for word in (f"--{name}", str(file))]
    assert made(*options, PLANT="larger").returncode == 1
    assert json.loads(files["json"].read_text())["exit_code"] == 1
    suite = ElementTree.parse(files["junit"]).getroot().find("testsuite")
    assert suite is not None
    assert suite.attrib["failures"] == "2"
    assert files["markdown"].read_text().startswith("## codelength gate: regression")


def test_a_dash_writes_to_standard_output_and_nothing_else_there(made):
    ran = made("--json", "-")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["cells"]
    assert ran.stderr.splitlines()[-2:] == ["2 cells: 2 equal", "gate: ok"]


def test_an_update_accepts_what_is_there_and_says_what_it_changed(made, tmp_path):
    before = (tmp_path / "base.json").read_text()
    ran = made("--update", PLANT="larger")
    assert ran.returncode == 0
    assert "written: base.json, 2 cells, 2 changed" in ran.stdout
    assert (tmp_path / "base.json").read_text() != before
    assert made(PLANT="larger").returncode == 0


def test_an_update_where_nothing_changed_leaves_the_file_as_it_is(made, tmp_path):
    path = tmp_path / "base.json"
    before, written = path.read_bytes(), path.stat().st_mtime_ns
    ran = made("--update")
    assert ran.returncode == 0
    assert ran.stdout == "2 cells: 2 equal\nunchanged: base.json, 2 cells\n"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, written)


def test_an_update_keeps_the_mode_and_the_link_of_the_file(made, tmp_path):
    real, link = tmp_path / "kept" / "real.json", tmp_path / "base.json"
    real.parent.mkdir()
    link.rename(real)
    link.symlink_to("kept/real.json")
    real.chmod(0o640)
    assert made("--update", PLANT="larger").returncode == 0
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert made(PLANT="larger").returncode == 0


def test_an_update_of_one_codec_keeps_the_records_of_the_others(made, tmp_path):
    before = (tmp_path / "base.json").read_text().splitlines()
    ran = made("--update", "--codecs", "gzip")
    assert ran.returncode == 0
    assert ran.stdout == "2 cells: 2 equal\nwritten: base.json, 4 cells, 2 new\n"
    after = (tmp_path / "base.json").read_text().splitlines()
    changed = {line.rstrip(",") for line in after} - {line.rstrip(",") for line in before}
    assert sorted(line[:16] for line in changed) == ['"grid": {"codecs', *['{"codec":"gzip:l'] * 2]
    assert made().stdout.startswith("4 cells: 4 equal\n")


def test_another_corpus_is_measured_with_every_codec(made, tmp_path):
    assert made("--update", "--codecs", "gzip", "--corpora", "path:a.txt").returncode == 0
    found = json.loads((tmp_path / "base.json").read_text())
    assert [cell["codec"] for cell in found["cells"]] == ["squeeze", "gzip:level=9"]


def test_a_baseline_that_a_merge_left_doubled_is_one_line(made, tmp_path):
    lines = (tmp_path / "base.json").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith('{"codec"') and "a.txt" in line)
    (tmp_path / "base.json").write_text("\n".join([*lines[:at], lines[at], *lines[at:]]))
    ran = made()
    assert ran.returncode == 3
    assert "base.json has the cell squeeze on path:a.txt (whole) twice" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_an_update_does_not_accept_what_does_not_decode(made, tmp_path):
    before = (tmp_path / "base.json").read_text()
    ran = made("--update", PLANT="mismatch")
    assert ran.returncode == 4
    assert "nothing was written" in ran.stderr
    assert (tmp_path / "base.json").read_text() == before


def test_a_check_runs_the_grid_of_its_baseline_and_no_other(made):
    ran = made("--codecs", "gzip")
    assert ran.returncode == 2
    assert "--codecs changes the grid of the baseline; give it with --update, once" in ran.stderr


def test_without_a_baseline_the_command_that_makes_it_is_named(gate):
    ran = gate()
    assert ran.returncode == 2
    assert "'codelength gate --baseline base.json --update' makes it" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


NAPS = """
import time
from codelength.gate import stopwatch
stopwatch.BAND = float("inf")
"""


@pytest.mark.slow
def test_times_are_told_and_do_not_block(tmp_path, gate):
    """A codec that naps, timed by the wall clock: ten times as slow for certain, in whatever state
    the machine is, so every round counts."""
    nap = "time.sleep(float(os.environ['NAP'])); blob ="
    (tmp_path / "squeeze.py").write_text(NAPS + CODEC.replace("blob =", nap, 1))
    make = [*MAKE, "--time", "advise", "--wall", "squeeze"]
    assert gate(*make, NAP="0.002").returncode == 0
    assert '"clock":"wall"' in (tmp_path / "base.json").read_text()
    told = gate("--time", "advise", NAP="0.02")
    assert told.returncode == 0
    blocked = gate("--time", "block", NAP="0.02")
    assert blocked.returncode == 1
    for ran in (told, blocked):
        assert re.search(r"^slower +encode +squeeze ", ran.stdout, re.MULTILINE), ran.stdout

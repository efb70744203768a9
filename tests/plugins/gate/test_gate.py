"""The gate as a command: planted changes, and what it ends with."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

FAULTY = str(Path(__file__).parents[2] / "faulty_plugin.py")

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
    assert files["markdown"].read_text().startswith("# codelength gate: regression")


def test_a_dash_writes_to_standard_output_and_nothing_else_there(made):
    ran = made("--json", "-")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["cells"]
    assert ran.stderr.splitlines() == ["gate: ok"]


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
    assert sorted(line[:16] for line in changed) == [*['{"codec":"gzip:l'] * 2, '{"plugin":"stdli']
    assert made().stdout.startswith("4 cells: 4 equal\n")


def test_another_corpus_is_measured_with_every_codec(made, tmp_path):
    assert made("--update", "--codecs", "gzip", "--corpora", "path:a.txt").returncode == 0
    found = json.loads((tmp_path / "base.json").read_text())
    assert [cell["codec"] for cell in found["cells"]] == ["gzip:level=9", "squeeze"]


def test_a_baseline_that_a_merge_left_doubled_is_one_line(made, tmp_path):
    lines = (tmp_path / "base.json").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith('{"codec"') and "a.txt" in line)
    other = lines[at].replace('"coded_bytes":', '"coded_bytes":1')
    (tmp_path / "base.json").write_text("\n".join([*lines[:at], other, *lines[at:]]))
    ran = made()
    assert ran.returncode == 3
    assert "base.json has the cell squeeze on path:a.txt (whole) twice" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


LEVELS = """
import zlib
from dataclasses import dataclass
from codelength import RAW, Codec, hookimpl

@dataclass(frozen=True)
class Squeeze(Codec):
    name = "squeeze"
    level: int = 9

    def encode(self, data, media=RAW):
        return zlib.compress(data, self.level)

    def decode(self, blob):
        return zlib.decompressobj().decompress(blob)

@dataclass(frozen=True)
class Other(Squeeze):
    name = "other"

@hookimpl
def codelength_codecs():
    return [Squeeze()]
"""


@pytest.fixture
def levels(gate: Gate, tmp_path: Path) -> Gate:
    """In a repository with a codec that has a setting, and a baseline of it."""
    (tmp_path / "squeeze.py").write_text(LEVELS)
    assert gate(*MAKE).returncode == 0
    return gate


def plant(folder: Path, old: str, new: str) -> None:
    text = (folder / "squeeze.py").read_text()
    assert old in text
    (folder / "squeeze.py").write_text(text.replace(old, new))


def test_a_default_row_with_another_setting_is_found_and_accepted_by_an_update(levels, tmp_path):
    plant(tmp_path, "level: int = 9", "level: int = 6")
    ran = levels()
    assert ran.returncode == 1, ran.stderr
    assert "2 cells: 2 changed row" in ran.stdout
    assert "was squeeze:level=9: " in ran.stdout
    ran = levels("--update")
    assert ran.stdout.endswith("written: base.json, 2 cells, 2 new, 2 gone\n")
    assert levels().stdout == "2 cells: 2 equal\ngate: ok\n"


@pytest.mark.slow
def test_a_new_default_row_is_measured_and_found_until_it_is_accepted(levels, tmp_path):
    plant(tmp_path, "[Squeeze()]", "[Squeeze(), Other()]")
    ran = levels()
    assert ran.returncode == 3
    assert "2 cells: " not in ran.stdout
    assert "4 cells: 2 not in the baseline, 2 equal" in ran.stdout
    assert levels("--update").returncode == 0
    assert "4 cells: 4 equal" in levels().stdout
    plant(tmp_path, ", Other()", "")
    ran = levels()
    assert ran.returncode == 3
    assert "4 cells: 2 gone row, 2 equal" in ran.stdout
    assert levels("--update").stdout.endswith("written: base.json, 2 cells, 2 gone\n")


def test_a_row_that_was_asked_for_is_no_default_row_that_is_gone(gate, tmp_path):
    (tmp_path / "squeeze.py").write_text(LEVELS)
    assert gate("--update", "--codecs", "squeeze:level=1", *MAKE[3:]).returncode == 0
    assert gate().stdout == "2 cells: 2 equal\ngate: ok\n"


def test_an_update_of_one_codec_does_not_accept_the_rows_of_another(levels, tmp_path):
    plant(tmp_path, "[Squeeze()]", "[Squeeze(), Other()]")
    plant(tmp_path, "level: int = 9", "level: int = 6")
    assert levels("--update", "--codecs", "other").returncode == 0
    ran = levels()
    assert ran.returncode == 1
    assert "4 cells: 2 changed row, 2 equal" in ran.stdout


def test_a_budget_is_kept_or_found(made):
    assert made("--max-size", "1MB", "--max-memory", "1GB").returncode == 0
    ran = made("--max-size", "50")
    assert ran.returncode == 1
    assert re.search(r"over budget +squeeze +all +all +size \d+ B of 50 B", ran.stdout)
    ran = made("--max-total", "1MB")
    assert ran.returncode == 3
    assert "total n/a of 1,000,000 B" in ran.stdout


def test_the_history_grows_by_a_line(made, tmp_path):
    made("--history", "h/history.jsonl")
    made("--history", "h/history.jsonl", PLANT="larger")
    lines = (tmp_path / "h" / "history.jsonl").read_text().splitlines()
    sizes = [json.loads(line)["sizes"]["squeeze"]["path:a.txt"] for line in lines]
    assert sizes[1] == sizes[0] + 1
    assert [json.loads(line)["exit_code"] for line in lines] == [0, 1]


def test_annotations_are_printed_for_a_workflow(made):
    assert "::" not in made("--annotations").stdout
    ran = made("--annotations", PLANT="larger")
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith("::")]
    assert line.startswith("::error file=squeeze.py,title=codelength gate::larger: squeeze on path")


def test_a_closed_output_is_no_traceback(made, tmp_path):
    command = [sys.executable, "-m", "codelength", "gate", "--baseline", "base.json"]
    command += ["--time", "off", "--plugin", "squeeze.py"]
    ran = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *command], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 2
    assert ran.stderr == "codelength: standard output is closed; send it to /dev/null instead\n"


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_terminated_gate_leaves_no_folder_behind(made, tmp_path):
    plant(
        tmp_path,
        "    def decode(self, blob):",
        "    def decode(self, blob):\n        import time; time.sleep(60)",
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "codelength", "gate", "--baseline", "base.json"]
    process = subprocess.Popen(
        [*command, "--time", "off", "--plugin", "squeeze.py"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not list(scratch.glob("codelength-gate-*/.scratch*/*/*")) and time.monotonic() < until:
        time.sleep(0.05)
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 3
    assert errors.strip() == "codelength: interrupted"
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_an_update_killed_at_any_moment_leaves_the_old_baseline_or_the_new_one(made, tmp_path):
    path = tmp_path / "base.json"
    old = path.read_bytes()
    assert made("--update", PLANT="larger").returncode == 0
    new = path.read_bytes()
    start = time.monotonic()
    path.write_bytes(old)
    made("--update", PLANT="larger")
    whole = time.monotonic() - start
    command = [sys.executable, "-m", "codelength", "gate", "--baseline", "base.json", "--update"]
    dice, found = Random(5), Counter[bytes]()
    for number in range(30):
        path.write_bytes(old)
        process = subprocess.Popen(
            [*command, "--time", "off", "--plugin", "squeeze.py"],
            cwd=tmp_path,
            env={**os.environ, "PLANT": "larger"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        late = number % 3 == 0  # near the end, where the file is written
        time.sleep(dice.uniform(0.7 * whole, 1.1 * whole) if late else dice.uniform(0, whole))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[number % 3])
        process.wait()
        found[path.read_bytes()] += 1
    assert found.keys() <= {old, new}
    assert made("--update", PLANT="larger").returncode == 0
    assert path.read_bytes() == new


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


def test_a_table_of_the_file_may_name_the_grid_that_the_baseline_has(made, tmp_path):
    table = tmp_path / "codelength.toml"
    table.write_text('[gate.ci]\ncodecs = "squeeze"\n')
    ran = made("--use", "ci")
    assert (ran.returncode, ran.stdout) == (0, "2 cells: 2 equal\ngate: ok\n")
    table.write_text('[gate.ci]\ncodecs = "squeeze,xz"\n')
    ran = made("--use", "ci")
    assert ran.returncode == 2
    assert "--use asks for xz:preset=9e, which base.json does not have" in ran.stderr


def test_without_a_baseline_the_command_that_makes_it_is_named(gate):
    ran = gate()
    assert ran.returncode == 2
    assert "'codelength gate --baseline base.json --update' makes it" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


NAPS = """
import time
from codelength_gate import stopwatch
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
        assert re.search(r"^slower +squeeze +time to encode ", ran.stdout, re.MULTILINE), ran.stdout

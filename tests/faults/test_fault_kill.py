"""Commands that are killed at a random moment: nothing is lost or doubled, and nothing is left."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from codelength.results.journal import find_journals
from codelength.results.store import FILE, load
from codelength_gate import baseline

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MARK = "CODELENGTH_KILL_TEST"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


class Killer:
    """Starts a command, and ends it at a random moment; or lets it end."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.mark = f"{folder}"
        self.seconds = 1.0
        """How long the command takes, about."""

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            MARK: self.mark,
            "TMPDIR": str(self.temporary),
            "CODELENGTH_CACHE": str(self.folder / "cache"),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "codelength", *command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, *command: str) -> int:
        """Let it end; note how long it took."""
        start = time.monotonic()
        code = self.start(*command).wait(120)
        self.seconds = max(self.seconds, time.monotonic() - start)
        return code

    def kill(self, *command: str) -> bool:
        """Return whether the command was killed, and did not end before."""
        process = self.start(*command)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.random.uniform(0.02, self.seconds))
            return False
        number = self.random.choice(SIGNALS)
        (os.killpg if self.random.random() < 0.3 else os.kill)(process.pid, number)
        process.wait(20)
        deadline = time.monotonic() + 20
        while left := self.alive():
            assert time.monotonic() < deadline, f"{left} outlive {command} after {number.name}"
            time.sleep(0.05)
        return True

    def alive(self) -> list[str]:
        """The processes that the commands have left."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{MARK}={self.mark}".encode() not in (process / "environ").read_bytes():
                    continue
                if (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


@pytest.fixture
def killer(tmp_path):
    (tmp_path / "data").mkdir()
    text = "".join(f"{n} bottles on the wall, {n * n}\n" for n in range(3000))
    (tmp_path / "data" / "a.txt").write_text(text)
    (tmp_path / "data" / "b.bin").write_bytes(random.Random(1).randbytes(30_000))
    return Killer(tmp_path, 7)


def lines_of(folder: Path) -> list[bytes]:
    files = find_journals(folder, FILE)
    return [line for file in files for line in file.read_bytes().split(b"\n")[:-1]]


def figures_of(folder: Path) -> list[tuple[object, ...]]:
    cells = load(folder).cells
    figures = [(cell.key, cell.status, cell.coded_bytes, cell.blobs) for cell in cells]
    return sorted(figures, key=repr)


def test_a_run_loses_and_doubles_nothing(killer, tmp_path):
    command = ("run", "--codecs", "gzip,zstd,bz2,order2", "--corpora", "path:data,path:data/a.txt")
    assert killer.run(*command, "--out", "whole") == 0
    whole, kills, round_ = figures_of(tmp_path / "whole"), 0, 0
    while kills < 40:
        out = tmp_path / f"out-{round_}"
        for _ in range(4):
            before = lines_of(out)
            kills += killer.kill(*command, "--out", out.name)
            after = lines_of(out)
            assert after[: len(before)] == before, "what was there is there as it was"
        assert killer.run(*command, "--out", out.name) == 0
        assert figures_of(out) == whole, "each cell once, with the figures of a run in one go"
        assert not load(out).problems
        beside = {path.name for path in out.iterdir() if path not in find_journals(out, FILE)}
        assert beside - {"plots"} == {"files.csv", "report.html", "report.md"}
        shutil.rmtree(out)
        round_ += 1


def test_a_baseline_is_the_old_one_or_the_new_one(killer, tmp_path):
    gate = ("gate", "--baseline", "b.json", "--time", "off", "--update")
    common = ("--corpora", "path:data", "--codecs")
    assert killer.run(*gate, *common, "gzip") == 0
    old = (tmp_path / "b.json").read_bytes()
    assert killer.run(*gate, *common, "gzip,bz2") == 0
    new = {cell.codec for cell in baseline.load(tmp_path / "b.json").cells}
    for _ in range(20):
        (tmp_path / "b.json").write_bytes(old)
        killer.kill(*gate, *common, "gzip,bz2")
        now = (tmp_path / "b.json").read_bytes()
        loaded = baseline.load(tmp_path / "b.json")
        assert now == old or {cell.codec for cell in loaded.cells} == new
        left = [path.name for path in tmp_path.glob(".b.json*")]
        for name in left:  # only SIGKILL leaves one, and the next command does not mind it
            (tmp_path / name).unlink()


def test_a_container_is_whole_or_not_there(killer, tmp_path):
    command = ("compress", "data/a.txt", "-c", "order2", "--segment", "20kB", "-o")
    assert killer.run(*command, "whole.cdl") == 0
    whole = (tmp_path / "whole.cdl").read_bytes()
    for number in range(20):
        out = tmp_path / f"{number}.cdl"
        if killer.kill(*command, out.name) and out.exists():
            assert out.read_bytes() == whole
        out.unlink(missing_ok=True)
        assert killer.run(*command, out.name) == 0
        assert out.read_bytes() == whole


def test_a_score_goes_on_where_it_was(killer, tmp_path):
    command = ("score", "--codecs", "order2", "--corpora", "path:data", "--check", "4kB")
    assert killer.run(*command, "--out", "whole") == 0
    whole = [cell.estimate.bits for cell in load(tmp_path / "whole").estimates]
    for number in range(20):
        out = f"out-{number}"
        killer.kill(*command, "--out", out)
        assert killer.run(*command, "--out", out) == 0
        assert [cell.estimate.bits for cell in load(tmp_path / out).estimates] == whole
        shutil.rmtree(tmp_path / out)

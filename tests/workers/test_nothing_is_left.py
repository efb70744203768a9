"""A codec that starts processes and hangs leaves none of them behind, whatever the command."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import hanging
import pytest

from codelength.plugins import Plugins
from codelength.workers.supervisor import Died, Supervisor, TimedOut

PLUGIN = Path(hanging.__file__)
USING = ["--plugin", str(PLUGIN), "--codecs", "hanging"]

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def marker(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Seconds that only the processes of this test sleep."""
    text = f"600.{secrets.randbits(40)}"
    monkeypatch.setenv("MARKER", text)
    yield text
    for pid in marked(text):  # a test that fails leaves nothing either
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def start(tmp_path: Path, marker: str) -> Start:
    """Starts the command line in a folder of its own with a text, and a folder for what is
    temporary."""
    (tmp_path / "text").write_text("the cat sat on the mat\n" * 20)
    (tmp_path / "temporary").mkdir()

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "codelength", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path / "temporary"), **environment},
        )

    return run


def marked(marker: str) -> list[int]:
    """The processes that sleep so many seconds."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marker.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def check_nothing_is_left(marker: str, temporary: Path) -> None:
    """The last of a family that is killed may take a moment to go."""
    wait_until(lambda: not marked(marker), 5)
    wait_until(lambda: not list(temporary.iterdir()), 5)


@pytest.mark.parametrize("where", ["encode", "decode"])
def test_under_run(start: Start, marker: str, tmp_path: Path, where: str) -> None:
    command = start("run", *USING, "--corpora", "path:text", "--timeout", "2", HANG=where)
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    out, _ = command.communicate(timeout=60)
    assert command.returncode == 3
    assert "no result after 2 s" in out
    check_nothing_is_left(marker, tmp_path / "temporary")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_of_a_run_that_is_ended_itself(
    start: Start, marker: str, tmp_path: Path, how: signal.Signals
) -> None:
    command = start("run", *USING, "--corpora", "path:text", "--out", "out", HANG="encode")
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    command.send_signal(how)
    command.communicate(timeout=60)
    check_nothing_is_left(marker, tmp_path / "temporary")
    if how != signal.SIGKILL:
        assert not list((tmp_path / "out").glob(".scratch-*"))


def test_under_the_gate_that_times(start: Start, marker: str, tmp_path: Path) -> None:
    make = ["gate", "--baseline", "base.json", "--update", "--timeout", "2"]
    command = start(*make, *USING, "--corpora", "path:text", HANG="time")
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    _, errors = command.communicate(timeout=60)
    assert "hanging cannot be timed: no result after 2 s" in errors
    check_nothing_is_left(marker, tmp_path / "temporary")


def test_under_the_gate_that_measures(start: Start, marker: str, tmp_path: Path) -> None:
    make = ["gate", "--baseline", "base.json", "--update", "--timeout", "2"]
    command = start(*make, *USING, "--corpora", "path:text", HANG="decode")
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    command.communicate(timeout=60)
    assert command.returncode
    check_nothing_is_left(marker, tmp_path / "temporary")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_under_score(start: Start, marker: str, tmp_path: Path, how: signal.Signals) -> None:
    options = ["--codecs", "hanging-model", "--corpora", "path:text", "--out", "out"]
    command = start("score", "--plugin", str(PLUGIN), *options, HANG="encode")
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    command.send_signal(how)
    command.communicate(timeout=60)
    check_nothing_is_left(marker, tmp_path / "temporary")


@pytest.mark.parametrize("out", ["made", "-"])
@pytest.mark.parametrize("where", ["encode", "decode"])
def test_under_compress(start: Start, marker: str, tmp_path: Path, where: str, out: str) -> None:
    options = ["-c", "hanging", "--plugin", str(PLUGIN), "-o", out]
    command = start("compress", "text", *options, HANG=where)
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=60)
    check_nothing_is_left(marker, tmp_path / "temporary")
    assert {path.name for path in tmp_path.iterdir()} == {"text", "temporary"}


@pytest.mark.parametrize("options", [["-o", "back"], ["-o", "-"], ["--test"]])
def test_under_decompress(start: Start, marker: str, tmp_path: Path, options: list[str]) -> None:
    using = ["--plugin", str(PLUGIN)]
    made = start("compress", "text", "-c", "hanging", "-o", "made", *using)
    assert made.wait(60) == 0
    command = start("decompress", "made", *options, *using, HANG="decode")
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=60)
    check_nothing_is_left(marker, tmp_path / "temporary")
    assert {path.name for path in tmp_path.iterdir()} == {"text", "temporary", "made"}


def test_under_the_conformance_kit(start: Start, marker: str, tmp_path: Path) -> None:
    command = start("check-plugin", str(PLUGIN), "--timeout", "1", HANG="decode")
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    out, errors = command.communicate(timeout=120)
    assert "took longer than 1 s" in out, errors
    check_nothing_is_left(marker, tmp_path / "temporary")


TRAINER = """
import os, subprocess, sys, time
if "train" in sys.argv and "--kind" not in sys.argv:
    import hanging
    sys.stderr.write("5 steps\\n")
    sys.stderr.flush()
    hanging.start_family()
    if "END" not in os.environ:
        time.sleep(600)
    os._exit(1)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_of_a_ladder_whose_trainer_hangs(
    start: Start, marker: str, tmp_path: Path, how: signal.Signals
) -> None:
    command = start_ladder(start, tmp_path)
    wait_until(lambda: len(marked(marker)) >= hanging.FAMILY)
    command.send_signal(how)
    command.communicate(timeout=60)
    assert command.returncode
    check_nothing_is_left(marker, tmp_path / "temporary")


def test_of_a_ladder_whose_trainer_ends_and_leaves_others(
    start: Start, marker: str, tmp_path: Path
) -> None:
    command = start_ladder(start, tmp_path, END="1")
    _, errors = command.communicate(timeout=60)
    assert command.returncode == 3
    assert "recurrent-3k did not get trained: 5 steps" in errors
    check_nothing_is_left(marker, tmp_path / "temporary")


def start_ladder(start: Start, folder: Path, **environment: str) -> "subprocess.Popen[str]":
    """Train a ladder by a `codelength train` that starts processes and hangs or ends."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(TRAINER)
    path = os.pathsep.join([str(folder / "site"), str(PLUGIN.parent), str(PLUGIN.parent.parent)])
    words = ["scaling", "train", "--kind", "recurrent", "--sizes", "3k", "--data", "text"]
    return start(*words, "--out", "ladder", PYTHONPATH=path, **environment)


TOML = """
[codec.program]
encode = "{here}/program"
decode = "{here}/program"
timeout = 1
"""


def test_of_a_program_that_a_command_codec_runs(start: Start, marker: str, tmp_path: Path) -> None:
    script = tmp_path / "program"
    script.write_text(f"#!/bin/sh\nsleep {marker} & setsid sleep {marker} & sleep {marker}\n")
    script.chmod(0o755)
    (tmp_path / "program.toml").write_text(TOML)
    codec = Plugins([str(tmp_path / "program.toml")], only=()).codec("program").item
    with pytest.raises(TimeoutError, match="program was ended after 1 s"):
        codec.encode(b"in this process")
    check_nothing_is_left(marker, tmp_path / "temporary")
    using = ["--plugin", "program.toml", "--codecs", "program", "--corpora", "path:text"]
    command = start("run", *using)
    wait_until(lambda: marked(marker))
    out, _ = command.communicate(timeout=60)
    assert "program was ended after 1 s" in out
    check_nothing_is_left(marker, tmp_path / "temporary")


def hang() -> None:
    hanging.hang("encode")


def test_of_a_worker_that_hangs_or_dies(marker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANG", "encode")
    with Supervisor() as supervisor:
        with pytest.raises(TimedOut):
            supervisor.call(partial(hang), 2)
        assert not marked(marker)
    for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM):
        monkeypatch.setenv("END", str(int(number)))
        with Supervisor() as supervisor:
            with pytest.raises(Died) as died:
                supervisor.call(partial(hang), 20)
            assert died.value.code == -number
            assert not marked(marker)

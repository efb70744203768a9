"""A command whose process a plugin ends is never taken for one that did its work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PLUGIN = """
from dataclasses import dataclass
from codelength import RAW, Codec, hookimpl

@dataclass(frozen=True)
class Squeeze(Codec):
    name = "squeeze"

    def encode(self, data, media=RAW):
        return data

    def decode(self, blob):
        return blob

@hookimpl
def codelength_codecs():
    return [Squeeze()]
"""

ENDS = {
    "exit code 0": "import os; os._exit(0)",
    "SIGSEGV": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "memory runs out": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "files that are not its own": "import os; os.closerange(3, 200)",
    "not its own: the process": "import sys; sys.stdout.close()",
}


def typed(
    folder: Path, *arguments: str, stdin: str = "", **options: object
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "codelength", *arguments],
        cwd=folder,
        input=stdin,
        text=True,
        capture_output=True,
        timeout=60,
        **options,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize(
    ("how", "command"),
    [*((how, "plugins") for how in ENDS), ("exit code 0", "doctor"), ("exit code 0", "report out")],
)
def test_a_plugin_that_ends_the_process_at_import_is_named(tmp_path, how, command):
    (tmp_path / "ends.py").write_text(ENDS[how] + "\n")
    ran = typed(tmp_path, *command.split(), "--plugin", "ends.py")
    assert (ran.returncode, ran.stdout) == (3, "")
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"codelength: loading the plugin {tmp_path / 'ends.py'}")
    assert how in line


@pytest.mark.parametrize(
    "code",
    [
        PLUGIN.replace("return [", "import os; os._exit(0)\n    return ["),
        PLUGIN.replace('name = "squeeze"', 'name = "squeeze"; __hash__ = None')
        + "import atexit, os\natexit.register(os._exit, 0)\nos._exit(0)\n",
    ],
    ids=["when its codecs are built", "at the end, too"],
)
def test_a_gate_that_a_plugin_ends_is_not_green(tmp_path, code):
    baseline = ["gate", "--time", "off", "--baseline", "b.json", "--plugin", "p.py"]
    (tmp_path / "p.py").write_text(PLUGIN)
    grid = ["--update", "--codecs", "squeeze", "--corpora", "prose", "--limit", "100"]
    assert typed(tmp_path, *baseline, *grid).returncode == 0
    (tmp_path / "p.py").write_text(code)
    ran = typed(tmp_path, *baseline, "--junit", "j.xml")
    assert ran.returncode == 3
    assert "loading the plugin" in ran.stderr


def test_a_corpus_that_ends_the_process_is_named(tmp_path):
    (tmp_path / "p.py").write_text(
        "import os\nfrom codelength import Corpus, hookimpl\n"
        "class Bad(Corpus):\n    name = 'bad'\n    def samples(self): os._exit(0)\n"
        "@hookimpl\ndef codelength_corpora(): return [Bad()]\n"
    )
    ran = typed(tmp_path, "run", "--plugin", "p.py", "--corpora", "bad", "--codecs", "store")
    assert ran.returncode == 3
    assert "codelength: reading the corpus bad: the process ended with exit code 0" in ran.stderr


def test_a_plugin_that_hangs_is_not_active_and_the_command_goes_on(tmp_path):
    (tmp_path / "p.py").write_text("while True:\n    pass\n")
    code = (
        "import codelength.plugins; codelength.plugins.LOADING = 0.5; "
        "import sys; sys.argv = ['codelength', 'list', 'protocols', '--plugin', 'p.py']; "
        "from codelength.cli import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0
    assert "p.py is not active: TimeoutError: it took longer than 0.5 s" in ran.stderr
    assert "whole" in ran.stdout


@pytest.mark.parametrize(
    "code",
    [
        "print('x' * 1_000_000, flush=True)",
        "import os; os.write(1, b'x' * 1_000_000)",
        "import os; os.close(1)",
        "import os; os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
        "import sys; sys.stdout = None",
    ],
)
def test_what_a_plugin_does_to_standard_output_stays_with_it(tmp_path, code):
    (tmp_path / "p.py").write_text(code + "\n")
    ran = typed(tmp_path, "list", "protocols", "--plugin", "p.py")
    assert ran.returncode == 0
    assert ran.stdout == typed(tmp_path, "list", "protocols").stdout


def test_a_plugin_reads_no_standard_input(tmp_path):
    (tmp_path / "p.py").write_text("import sys; assert not sys.stdin.read()\n" + PLUGIN)
    compressed = typed(
        tmp_path, "compress", "-", "--plugin", "p.py", "-c", "squeeze", "-o", "out", stdin="mine"
    )
    assert compressed.returncode == 0, compressed.stderr
    assert b"mine" in (tmp_path / "out").read_bytes()


def hear_hangups() -> None:
    """Not to be deaf to SIGHUP, as what `nohup` has started is."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a command whose plugin sleeps in a file named `began`."""
    (folder / "p.py").write_text(
        "import pathlib, time\npathlib.Path('began').touch()\ntime.sleep(60)\n"
    )
    command = [sys.executable, "-m", "codelength", "list", "codecs", "--plugin", "p.py"]
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_hangups,
    )
    deadline = time.monotonic() + 30
    while not (folder / "began").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whole_group", [False, True])
def test_signals_reach_the_command(tmp_path, number, whole_group):
    process = started(tmp_path)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.strip()) == (3, "", "codelength: interrupted")


def test_a_command_does_not_outlive_its_guard(tmp_path):
    process = started(tmp_path)
    process.kill()
    process.communicate(timeout=20)  # its pipes are closed once nothing of it is left
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("redirection", "line"),
    [
        (">/dev/full", "the output cannot be written: No space left on device"),
        (">&-", "standard output is closed; send it to /dev/null instead"),
        (">/dev/full 2>&1", None),
        ("2>&- <&-", ""),
        ("| true", ""),
    ],
)
def test_an_output_that_takes_nothing_is_one_line(tmp_path, redirection, line):
    command = f"set -o pipefail; {sys.executable} -m codelength list codecs {redirection}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert ran.stderr == (f"codelength: {line}\n" if line else "")
    assert ran.returncode == (0 if line == "" else 2 if "closed" in (line or "") else 3)

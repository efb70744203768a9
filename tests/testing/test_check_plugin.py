import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]

MINE = """
from codelength import RAW, Codec, Unsupported, hookimpl

class Mine(Codec):
    '''Reverses; declines sound.'''
    name = "mine"
    def encode(self, data, media=RAW):
        if media.kind == "audio":
            raise Unsupported("mine takes no sound")
        return data[::-1]
    def decode(self, blob):
        return blob[::-1]{lie}

@hookimpl
def codelength_codecs():
    return [Mine()]
"""


def check_plugin(*arguments: object, cwd: Path = HERE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codelength", "check-plugin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_a_file_is_checked_line_by_line(tmp_path):
    (tmp_path / "mine.py").write_text(MINE.format(lie=""))
    ran = check_plugin("./mine.py", cwd=tmp_path)
    first, *lines, last = ran.stdout.splitlines()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert first == "mine"
    assert "  ok        empty input" in lines
    assert any(line.startswith("  declined  sound: 5 of 5, 8-bit mono") for line in lines)
    assert {line.split()[0] for line in lines} == {"ok", "declined"}
    assert last == f"{len(lines)} checks, none failed"


def test_what_fails_is_printed_and_ends_in_3(tmp_path):
    (tmp_path / "mine.py").write_text(MINE.format(lie='[:9] + b"!"'))
    ran = check_plugin("mine.py", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (3, "")
    assert "  problem   text: 'text': byte 9 of 783: wrote " in ran.stdout
    assert "checks, none failed" not in ran.stdout


def test_an_installed_plugin_is_named():
    ran = check_plugin("controls")
    assert ran.returncode == 0, ran.stdout
    assert [line for line in ran.stdout.splitlines() if line[0] != " "][:4] == [
        "random",
        "iid",
        "markov",
        "zeros",
    ]


@pytest.mark.parametrize(
    ("plugin", "line"),
    [
        ("no_such_file.py", "codelength: no plugin file 'no_such_file.py'; "),
        ("brotly", "codelength: no plugin 'brotly'; did you mean 'brotli'? 'codelength plugins'"),
        (
            "plugin_that_raises.py",
            "codelength: plugin plugin_that_raises.py cannot be loaded: RuntimeError: ",
        ),
        ("factories.py", "codelength: plugin factories.py has neither codecs nor corpora"),
    ],
)
def test_what_is_no_plugin_ends_in_one_line_and_2(plugin, line):
    ran = check_plugin(plugin)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(line)
    assert ran.stderr.count("\n") == 1


def test_a_codec_made_of_a_predictor_has_that_checked_too():
    ran = check_plugin("order2")
    assert (ran.returncode, ran.stderr) == (0, "")
    _, _, of_predictor = ran.stdout.partition("order2:limit=1023, its predictor\n")
    assert "  ok        parallel agrees with stepwise\n" in of_predictor

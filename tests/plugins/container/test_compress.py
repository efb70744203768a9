import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner

from codelength.api.errors import UsageError
from codelength.cli import cli
from codelength_container.container import Header, pack
from codelength_container.files import appearing
from codelength_stdlib import Gzip, Store

FAULTY = ["--plugin", str(Path(__file__).parents[2] / "faulty_plugin.py")]
MOODY = ["--plugin", "moody.py"]
TEXT = b"".join(b"%d bottles on the wall, %d\n" % (i, i * i) for i in range(500))

Tool = Callable[..., subprocess.CompletedProcess[bytes]]

PLUGIN = """
import ctypes, os, time
from dataclasses import dataclass
from pathlib import Path
from codelength import RAW, Codec, Unavailable, hookimpl

@dataclass(frozen=True)
class Moody(Codec):
    "Does what MOOD says when it decodes."
    name = "moody"

    def encode(self, data, media=RAW):
        if os.environ.get("MOOD") == "hang":
            time.sleep(600)
        return data

    def decode(self, blob):
        match os.environ.get("MOOD"):
            case "segfault":
                ctypes.string_at(0)
            case "exit":
                os._exit(0)
            case "flood":
                os.write(2, b"z" * (1 << 20))
            case "bomb":
                return bytes(4 << 30)
        return blob

    @property
    def requires(self):
        return {"weights": os.environ.get("WEIGHTS", "3fa1")}

@dataclass(frozen=True)
class Placed(Moody):
    "Needs a file."
    name = "placed"
    model: str = "model"

    def check_available(self):
        if not Path(self.model).is_file():
            raise Unavailable(f"no file {self.model!r}")

    @property
    def requires(self):
        return {"weights": Path(self.model).read_text()}

@hookimpl
def codelength_codecs():
    return [Moody(), Placed()]
"""


class Moody(Store):
    """What encodes as the plugin's codec does."""

    spec = "moody"
    requires: ClassVar[dict[str, str]] = {"weights": "3fa1"}
    versions: ClassVar[dict[str, str]] = {}


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Runs the command line in a folder of its own, with a text to compress and a moody codec."""
    (tmp_path / "text").write_bytes(TEXT)
    (tmp_path / "moody.py").write_text(PLUGIN)

    def run(
        *arguments: str, given: bytes | None = None, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "codelength", *arguments],
            cwd=tmp_path,
            capture_output=True,
            input=given,
            env={**os.environ, **environment},
        )

    return run


def said(ran: subprocess.CompletedProcess[bytes]) -> str:
    """The one line that a failure comes to."""
    lines = ran.stderr.decode().splitlines()
    assert len(lines) == 1, ran.stderr.decode()
    return lines[0].removeprefix("codelength: ")


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"text", "moody.py"}


def test_a_file_is_given_back(tool, tmp_path):
    (tmp_path / "text").chmod(0o640)
    made = tool("compress", "text", "-c", "gzip", "-o", "made", "--segment", "4KiB")
    assert (made.returncode, made.stdout, made.stderr) == (0, b"", b"")
    assert (tmp_path / "made").stat().st_size < len(TEXT) // 2
    back = tool("decompress", "made", "-o", "back")
    assert (back.returncode, back.stdout, back.stderr) == (0, b"", b"")
    assert (tmp_path / "back").read_bytes() == TEXT
    assert stat.S_IMODE((tmp_path / "back").stat().st_mode) == 0o640
    assert files(tmp_path) == {"made", "back"}

    listed = tool("decompress", "made", "--list").stdout.decode()
    assert "codec      gzip:level=9" in listed
    assert f"bytes      {len(TEXT)}" in listed
    assert f"segments   {-(-len(TEXT) // 4096)} of at most 4096 bytes" in listed
    assert "made with  zlib" in listed

    again = tool("decompress", "made", "-o", "back")
    assert again.returncode == 2
    assert said(again).endswith("/back is there already; --force overwrites it")
    (tmp_path / "back").write_bytes(b"")
    assert tool("decompress", "made", "-o", "back", "--force").returncode == 0
    assert (tmp_path / "back").read_bytes() == TEXT


def test_pipes_go_through(tool, tmp_path):
    made = tool("compress", "-", "-c", "bz2", "-o", "-", "--segment", "999", given=TEXT)
    assert made.returncode == 0
    back = tool("decompress", "-", "-o", "-", given=made.stdout)
    assert back.stdout == TEXT
    tested = tool("decompress", "-", "--test", given=made.stdout)
    assert tested.stdout.decode() == f"standard input: {len(TEXT)} bytes decode to what went in\n"
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda made: made[:-1], "made breaks off after"),
        (lambda made: made[:300] + b"?" + made[301:], "made is damaged: the checksum of segment 1"),
        (lambda made: made + b"?", "made is damaged: something behind the end"),
        (lambda made: TEXT, "made is no codelength container"),
    ],
)
def test_damage_is_one_line_and_no_file(tool, tmp_path, damage, words):
    (tmp_path / "made").write_bytes(damage(b"".join(pack(Gzip(), BytesIO(TEXT)))))
    ran = tool("decompress", "made", "-o", "back")
    assert words in said(ran)
    assert ran.returncode == 3
    assert files(tmp_path) == {"made"}


@pytest.mark.parametrize(
    ("codec", "code", "words"),
    [
        ("liar-drops", 4, "liar-drops does not give text back: segment 1 decodes to"),
        ("liar-remembers", 4, "liar-remembers does not give text back: segment 1 does not decode"),
        ("liar-segfaults", 3, "the codec's process died of SIGSEGV"),
        ("liar-exits", 3, "the codec's process ended with exit code 7"),
        ("liar-raises", 3, "liar-raises does not encode this: ValueError: this liar raises"),
        ("lair-drops", 2, "no codec 'lair-drops'; did you mean 'liar-drops'?"),
    ],
)
def test_a_codec_that_lies_makes_no_container(tool, tmp_path, codec, code, words):
    ran = tool("compress", "text", "-c", codec, "-o", "made", *FAULTY)
    assert words in said(ran)
    assert ran.returncode == code
    assert files(tmp_path) == set()


def test_behind_a_pipe_a_lie_makes_a_container_that_is_refused(tool):
    made = tool("compress", "text", "-c", "liar-flips", "-o", "-", *FAULTY)
    assert made.returncode == 4
    assert b"breaks off" in tool("decompress", "-", "--list", given=made.stdout).stderr


def test_what_a_codec_prints_does_not_get_into_the_container(tool):
    made = tool("compress", "text", "-c", "liar-prints", "-o", "-", *FAULTY)
    assert made.returncode == 0
    assert tool("decompress", "-", "-o", "-", *FAULTY, given=made.stdout).stdout == TEXT


def test_a_verifier_that_floods_holds_nothing_up(tool: Tool) -> None:
    options = ["-c", "moody", "--segment", "64KiB", "-o", "-", *MOODY]
    made = tool("compress", "-", *options, given=TEXT * 40, MOOD="flood")
    assert made.returncode == 0, made.stderr
    assert tool("decompress", "-", "-o", "-", *MOODY, given=made.stdout).stdout == TEXT * 40


def test_a_model_may_lie_elsewhere(tool, tmp_path):
    (tmp_path / "model").write_text("3fa1")
    assert tool("compress", "text", "-c", "placed", "-o", "made", *MOODY).returncode == 0
    (tmp_path / "model").rename(tmp_path / "moved")
    lost = tool("decompress", "made", "-o", "back", *MOODY)
    assert lost.returncode == 2
    assert said(lost) == (
        "made was made by placed:model=model: no file 'model'; -c names it where it is"
    )
    for out in ("back", "-"):
        found = tool("decompress", "made", "-c", "placed:model=moved", "-o", out, *MOODY)
        assert found.returncode == 0, found.stderr
    assert (tmp_path / "back").read_bytes() == found.stdout == TEXT
    other = tool("decompress", "made", "-c", "moody", "-o", "again", *MOODY)
    assert other.returncode == 2
    assert said(other).endswith(
        "-c takes placed and settings by name, as in placed:setting=…, not moody"
    )
    (tmp_path / "moved").write_text("77c0")
    wrong = tool("decompress", "made", "-c", "placed:model=moved", "-o", "again", *MOODY)
    assert wrong.returncode == 2
    assert said(wrong) == (
        "made was made by placed:model=model with weights 3fa1, here 77c0; only the same decodes it"
    )
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"MOOD": "segfault"}, 3, "the codec's process died of SIGSEGV"),
        ({"MOOD": "exit"}, 3, "the codec's process ended with exit code 0 and no result"),
        ({"MOOD": "bomb"}, 3, "made: segment 1 needs more memory than is allowed"),
        ({"WEIGHTS": "77c0"}, 2, "made was made by moody with weights 3fa1, here 77c0"),
    ],
)
def test_decoding_can_go_wrong_in_any_way_and_leaves_nothing(
    tool, tmp_path, environment, code, words
):
    (tmp_path / "made").write_bytes(b"".join(pack(Moody(), BytesIO(TEXT))))
    options = ["--memory", "2GiB", "--plugin", "moody.py"]
    ran = tool("decompress", "made", "-o", "back", *options, **environment)
    assert words in said(ran)
    assert ran.returncode == code
    assert files(tmp_path) - {"__pycache__"} == {"made"}


def test_a_codec_that_ends_the_verifying_process_is_not_believed(tool, tmp_path):
    command = ["compress", "text", "-c", "moody", "-o", "made", "--plugin", "moody.py"]
    ran = tool(*command, MOOD="exit")
    assert said(ran).startswith("moody does not give text back: the codec's process ended with")
    assert ran.returncode == 4
    assert files(tmp_path) - {"__pycache__"} == set()


def test_a_codec_that_is_not_here_is_named(tool, tmp_path):
    (tmp_path / "made").write_bytes(Header("gzpi:level=9", 16, {}, {}, {}).record())
    ran = tool("decompress", "made", "-o", "back")
    assert said(ran).startswith("made was made by gzpi:level=9: no codec 'gzpi'; did you mean")
    assert ran.returncode == 2
    (tmp_path / "made").write_bytes(Header("gzip:level=99", 16, {}, {}, {}).record())
    assert "gzip takes level 0 to 9, not 99" in said(tool("decompress", "made", "-o", "back"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_interrupted_leaves_nothing(tool, tmp_path, number):
    command = ["compress", "text", "-c", "moody", "-o", "made", "--plugin", "moody.py"]
    process = subprocess.Popen(
        [sys.executable, "-m", "codelength", *command],
        cwd=tmp_path,
        env={**os.environ, "MOOD": "hang"},
        stderr=subprocess.PIPE,
    )
    while not any(name.endswith(".part") for name in files(tmp_path)):
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    _, errors = process.communicate()
    assert errors.decode().strip() == "codelength: interrupted"
    assert process.returncode == 3
    assert files(tmp_path) - {"__pycache__"} == set()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["compress", "text", "-c", "gzip"], "compress needs to know where to"),
        (["compress", "text", "-c", "gzip", "-o", "x", "--segment", "2GiB"], "at most 1GiB"),
        (["compress", "nothing", "-c", "gzip", "-o", "x"], "nothing cannot be read"),
        (["compress", ".", "-c", "gzip", "-o", "x"], ". cannot be read: Is a directory"),
        (["decompress", "text"], "decompress takes one of -o OUT (- for a pipe), --test and"),
        (["decompress", "text", "--test", "--list"], "decompress takes one of"),
        (["compress", "text", "-c", "gzip", "-o", "no/x"], "/no/x cannot be written: No such"),
    ],
)
def test_a_command_that_cannot_be_meant_ends_with_2(tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_bytes(TEXT)
    error = CliRunner().invoke(cli, options).exception
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert words in str(error)
    assert files(tmp_path) == set()


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out"
    with appearing(path, False, 0o600) as part:
        os.write(part, b"all of it")
        assert not path.exists()
    assert path.read_bytes() == b"all of it"
    with suppress(KeyboardInterrupt), appearing(path, True, 0o600) as part:
        os.write(part, b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"all of it"
    path.unlink()
    with pytest.raises(UsageError, match="is there already"), appearing(path, False, 0o600):
        path.write_bytes(b"somebody else's")
    assert path.read_bytes() == b"somebody else's"
    assert list(tmp_path.iterdir()) == [path]


def test_only_a_regular_file_is_overwritten(tmp_path):
    for path in (tmp_path, Path(os.devnull)):
        with (
            pytest.raises(UsageError, match=r"is a folder|is no regular file"),
            appearing(path, True, 0o600),
        ):
            pytest.fail("it was to be refused")


def test_a_full_disk_is_one_line(tool, tmp_path):
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "codelength", "compress", "text", "-c", "store", "-o", "-"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert said(ran) == "the output cannot be written: No space left on device"
    assert ran.returncode == 3


@pytest.mark.parametrize(("codec", "memory"), [("ppmd", "20MB"), ("order2", "60MB")])
def test_too_little_memory_is_one_line_whatever_library_fails(tool, tmp_path, codec, memory):
    (tmp_path / "text").write_bytes(TEXT)
    assert tool("compress", "text", "-c", codec, "-o", "out").returncode == 0
    ran = tool("decompress", "out", "--test", "--memory", memory)
    said = b"codelength: out: segment 1 needs more memory than is allowed\n"
    assert (ran.returncode, ran.stderr) == (3, said)


TRUSTS = """
from dataclasses import dataclass
from codelength import RAW, Codec, Unavailable, hookimpl

@dataclass(frozen=True)
class Trusts(Codec):
    name = "trusts"
    trusting = ("pickle",)
    level: int = 1
    pickle: bool | None = None

    def encode(self, data, media=RAW):
        return data

    def decode(self, blob):
        return blob

    def check_available(self):
        if not self.pickle:
            raise Unavailable("its weights are a pickle; pickle=true reads it all the same")

@hookimpl
def codelength_codecs():
    return [Trusts()]
"""


def test_a_container_cannot_have_a_pickle_read(tool, tmp_path):
    (tmp_path / "trusts.py").write_text(TRUSTS)
    (tmp_path / "text").write_bytes(TEXT)
    plugin = ["--plugin", "trusts.py"]
    made = tool("compress", "text", "-c", "trusts:level=3,pickle=true", "-o", "made", *plugin)
    assert made.returncode == 0, made.stderr
    ran = tool("decompress", "made", "--test", *plugin)
    assert ran.returncode == 2
    assert b"its weights are a pickle; pickle=true reads it" in ran.stderr
    ran = tool("decompress", "made", "--test", "-c", "trusts:pickle=true", *plugin)
    assert ran.returncode == 0, ran.stderr

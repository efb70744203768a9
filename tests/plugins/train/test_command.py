"""`codelength train` as a person meets it."""

import errno
import os
import random
import signal
import subprocess
import sys
import tarfile

import pytest

pytest.importorskip("torch")

from click.testing import CliRunner

from codelength.api.errors import CodelengthError, StoreError, UsageError
from codelength.cli import cli
from codelength_recurrent.weights import read
from codelength_train.sources import of_path

TINY = ("--width", "16", "--layers", "1", "--batch", "1")


@pytest.fixture
def data(tmp_path):
    """A file of 80 kB that repeats itself."""
    path = tmp_path / "data"
    path.write_bytes(b"what is there to learn? " * 3400)
    return path


@pytest.fixture(autouse=True)
def few_windows(monkeypatch):
    monkeypatch.setattr("codelength_train.run.HELD_OUT_WINDOWS", 4)


def train(*args, kind="recurrent"):
    return CliRunner().invoke(cli, ["train", kind, *map(str, args)], catch_exceptions=False)


def test_a_run_tells_its_cost_first_and_what_came_of_it_last(data, tmp_path, monkeypatch):
    out = tmp_path / "tiny.safetensors"
    args = ("--size", "30k", *TINY, "--data", data, "--steps", 6, "--out", out)
    monkeypatch.setattr(sys, "argv", ["/bin/codelength", "train", "recurrent", *map(str, args)])
    lines = train(*args).output.splitlines()
    assert lines[0].startswith("recurrent 30k: 11,808 parameters, 76.5 kB to train on and 5.1 kB")
    assert lines[1] == "takes 6 steps"
    assert "3 steps take about " in lines[2]
    card = read(out).card
    assert f"{out}: {card['held_out_bpb'].split()[0]} bpb on what was held out" in lines
    assert card["command"].startswith("codelength train recurrent --size 30k --width 16")
    assert card["bytes_seen"] == str(6 * 2048)


def test_weights_of_several_steps(data, tmp_path):
    out = tmp_path / "ladder.safetensors"
    result = train("--size", "10k", *TINY, "--data", data, "--save-at", "2,4,8", "--out", out)
    assert result.exit_code == 0
    cards = [read(tmp_path / f"ladder-step{step}.safetensors").card for step in (2, 4, 8)]
    assert [card["steps"] for card in cards] == ["2", "4", "8"]
    bits = [float(card["held_out_bpb"].split()[0]) for card in cards]
    assert 8 > bits[0] > bits[1] > bits[2]
    assert not out.exists()


def test_a_transformer_of_a_corpus(tmp_path):
    pytest.importorskip("transformers")
    out = tmp_path / "tiny"
    options = ("--size", "10k", *TINY, "--corpora", "markov", "--steps", 3)
    result = train(*options, "--out", out, kind="transformer")
    assert result.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((), "takes --data PATH or --corpora LIST, one of the two"),
        (("--data", "{data}"), "takes one of --minutes, --steps and --save-at"),
        (("--data", "gone", "--steps", "1"), "--data gone cannot be read: No such file"),
        (("--corpora", "gone", "--steps", "1"), "no corpus 'gone'"),
        (("--data", "{data}", "--steps", "1", "--size", "big"), "no recurrent of size 'big'"),
        (("--data", "{data}", "--save-at", "5,2"), "--save-at 5,2 cannot be"),
        (("--data", "{data}", "--steps", "1", "--orders", "2"), "all of --orders, --rows and"),
        (("--data", "{data}", "--steps", "1", "--size", "20"), "has about 20 parameters; "),
        (
            ("--data", "{data}", "--steps", "1", "--out", "gone/a.safetensors"),
            "no file can be written to gone: No such file or directory",
        ),
        (("--data", "{data}", "--steps", "1", "--out", "a"), "a file that ends in .safetensors"),
        (("--data", "{data}", "--steps", "1", "--out", "."), "a file that ends in .safetensors"),
    ],
)
def test_mistakes_end_in_one_line(data, tmp_path, monkeypatch, args, told):
    monkeypatch.chdir(tmp_path)
    args = [arg.replace("{data}", str(data)) for arg in args]
    given = {
        "--size": "10k",
        "--out": "a.safetensors",
        **dict(zip(args[::2], args[1::2], strict=True)),
    }
    with pytest.raises(UsageError) as raised:
        train(*(word for pair in given.items() for word in pair))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_transformer_without_a_name_is_refused(data, tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"--out \. cannot be: it is to be the name of a folder"):
        train("--size", "10k", "--data", data, "--steps", 1, "--out", ".", kind="transformer")


DAMAGES = {
    "cut.tar": lambda path: path.write_bytes(path.read_bytes()[:40_000]),
    "cut.tar.gz": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "cut.tar.xz": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "changed.tar": lambda path: path.write_bytes(b"x" * 200 + path.read_bytes()[200:]),
    "changed.tgz": lambda path: path.write_bytes(_flipped(path.read_bytes())),
    "text.tar": lambda path: path.write_text("no archive"),
}


def _flipped(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_archive_is_one_line(tmp_path, name):
    file = tmp_path / "file"
    file.write_bytes(random.Random(1).randbytes(60_000))
    archive = tmp_path / name
    way = {".gz": "gz", ".tgz": "gz", ".xz": "xz"}.get(archive.suffix, "")
    with tarfile.open(archive, f"w:{way}") as files:
        files.add(file, "file")
    assert of_path(archive) == [("file", file.read_bytes())]
    DAMAGES[name](archive)
    with pytest.raises(UsageError, match=f"{name} cannot be read") as raised:
        of_path(archive)
    assert "\n" not in str(raised.value)


def test_a_full_disk_is_one_line_and_leaves_no_half_checkpoint(data, tmp_path, monkeypatch):
    def full(saved, file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("torch.save", full)
    out = tmp_path / "a.safetensors"
    with pytest.raises(StoreError, match=r"a\.checkpoint cannot be written: No space left"):
        train("--size", "10k", *TINY, "--data", data, "--steps", 1, "--out", out)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("steps", [2, 9])
def test_a_run_that_diverges_says_so_and_writes_nothing(data, tmp_path, steps):
    """In its last step, too, behind which no loss is taken."""
    out = tmp_path / "wild.safetensors"
    wild = ["--adam-lr", 1e30, "--muon-lr", 1e30]
    with pytest.raises(CodelengthError, match=r"the loss is .* after step .*lower --muon-lr"):
        train("--size", "10k", *TINY, "--data", data, "--steps", steps, *wild, "--out", out)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "soon"])
def test_a_bound_is_a_number_above_zero(data, tmp_path, minutes):
    result = train("--size", "10k", "--data", data, "--minutes", minutes, "--out", "a.safetensors")
    assert result.exit_code == 2
    assert "is no number above zero" in result.output


@pytest.mark.slow
def test_an_interrupted_command_goes_on_where_it_was(data, tmp_path):
    out = tmp_path / "tiny.safetensors"
    args = ("--size", "10k", *TINY, "--data", str(data), "--out", str(out), "--steps")
    running = subprocess.Popen(
        [sys.executable, "-m", "codelength", "train", "recurrent", *args, "1000000"],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in running.stderr:
        if "steps take about" in line:
            break
    running.send_signal(signal.SIGINT)
    rest = running.communicate(timeout=60)[1]
    assert "codelength: interrupted" in rest
    assert running.returncode == 3
    stopped = int(rest.split("stopped at step ")[1].split(";")[0].replace(",", ""))
    again = train(*args, stopped + 2)
    assert f"going on from {tmp_path / 'tiny.checkpoint'} at step {stopped:,}" in again.output
    assert read(out).card["steps"] == str(stopped + 2)


def test_listing_and_help_load_no_torch():
    code = (
        "import sys; from codelength.cli import cli\n"
        "for args in (['--help'], ['train', '--help'], ['train', 'recurrent', '--help']):\n"
        "    cli.main(args, standalone_mode=False)\n"
        "print([name for name in ('torch', 'numpy', 'transformers') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"

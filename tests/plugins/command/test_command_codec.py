import gzip
import hashlib
import os
import shutil
import time
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
import toml_files

from codelength.api.errors import CodelengthError, CorruptBlob
from codelength.plugins import Plugins
from codelength.testing import check_codec

DATA = b"the cat sat on the mat and the dog sat on the cat\n" * 40


def test_a_pipe_gets_the_data_and_gives_the_blob(tmp_path):
    codec = toml_files.codec(tmp_path, toml_files.GZIP)
    assert gzip.decompress(codec.encode(DATA)) == DATA
    assert codec.decode(gzip.compress(DATA)) == DATA


def test_a_file_has_the_name_that_the_command_gives_it(tmp_path):
    toml_files.script(tmp_path, "pack", "ls > $3; cat $1 >> $3")
    text = "encode = '{here}/pack {in}.txt and {out}.pack'\ndecode = 'tail -n +5 {in}.pack'"
    codec = toml_files.codec(tmp_path, text)
    assert codec.encode(DATA) == b"in.txt\nout.pack\nstderr\nstdout\n" + DATA
    assert codec.decode(codec.encode(DATA)) == DATA


def test_no_shell_reads_the_arguments(tmp_path):
    codec = toml_files.codec(tmp_path, """encode = 'echo "$HOME; ls" * `id`'\ndecode = 'cat'""")
    assert codec.encode(DATA) == b"$HOME; ls * `id`\n"


def test_a_setting_fills_its_place_within_an_argument(tmp_path):
    text = 'encode = "echo {{-{a}{b}}}"\ndecode = "cat"\n'
    text += "settings = {a = {default = 1, values = [1]}, b = {default = 'x', values = ['x', 'y']}}"
    plugins = toml_files.loaded(tmp_path, f"[codec.mine]\n{text}")
    assert plugins.codec("mine:b=y").item.encode(DATA) == b"{-1y}\n"


def test_no_variables_but_a_few_reach_the_program(tmp_path, monkeypatch):
    monkeypatch.setenv("XZ_DEFAULTS", "-0")
    told = toml_files.codec(tmp_path, "encode = 'env'\ndecode = 'cat'").encode(DATA).decode()
    names = {line.partition("=")[0] for line in told.splitlines()}
    assert {"PATH", "HOME", "TMPDIR", "LC_ALL", "TZ"} <= names
    assert "XZ_DEFAULTS" not in names


def test_what_a_program_reads_has_no_time_and_no_mode_of_its_own(tmp_path):
    codec = toml_files.codec(tmp_path, "encode = 'stat -c %Y.%a.%n {in}'\ndecode = 'cat'")
    umask = os.umask(0)
    try:
        assert codec.encode(DATA) == b"0.600.in\n"
    finally:
        os.umask(umask)


def test_nothing_is_no_bytes_and_no_program_runs_for_it(tmp_path):
    codec = toml_files.codec(tmp_path, "encode = 'false'\ndecode = 'false'")
    assert codec.encode(b"") == codec.decode(b"") == b""


@pytest.mark.parametrize(
    ("encode", "message"),
    [
        ("{here}/complains", "complains ended with exit code 3: it is the last line"),
        ("{here}/mumbles {out}", "mumbles ended with exit code 4: it is said elsewhere"),
        ("{here}/dies", "dies died of SIGSEGV"),
        ("yes", "yes wrote more than 100000 bytes"),
        ("cat {in} {out}", "cat ended with exit code 1: cat: out: No such file or directory"),
        ("echo made {out}", "mine: the program made nothing: made out"),
        ("true", "mine: the program made nothing"),
        ("{here}", "cannot be run: Permission denied"),
    ],
)
def test_a_program_that_fails_is_quoted_in_one_line(tmp_path, encode, message):
    toml_files.script(tmp_path, "complains", "echo one >&2; echo it is the last line >&2; exit 3")
    toml_files.script(tmp_path, "mumbles", "echo it is said elsewhere; exit 4")
    toml_files.script(tmp_path, "dies", "kill -SEGV $$")
    text = f"encode = '{encode}'\ndecode = 'cat'\noutput = 100_000"
    with pytest.raises(CodelengthError) as caught:
        toml_files.codec(tmp_path, text).encode(DATA)
    assert str(caught.value).endswith(message)
    assert "\n" not in str(caught.value)


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(tmp_path):
    toml_files.script(tmp_path, "waits", f"sleep 100 & echo $$ $! > {tmp_path}/pids; wait")
    text = "encode = '{here}/waits'\ndecode = 'cat'\ntimeout = 1"
    with pytest.raises(TimeoutError, match="waits was ended after 1 s"):
        toml_files.codec(tmp_path, text).encode(DATA)
    for pid in (tmp_path / "pids").read_text().split():
        wait_for(lambda pid=pid: not alive(pid))


def test_what_a_program_leaves_behind_is_ended(tmp_path):
    toml_files.script(tmp_path, "leaves", f"sleep 100 >&- & echo $! > {tmp_path}/pids; cat")
    assert (
        toml_files.codec(tmp_path, "encode = '{here}/leaves'\ndecode = 'cat'").encode(DATA) == DATA
    )
    wait_for(lambda: not alive((tmp_path / "pids").read_text().strip()))


def test_a_program_cannot_have_more_memory_than_it_may(tmp_path):
    text = (
        f"""encode = '{shutil.which("python3")} -c "len(bytearray(1 << 29))"'\ndecode = 'cat'\n"""
    )
    with pytest.raises(CodelengthError, match="ended with exit code 1: MemoryError"):
        toml_files.codec(tmp_path, text + "memory = 100_000_000").encode(DATA)


def test_no_files_are_left(tmp_path, monkeypatch):
    left = tmp_path / "temporary"
    left.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(left))
    codec = toml_files.codec(tmp_path, "encode = 'cp {in} {out}'\ndecode = 'false'")
    codec.encode(DATA)
    with pytest.raises(CodelengthError):
        codec.decode(DATA)
    assert not list(left.iterdir())


def test_a_blob_without_its_end_is_refused(tmp_path):
    codec = toml_files.codec(tmp_path, "encode = 'cat'\ndecode = 'cat'\nends = '740a'")
    assert codec.decode(DATA) == DATA
    with pytest.raises(CorruptBlob, match="does not end in 740a"):
        codec.decode(DATA[:-1])


def test_the_version_is_what_the_program_says_of_itself_and_what_it_is(tmp_path):
    toml_files.script(tmp_path, "says", "echo squeezer by its author, v2.7.1-beta, 64 bits; exit 1")
    text = "encode = '{here}/says'\ndecode = 'cat'\nversion = '{here}/says -V'"
    codec = toml_files.codec(tmp_path, text)
    assert codec.versions["says"] == "2.7.1-beta"
    digest = hashlib.sha256((tmp_path / "says").read_bytes()).hexdigest()
    assert codec.digests["program"] == digest[:12]


def test_a_command_codec_passes_the_kit(tmp_path):
    check_codec(toml_files.codec(tmp_path, toml_files.GZIP))


def test_presets_are_listed_and_stay_out_of_the_default_run():
    plugins = Plugins(only=["command"])
    names = {entry.item.name for entry in plugins.codecs}
    programs = ("7z", "bsc", "flac", "optipng", "wavpack", "xz", "zpaq", "zstd")
    assert names == {f"cli-{program}" for program in programs}
    assert plugins.select_codecs(None) == []


def wait_for(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: str) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_zlib_that_is_another_implementation_reads_the_blob(tmp_path):
    blob = toml_files.codec(tmp_path, toml_files.GZIP).encode(DATA)
    assert zlib.decompressobj(31).decompress(blob) == DATA

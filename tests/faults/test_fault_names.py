"""Any bytes under any name are measured as themselves."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from codelength.api.spec import escape_bytes
from codelength.plugins import Plugins
from codelength.results.cell import Status
from codelength.results.store import load

PATH = Plugins(only=["path"])

LETTERS = st.sampled_from(
    rb"a Z , : = <b> | * ` & ' \" ~ $( %s".split()
    + b"\n \t \x7f \xff \x1b[2J \xc3\xa9 \xe2\x80\xae \xf0\x9f\x8e\xb5".split(b" ")
)  # fmt: skip
NAMES = st.lists(LETTERS, min_size=1, max_size=8).map(b" ".join).filter(lambda n: n[:1] != b".")
STARTS = st.sampled_from(
    b"|P5 9 9 255\n|\x89PNG\r\n\x1a\n|RIFF\xff\xff\xff\xffWAVE|fLaC|II*\0|\xff\xd8\xff|"
    b"FORM\0\0\0\x04AIFF|PK\x03\x04|\xef\xbb\xbf|\0\0\0\x0cJXL ".split(b"|")
)
CONTENTS = st.builds(bytes.__add__, STARTS, st.binary(max_size=200))


@given(files=st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_folder_of_any_bytes_under_any_names_is_those_bytes(files):
    folder = tempfile.mkdtemp()
    try:
        for name, data in files.items():
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(data)
        corpus = PATH.corpus(f"path:{folder},view=bytes").item
        samples = list(corpus.samples())
        assert sorted(bytes(s.data) for s in samples) == sorted(files.values())
        names = {escape_bytes(os.fsdecode(name)): data for name, data in files.items()}
        assert {s.name: bytes(s.data) for s in samples} == names
        readings = corpus.readings()
        assert sum(r.on_disk for r in readings) == sum(map(len, files.values()))
        assert sum(r.measured for r in readings) == sum(map(len, files.values()))
    finally:
        shutil.rmtree(folder)


@given(name=NAMES, data=CONTENTS)
@settings(max_examples=60, deadline=None)
def test_a_file_of_any_name_can_be_asked_for(name, data):
    assume(not (b'"' in name and b"," in name))
    folder = tempfile.mkdtemp()
    try:
        path = os.fsdecode(os.fsencode(folder) + b"/" + name)
        Path(path).write_bytes(data)
        plugins = PATH
        asked = f'"{path}"' if "," in path else path
        (entry, *_) = plugins.select_corpora(f"path:{asked}")
        (sample,) = entry.item.samples()
        assert bytes(sample.data) == data
        again = plugins.corpus(entry.item.spec).item
        assert [bytes(s.data) for s in again.samples()] == [data]
    finally:
        shutil.rmtree(folder)


ODD = [
    b"caf\xe9.txt",
    b"a,b=c:d",
    b"<img src=x>",
    b"\x1b[31mred",
    b"two\nlines",
    b"-rf",
    b"%s{}|*_`",
]


def test_odd_names_are_measured_and_shown_harmless_everywhere(codelength, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for number, name in enumerate(ODD):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"some words " * number)
    for name in ODD[:4]:
        other = Path(os.fsdecode(os.fsencode(tmp_path) + b"/dir" + name))
        other.mkdir()
        (other / "f").write_bytes(b"words")
    corpora = b"path:data,view=bytes," + b",".join(b"path:dir" + name for name in ODD[:4])
    exports = ("--csv", "b.csv", "--json", "b.json", "--html", "b.html", "--markdown", "b.md")
    done = codelength(
        "run", "--codecs", "store,zlib", "--corpora", corpora, "--out", "out", *exports
    )
    assert done.returncode == 0, done.stderr
    cells = load(tmp_path / "out").current
    assert {cell.status for cell in cells} == {Status.OK}
    assert cells[0].coded_bytes == cells[0].slice.bytes == sum(11 * n for n in range(len(ODD)))
    files = [tmp_path / "out" / "report.md", *tmp_path.glob("b.*")]
    shown = {path.suffix: path.read_text() for path in files}
    assert not [end for end, text in shown.items() if "\x1b[31m" in text]
    assert "\x1b" not in done.stdout + done.stderr
    assert "<img src=x>" not in shown[".html"]
    assert "<img src=x>" not in re.sub(r"`[^`]*`|[\\]<img", "", shown[".md"])
    assert codelength("report", "out").returncode == 0


def test_names_that_differ_in_bytes_that_are_no_text_are_two_samples(tmp_path):
    for end in (b"\xe9", b"\xe8"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf" + end)).write_bytes(b"words")
    corpus = PATH.corpus(f"path:{tmp_path}").item
    assert len({sample.name for sample in corpus.samples()}) == 2


@pytest.mark.parametrize("codec", ["store", "zlib"])
def test_empty_files_among_others_give_numbers(codelength, tmp_path, codec):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("__init__.py", "py.typed"):
        (folder / name).touch()
    (folder / "a.py").write_text("x = 1\n" * 500)
    done = codelength("run", "--codecs", codec, "--corpora", "path:data", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert not re.search(r"\bnan\b", done.stdout + (tmp_path / "out" / "report.md").read_text())
    assert "Warning" not in done.stderr

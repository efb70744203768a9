"""A repeated run reuses the cells of a codec only while its code is the same."""

from pathlib import Path

import pytest

from codelength.measure import code
from codelength.results.store import FILE, load

CODEC = """
import sys, zlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from codelength import RAW, Codec, hookimpl
sys.path.append(str(Path(__file__).parent))
{imports}

@dataclass(frozen=True)
class Mine(Codec):
    name: ClassVar[str] = "mine"

    def encode(self, data, media=RAW):
        {late}
        return zlib.compress(data, 9) + bytes({pad})

    def decode(self, blob):
        return zlib.decompressobj().decompress(blob)

@hookimpl
def codelength_codecs():
    return [Mine()]
"""

PACKAGE = {
    "mine.py": CODEC.format(imports="", late="", pad=1),
    "mine-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n",
    "mine-1.0.dist-info/entry_points.txt": "[codelength]\nmine = mine\n",
}
INSTALLED = {**PACKAGE, "mine-1.0.dist-info/RECORD": "mine.py,,\nmine-1.0.dist-info/RECORD,,\n"}
BESIDE = {
    "plugin.py": CODEC.format(imports="import helper", late="", pad="helper.PAD"),
    "helper.py": "PAD = 1\n",
}
LATE = {
    "plugin.py": CODEC.format(imports="", late="import helper", pad="helper.PAD"),
    "helper.py": "PAD = 1\n",
}
SCRIPT = {
    "plugin.toml": """
[codec.mine]
encode = "python3 {here}/script.py {in} {out}"
decode = "cp {in} {out}"
settings = {}
""",
    "script.py": "import sys\nopen(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read())\n",
}
PROGRAM = {
    "plugin.toml": """
[codec.mine]
encode = "{here}/program {in} {out}"
decode = "{here}/program {in} {out}"
settings = {}
""",
    "program": '#!/bin/sh\ncp "$1" "$2"\n',
}

KINDS = {
    "a package that is edited where it is": (PACKAGE, "mine.py"),
    "a package that was installed": (INSTALLED, "mine.py"),
    "another installation": (INSTALLED, "mine-1.0.dist-info/RECORD"),
    "a module beside a plugin file": (BESIDE, "helper.py"),
    "a module that is imported late": (LATE, "helper.py"),
    "a script that a command names": (SCRIPT, "script.py"),
    "a program": (PROGRAM, "program"),
}


OFTEN = ("a program", "a package that is edited where it is")
"""What is tried by default; each takes five seconds."""


@pytest.mark.parametrize(
    "kind", [k if k in OFTEN else pytest.param(k, marks=pytest.mark.slow) for k in KINDS]
)
def test_a_codec_that_was_edited_is_measured_again(codelength, tmp_path, monkeypatch, kind):
    files, edited = KINDS[kind]
    folder = tmp_path / "plugin"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    command = ["run", "--codecs", "mine", "--corpora", "prose", "--limit", "2kB", "--out", "out"]
    plugins = [str(file) for file in folder.glob("plugin.*")]
    command += [word for file in plugins for word in ("--plugin", file)]
    if not plugins:
        monkeypatch.setenv("PYTHONPATH", str(folder))

    def run() -> int:
        ran = codelength(*command)
        assert ran.returncode == 0, ran.stderr
        return ran.stderr.count("(measured before)")

    assert [run(), run()] == [0, 1]
    path = folder / edited
    path.write_text(path.read_text().replace("PAD = 1", "PAD = 2") + "# edited\n")
    assert [run(), run()] == [0, 1]
    cells = load(tmp_path / "out").cells
    assert len(cells) == 2


def test_everything_is_measured_again_on_request(codelength, data, tmp_path):
    command = ["run", "--codecs", "gzip", "--corpora", f"path:{data}", "--out", "out"]
    codelength(*command)
    assert "measured before" not in codelength(*command, "--fresh").stderr
    assert len(load(tmp_path / "out").cells) == 2
    assert len(load(tmp_path / "out").codes) == 1


def test_another_corpus_is_no_other_code(codelength, data):
    command = ["run", "--codecs", "gzip", "--out", "out", "--limit", "1kB", "--corpora"]
    codelength(*command, f"path:{data}")
    assert codelength(*command, f"path:{data},prose").stderr.count("(measured before)") == 1


def test_a_cell_of_unknown_code_is_measured_again(codelength, data, tmp_path):
    command = ["run", "--codecs", "gzip", "--corpora", f"path:{data}", "--out", "out"]
    codelength(*command)
    file = tmp_path / "out" / FILE
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if '"type":"code"' not in line))
    assert "measured before" not in codelength(*command).stderr


def test_code_is_every_file_outside_the_standard_library():
    import numpy  # noqa: F401 - compiled modules, and a library that comes with them

    found = code.all_code([str(Path(__file__).parent)])
    assert found[Path(__file__).name]
    assert found["codelength/measure/code.py"]
    assert any(name.startswith("numpy-") and name.endswith(".dist-info") for name in found)
    assert not {"os.py", "json/__init__.py", "collections/__init__.py"} & found.keys()
    assert str(Path.home()) not in "".join(found)


def test_a_change_is_named(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "helper_of_code.py").write_text("a = 1\n")
    before = code.all_code([])
    assert code.find_change(before, []) == ""
    import helper_of_code

    assert code.find_change(before, []) == "helper_of_code.py"
    after = code.all_code([])
    (tmp_path / "helper_of_code.py").write_text("a = 2\n")
    assert code.find_change(after, []) == "helper_of_code.py"
    del helper_of_code
    (tmp_path / "helper_of_code.py").unlink()
    assert code.find_change(after, []) == "helper_of_code.py"


def test_an_installed_package_with_an_edited_file_is_another_one(tmp_path, monkeypatch):
    (tmp_path / "some_package").mkdir()
    (tmp_path / "some_package" / "__init__.py").write_text("a = 1\n")
    (tmp_path / "some_package-2.dist-info").mkdir()
    record = tmp_path / "some_package-2.dist-info" / "RECORD"
    record.write_text("some_package/__init__.py,sha256=x,6\n")
    monkeypatch.syspath_prepend(tmp_path)
    import some_package  # noqa: F401

    before = code.all_code([])
    assert "some_package-2.dist-info" in before
    assert code.find_change(before, []) == ""
    (tmp_path / "some_package" / "__init__.py").write_text("a = 2\n")
    assert code.find_change(before, []) == "some_package-2.dist-info"

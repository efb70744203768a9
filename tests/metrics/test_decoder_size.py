"""What a decoder's code takes: files that are there, counted once, in an archive."""

import sys
import zipfile
from pathlib import Path

import pytest

from codelength.metrics.decoder_size import measure_decoder

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is mapped")


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two files and a module of one, to be found by other interpreters."""
    package = tmp_path / "squeezer"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "model.py").write_text("TABLE = " + repr(list(range(1000))))
    (package / "notes.txt").write_text("no code")
    (tmp_path / "alone.py").write_text("raise SystemExit('it is not to be run')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_a_package_is_its_sources_zipped(modules: Path) -> None:
    found = measure_decoder(["squeezer"])
    assert found is not None
    model = (modules / "squeezer" / "model.py").stat().st_size
    assert found.files == {"squeezer/__init__.py": 0, "squeezer/model.py": model}
    assert 100 < found.zipped < model
    packed = modules / "by-hand.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in found.files:
            archive.write(modules / name, name)
    assert found.zipped == packed.stat().st_size


def test_a_module_of_python_is_read_and_not_run(modules: Path) -> None:
    found = measure_decoder(["alone"])
    assert found is not None
    assert list(found.files.values()) == [(modules / "alone.py").stat().st_size]


@linux
def test_a_compiled_module_comes_with_what_it_is_linked_to() -> None:
    import _lzma

    found = measure_decoder(["_lzma"])
    assert found is not None
    file = Path(_lzma.__file__)
    assert found.files[f"{file.parent.name}/{file.name}"] == file.stat().st_size
    assert not any("libc." in name for name in found.files)
    assert 0 < found.zipped < sum(found.files.values())


@pytest.mark.parametrize("modules", [[], ["no_such_module"], ["sys"], ["json", "no_such_module"]])
def test_what_cannot_be_had_is_none(modules: list[str]) -> None:
    assert measure_decoder(modules) is None

"""The pytest plugin, in a repository that holds a codec of its own."""

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codelength import Codec
from codelength_gate.checker import Checker, CodelengthWarning

pytest_plugins = "pytester"

CODEC = """
import zlib
from dataclasses import dataclass
from codelength import RAW, Codec, hookimpl

@dataclass(frozen=True)
class Squeeze(Codec):
    name = "squeeze"
    level: int = 9

    def encode(self, data, media=RAW):
        return zlib.compress(data, self.level)

    def decode(self, blob):
        return zlib.decompressobj().decompress(blob)

@hookimpl
def codelength_codecs():
    return [Squeeze()]
"""

TEST = """
from squeeze import Squeeze

def test_squeeze_has_not_got_worse(codelength_baseline):
    codelength_baseline(Squeeze())
"""

LONGER = ("return zlib.compress(data, self.level)", "return zlib.compress(data, self.level) + b'x'")


def planted(file: Path, old: str, new: str) -> None:
    """Changes the codec."""
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def told(result: pytest.RunResult) -> str:
    return " ".join(result.stdout.str().split())


def test_a_repository_is_gated_by_a_test_of_three_lines(pytester):
    """Without a baseline the test fails and says what makes one; then it passes, until a byte is
    added."""
    codec = pytester.makepyfile(squeeze=CODEC)
    pytester.makepyfile(test_squeeze=TEST)
    (pytester.path / "data").mkdir()
    (pytester.path / "data" / "a.txt").write_text("the cat sat on the mat\n" * 50)
    pytester.makeini(
        "[pytest]\ncodelength_baseline = tests/base.json\ncodelength_corpora = path:data\n"
    )

    def run(*options: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess("-p", "no:hypothesispytest", *options)

    result = run()
    result.assert_outcomes(failed=1)
    assert "base.json; 'pytest --codelength-update' makes it" in told(result)
    assert "Traceback" not in told(result)
    run("--codelength-update").assert_outcomes(passed=1)
    assert [path.name for path in (pytester.path / "tests").iterdir()] == ["base.json"]
    run().assert_outcomes(passed=1)
    planted(codec, *LONGER)
    result = run()
    result.assert_outcomes(failed=1)
    assert re.search(r"squeeze:level=9: regression .* is larger: \d+ → \d+ B \(\+1 B", told(result))


def test_projects_that_have_the_harness_and_do_not_use_it_load_none_of_it(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing():
            loaded = {name for name in sys.modules if name.startswith("codelength")}
            assert "codelength_gate.pytest_plugin" in loaded
            heavy = {"measure", "plugins", "report"}
            assert loaded.isdisjoint(f"codelength.{name}" for name in heavy)
            assert {"numpy", "rich", "torch"}.isdisjoint(sys.modules)
        """
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The codec's file, beside a text to code."""
    (tmp_path / "a.txt").write_text("the cat sat on the mat\n" * 50)
    (tmp_path / "squeeze.py").write_text(CODEC)
    return tmp_path / "squeeze.py"


Check = Callable[..., None]


@pytest.fixture
def check(file: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """What the fixture does: with the codec of the file as it is now, or with any other."""

    def run(codec: str | None = None, update: bool = False) -> None:
        checker = Checker(file.with_name("base.json"), f"path:{file.with_name('a.txt')}", update)
        checker(codec or squeeze(file, monkeypatch))

    return run


def squeeze(file: Path, monkeypatch: pytest.MonkeyPatch) -> Codec:
    """An object of the class in the file."""
    spec = importlib.util.spec_from_file_location("squeeze", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "squeeze", module)
    spec.loader.exec_module(module)
    codec: Codec = module.Squeeze()
    return codec


def test_what_is_no_reason_to_fail_is_a_warning(check, file):
    planted(file, *LONGER)
    check(update=True)
    planted(file, *reversed(LONGER))
    with pytest.warns(CodelengthWarning, match=r"squeeze:level=9 on path:.* is smaller"):
        check()


def test_a_codec_that_does_not_give_back_what_it_got_is_no_baseline(check, file):
    planted(file, "decompress(blob)", "decompress(blob)[1:]")
    with pytest.raises(pytest.fail.Exception, match="a round trip failed"):
        check(update=True)
    assert not file.with_name("base.json").exists()


def test_a_codec_that_nothing_offers_names_the_hook(check, file):
    planted(file, "@hookimpl", "")
    with pytest.raises(pytest.fail.Exception, match=r"squeeze\.py: .*has no effect without @hook"):
        check()


def test_codecs_of_installed_plugins_go_by_their_spec_and_share_the_file(check, file):
    check("gzip", update=True)
    check("store", update=True)
    text = file.with_name("base.json").read_text()
    assert sum(line.startswith('{"codec"') for line in text.splitlines()) == 2
    check("gzip")
    with pytest.raises(pytest.fail.Exception, match=r"base\.json has no bz2:level=9"):
        check("bz2")


def test_a_class_without_a_file_fails_its_test_with_one_line(check):
    same = staticmethod(lambda data, *media: data)
    fields = {"name": "nowhere", "__module__": "builtins", "encode": same, "decode": same}
    made = type("Nowhere", (Codec,), fields)
    with pytest.raises(pytest.fail.Exception, match="no plugin has the codec 'nowhere'"):
        check(made())


def test_a_file_that_is_no_baseline_fails_its_test_with_one_line(check, file):
    file.with_name("base.json").write_text("{}")
    with pytest.raises(pytest.fail.Exception, match=r"base\.json is no baseline"):
        check()

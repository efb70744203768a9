import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import codelength
from codelength import UsageError
from codelength.coding.coder import CoderCodec
from codelength.plugins import Plugins

CODEC = """
from dataclasses import dataclass
from codelength import Codec, RAW, hookimpl

@dataclass(frozen=True)
class Mine(Codec):
    name = "mine"
    level: int = 1
    def encode(self, data, media=RAW): return data
    def decode(self, blob): return blob

@hookimpl
def codelength_codecs():
    return [Mine(), Mine(2)]
"""

CORPUS = """
from dataclasses import dataclass, field
from pathlib import Path
from codelength import Corpus, Sample, hookimpl

@dataclass(frozen=True)
class Mine(Corpus):
    name = "mine"
    part: str | None = None
    more: int | None = None
    data: Path | None = field(default=None, repr=False)
    def samples(self): yield Sample("a", b"abc")

@hookimpl
def codelength_corpora(data):
    return [Mine(data=data)]
"""


def written(folder: Path, text: str, name: str = "plugin.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def none(files: list[str], data: Path | None = None) -> Plugins:
    """The plugins of these files and no installed ones."""
    return Plugins(files, data, only=())


def test_a_codec_is_found_by_its_name_and_built_with_its_settings(tmp_path):
    plugins = none([written(tmp_path, CODEC)])
    assert plugins.codec("mine").item.spec == "mine:level=1"
    assert plugins.codec("mine:level=7").item.spec == "mine:level=7"
    assert [entry.item.spec for entry in plugins.codecs] == ["mine:level=1", "mine:level=2"]


def test_a_codec_named_twice_runs_once(tmp_path):
    plugins = none([written(tmp_path, CODEC)])
    chosen = plugins.select_codecs("mine,mine:level=1,mine:level=3")
    assert [entry.item.spec for entry in chosen] == ["mine:level=1", "mine:level=3"]


def test_a_corpus_keeps_the_mirror_when_it_is_built_with_settings(tmp_path):
    plugins = none([written(tmp_path, CORPUS)], data=tmp_path)
    assert plugins.corpus("mine:part=b").item.data == tmp_path
    with pytest.raises(UsageError, match="no setting 'data'"):
        plugins.corpus("mine:data=elsewhere,part=b")


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    plugins = none([written(tmp_path, CODEC)])
    with pytest.raises(UsageError, match=r"no codec 'mien'; did you mean 'mine'\? .* shows all 1"):
        plugins.codec("mien")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("raise ImportError('no such thing')", "ImportError: no such thing"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError: invalid syntax"),
        (CODEC.replace("[Mine(), Mine(2)]", "1 / 0"), "ZeroDivisionError: division by zero"),
        (CODEC.replace("[Mine(), Mine(2)]", "[Mine]"), "Mine is a class; build a codec: Mine()"),
        (CODEC.replace('"mine"', '"my,codec"'), "'my,codec' cannot be named on the command line"),
        (
            CODEC.replace("codelength_codecs", "codelength_codec"),
            "did you mean 'codelength_codecs'?",
        ),
        (CODEC.replace("@hookimpl", ""), "codelength_codecs has no effect without @hookimpl"),
        (CODEC.replace("[Mine(), Mine(2)]", "Mine()"), "returns Mine, not a list of codecs"),
        (
            CODEC.replace("[Mine(), Mine(2)]", "None"),
            "returns NoneType, not a list",
        ),
        (CODEC.replace("[Mine(), Mine(2)]", "'ab'"), "codelength_codecs returns str, not a list"),
        (CODEC.replace("codelength_codecs()", "codelength_codecs(what)"), "'what'"),
        (
            CODEC.replace("@dataclass(frozen=True)", "").replace(", Mine(2)", ""),
            "needs @dataclass(frozen=True) above it",
        ),
        (CORPUS.replace('name = "mine"', 'name, kind = "mine", None'), "None, which is no text"),
        (CORPUS.replace('name = "mine"', 'name, title = "mine", "\\udcff"'), "which is no text"),
    ],
)
def test_a_broken_plugin_is_named_and_leaves_the_others_alone(tmp_path, text, problem):
    broken, good = written(tmp_path, text, "broken.py"), written(tmp_path, CORPUS, "good.py")
    plugins = none([broken, good])
    (found,) = plugins.broken
    assert found.name == broken
    assert problem in found.problem
    assert "\n" not in found.problem
    assert not plugins.codecs
    assert [entry.item.spec for entry in plugins.corpora] == ["mine"]


def test_a_name_that_is_taken_is_not_given_again(tmp_path):
    plugins = none([written(tmp_path, CODEC), written(tmp_path, CODEC, "second.py")])
    (second,) = plugins.broken
    assert f"the name 'mine' is taken by the plugin {tmp_path / 'plugin.py'}" in second.problem
    assert len(plugins.codecs) == 2


def test_a_file_is_known_by_its_digest(tmp_path):
    file = written(tmp_path, CODEC)
    before = none([file]).codec("mine").plugin.version
    written(tmp_path, CODEC + "# changed\n")
    assert none([file]).codec("mine").plugin.version != before


def test_every_installed_plugin_is_active():
    assert not Plugins().broken


def test_a_run_that_names_no_codecs_has_six_learned_ones_and_more():
    entries = Plugins().select_codecs(None)
    learned = [o.item.spec for o in entries if isinstance(o.item, CoderCodec)]
    assert len(learned) >= 6, learned


def test_listing_loads_nothing_heavy():
    code = (
        "import sys; from codelength.cli import run_command; sys.argv[1:] = ['list', 'codecs']; "
        "code = run_command(); heavy = {'numpy', 'matplotlib', 'imagecodecs', 'torch', 'numba', "
        "'rich'} & set(sys.modules); sys.exit(code or ', '.join(heavy) or None)"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (listed.returncode, listed.stderr) == (0, "")


WORDS = {
    *("code", "command", "controls", "images", "json", "path", "prior", "prose", "published"),
    *("imported", "local", "sound", "stdlib", "torch", "zlib"),
}
"""Built-in names that are also words which the core uses for something else."""

REFERENCE = "gzip"
"""The format that rankings set sizes beside."""


def strings(module: Path) -> list[str]:
    """Return the string literals of a module that are no docstrings."""
    found = []
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        for child in ast.iter_child_nodes(node):
            is_text = isinstance(child, ast.Constant) and isinstance(child.value, str)
            if is_text and not isinstance(node, ast.Expr):
                found.append(child.value)
    return found


def test_the_core_names_no_plugin_codec_or_corpus():
    plugins = Plugins()
    names = {plugin.name for plugin in plugins.found}
    names |= {entry.item.name for entry in (*plugins.codecs, *plugins.corpora)}
    names -= {*WORDS, REFERENCE}
    any_name = "|".join(map(re.escape, sorted(names)))
    pattern = re.compile(rf"({any_name})|.*(?<![\w.-])({any_name}):\w?.*", re.DOTALL)
    modules = list(Path(codelength.__file__).parent.rglob("*.py"))
    assert len(modules) > 100
    assert len(names) > 40
    named = {module.name: list(filter(pattern.fullmatch, strings(module))) for module in modules}
    assert {name: found for name, found in named.items() if found} == {}


def test_a_group_without_a_default_row_is_all_of_its_rows():
    plugins = Plugins()
    specs = [entry.item.spec for entry in plugins.select_codecs("@arrays")]
    assert "parquet:level=9" in specs
    assert not set(specs) & {entry.item.spec for entry in plugins.select_codecs(None)}
    assert {entry.item.kind for entry in plugins.select_corpora("@array")} == {"array"}

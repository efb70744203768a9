"""What lists of codecs and corpora mean, and what `codelength.toml` gives them."""

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from codelength.api.errors import UsageError
from codelength.api.spec import expand_spec, split_specs
from codelength.cli import cli
from codelength.cli.config import read_groups
from codelength.plugins import Plugins


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins()


def codecs(plugins: Plugins, text: str) -> list[str]:
    return [entry.item.spec for entry in plugins.select_codecs(text)]


def typed(*arguments: object) -> str:
    done = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_range_is_a_codec_for_each_value() -> None:
    assert expand_spec("zstd:level=1..3") == [f"zstd:level={i}" for i in (1, 2, 3)]
    assert expand_spec("zstd:level=-5..19..12") == [
        "zstd:level=-5",
        "zstd:level=7",
        "zstd:level=19",
    ]
    assert expand_spec("a:x=1..2,y=3..4") == [
        *("a:x=1,y=3", "a:x=1,y=4"),
        *("a:x=2,y=3", "a:x=2,y=4"),
    ]
    assert expand_spec("path:../data") == ["path:../data"]


def test_braces_are_a_codec_for_each_alternative():
    spec = "hf:model=a/b-{70m,160m},revision=step{1,8}"
    assert split_specs(f"zstd,{spec},lz4") == ["zstd", spec, "lz4"]
    assert expand_spec(spec) == [
        f"hf:model=a/b-{size},revision=step{step}" for size in ("70m", "160m") for step in (1, 8)
    ]
    assert expand_spec("path:a{b}") == ["path:a{b}"]


@pytest.mark.parametrize("spec", ["zstd:level=3..1", "zstd:level=1..5000"])
def test_a_range_that_is_none_is_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="is no range of 1 to 1000 values"):
        expand_spec(spec)


def test_groups_globs_and_what_is_left_out(plugins: Plugins) -> None:
    assert codecs(plugins, "zstd:level=1..2,zstd:level=2") == ["zstd:level=1", "zstd:level=2"]
    fast = codecs(plugins, "@fast")
    assert {"lz4:level=0", "zstd:level=3"} < set(fast)
    assert "zstd:level=19" not in fast
    assert codecs(plugins, "@fast,-lz4,-zstd:level=3") == [
        spec for spec in fast if not spec.startswith(("lz4", "zstd"))
    ]
    assert {spec.partition(":")[0] for spec in codecs(plugins, "zst*,xz")} == {"zstd", "xz"}
    every = [entry.item.spec for entry in plugins.select_codecs(None)]
    assert codecs(plugins, "-@learned,-store") == [
        spec for spec in every if spec not in {*codecs(plugins, "@learned"), "store"}
    ]
    assert "recurrent:size=0.2m" in codecs(plugins, "@learned")
    assert "order2:limit=1023" in codecs(plugins, "@adaptive")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@fats", "no group 'fats'; did you mean 'fast'"),
        ("-zsdt", "no codec 'zsdt'; did you mean 'zstd'"),
        ("zsd*", "no codec"),
        ("zstd:level=1..30", "zstd takes level -131072 to 22, not 23"),
    ],
)
def test_a_name_that_stands_for_nothing_is_an_error(
    plugins: Plugins, text: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        codecs(plugins, text)


def test_a_path_that_leads_nowhere_is_not_called_a_corpus(plugins: Plugins) -> None:
    with pytest.raises(UsageError, match=r"no file or folder 'data/\*/gone'"):
        plugins.select_corpora("data/*/gone")


def test_a_file_or_folder_needs_no_name_before_it(plugins: Plugins, tmp_path: Path) -> None:
    (tmp_path / "a, b.txt").write_text("text")
    (tmp_path / "prose").write_text("text")
    found = plugins.select_corpora(f'"{tmp_path}/a, b.txt",prose,{tmp_path}')
    assert [entry.item.spec for entry in found] == [
        f"path:{tmp_path}/a, b.txt",
        "prose",
        f"path:{tmp_path}",
    ]


def test_a_comma_between_quotes_is_part_of_a_name() -> None:
    assert split_specs('path:"a, b.txt",gzip') == ["path:a, b.txt", "gzip"]
    assert split_specs('"x y",z:a=1,b=2') == ["x y", "z:a=1,b=2"]


def test_groups_of_the_file_may_hold_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_groups() == {}
    Path("codelength.toml").write_text(
        '[groups]\nmine = "xz,@few"\nfew = "gzip:level=1..2,@fast"\n'
    )
    assert read_groups() == {
        "mine": ["xz", "gzip:level=1..2", "@fast"],
        "few": ["gzip:level=1..2", "@fast"],
    }
    listed = json.loads(typed("list", "groups", "--json"))
    assert {"group": "@few", "about": "gzip:level=1..2,@fast"} in listed
    assert {"@classical", "@bindings", "@text", "@image"} <= {row["group"] for row in listed}
    few = [row["codec"] for row in json.loads(typed("list", "codecs", "@few", "--json"))]
    assert few[:2] == ["gzip:level=1", "gzip:level=2"]
    assert "lz4:level=0" in few
    rows = json.loads(typed("list", "corpora", "@text", "--json"))
    assert {row["corpus"] for row in rows} == {"prose", "structured"}
    Path("codelength.toml").write_text('[groups]\na = "@b"\nb = "@a"\n')
    with pytest.raises(UsageError, match=r"the group @. is part of itself"):
        read_groups()
    Path("codelength.toml").write_text("[groups\n")
    with pytest.raises(UsageError, match=r"codelength\.toml cannot be read"):
        read_groups()


def test_a_table_of_the_file_gives_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("codelength.toml").write_text(
        '[groups]\nmine = "gzip:level=8..9"\n'
        '[run.small]\ncodecs = "@mine,store"\ncorpora = ["zeros", "iid"]\nlimit = "2kB"\n'
        'out = "r"\n'
        "[run.wrong]\ncodec = 1\n"
    )
    said = typed("run", "--use", "small")
    assert "3 codecs, 2 corpora, 6 cells" in said
    assert Path("r/report.html").is_file()
    assert "2 codecs, 2 corpora, 4 cells" in typed("run", "--use", "small", "--codecs", "@mine")
    with pytest.raises(UsageError, match="no option 'codec'; did you mean 'codecs'"):
        typed("run", "--use", "wrong")
    with pytest.raises(UsageError, match=r"no \[run\.…\] 'smal'; did you mean 'small'"):
        typed("run", "--use", "smal")


def test_a_narrower_run_prints_its_own_and_keeps_the_report_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("run", "--limit", "2kB", "--corpora", "zeros", "--out", "r", "--codecs")
    typed(*arguments, "gzip,store")
    assert "1 codec, 1 corpus" in typed(*arguments, "store")
    report = Path("r/report.md").read_text()
    assert "gzip:level=9" in report
    assert "gzip:level=9" in Path("r/report.html").read_text()


def test_a_folder_has_figures_by_suffix_folder_and_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data/a/x.txt", "data/a/y.json", "data/b/z.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"{name} " * 40)
    said = typed("run", "--codecs", "gzip", "--corpora", "data", "--out", "r")
    assert said.endswith("; by file: r/files.csv\n")
    report = Path("r/report.md").read_text()
    assert "By suffix · path:data" in report
    assert "By folder · path:data" in report
    assert len(Path("r/files.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("option", "begun", "words"),
    [
        ("--codecs", "gzip,zstd", ["gzip,zstd:level=3", "gzip,zstd:level=19"]),
        ("--codecs", "@fa", ["@fast"]),
        ("--corpora", "pro", ["prose"]),
    ],
)
def test_a_shell_completes_lists(option: str, begun: str, words: list[str]) -> None:
    completed = ShellComplete(cli, {}, "codelength", "_CODELENGTH_COMPLETE")
    found = [item.value for item in completed.get_completions(["run", option], begun)]
    assert [word for word in found if word in words] == words


def test_quiet_prints_nothing_if_all_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("--limit", "2kB", "--corpora", "zeros", "--codecs", "store")
    assert typed("run", *arguments, "-q") == ""
    assert Path("codelength-results/report.md").is_file()


def test_the_settings_of_a_codec_are_listed_with_their_ranges() -> None:
    rows = json.loads(typed("list", "codecs", "zstd", "--json"))
    assert rows[0]["setting"] == "level"
    assert rows[0]["default"] == "3"
    assert rows[0]["values"] == "-131072 to 22"
    assert "smaller and slower" in rows[0]["meaning"]
    text = typed("list", "codecs", "zstd")
    assert "rows of a run: zstd:level=3, zstd:level=19" in text
    with pytest.raises(UsageError, match="no codec 'zsdt'; did you mean 'zstd'"):
        typed("list", "codecs", "zsdt")


@pytest.mark.parametrize("command", [("list", "corpora"), ("plugins",), ("doctor",)])
def test_listings_are_also_json(command: tuple[str, ...]) -> None:
    assert json.loads(typed(*command, "--json"))

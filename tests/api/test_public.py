"""The public names, as a notebook uses them."""

import subprocess
import sys
from pathlib import Path

import pytest

import codelength
from codelength.results.store import Store
from factories import cell, environment


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> codelength.Results:
    out = tmp_path_factory.mktemp("results")
    return codelength.run(
        ["gzip:level=9", "store"], "prose", "chunks:2048", out=out, limit="head:8192"
    )


def test_a_codec_and_a_corpus_are_had_by_their_specs():
    gzip = codelength.codec("gzip:level=9")
    assert gzip.decode(gzip.encode(b"to be or not to be")) == b"to be or not to be"
    assert len(next(codelength.corpus("prose").samples()).data) > 1000
    with pytest.raises(codelength.UsageError, match="no codec 'gzap'; did you mean 'gzip'"):
        codelength.codec("gzap")


def test_a_run_gives_its_cells_and_keeps_them(results, tmp_path):
    assert {cell.codec: cell.ok for cell in results.current} == {
        "gzip:level=9": True,
        "store": True,
    }
    assert {cell.slice.bytes for cell in results.current} == {8192}


def test_what_a_folder_holds_is_not_measured_again(tmp_path):
    first = codelength.run("store", "prose", out=tmp_path, limit=1000)
    again = codelength.run("store", "prose", out=str(tmp_path), limit=1000)
    assert first.current == again.current == codelength.load(tmp_path).current


def test_progress_is_shown_where_it_is_asked_for(tmp_path, capsys):
    codelength.run("store", "prose", out=tmp_path, limit=1000)
    assert capsys.readouterr().err == ""
    codelength.run("store", "prose", out=tmp_path, limit=1000, progress=True)
    assert (
        "store on prose (whole, sample of 1.00 kB): 100.00 % (measured before)"
        in capsys.readouterr().err
    )


def test_a_limit_is_a_size_as_on_the_command_line(tmp_path):
    cells = codelength.run("store", "prose", out=tmp_path, limit="1kB").current
    assert cells == codelength.run("store", "prose", out=tmp_path, limit=1000).current


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"limit": "20x"}, "'20x' is no size; write it like 2048, 2MB or 64KiB"),
        ({"limit": 0}, "0 is no size"),
        ({"limit": -5}, "-5 is no size"),
        ({"jobs": 0}, "jobs, threads and timeout are above 0"),
        ({"codecs": codelength.codec("store")}, "name it by its spec"),
        ({"corpora": [codelength.corpus("prose")]}, "name it by its spec"),
    ],
)
def test_what_cannot_be_run_leaves_the_folder_alone(wrong, problem, tmp_path):
    with pytest.raises(codelength.UsageError, match=problem):
        codelength.run(**{"codecs": "store", "corpora": "prose", "out": tmp_path / "r"} | wrong)
    assert not (tmp_path / "r").exists()


def test_a_folder_that_is_not_there_has_no_results(tmp_path):
    with pytest.raises(codelength.UsageError, match="there is no folder"):
        codelength.load(tmp_path / "typo")
    with pytest.raises(codelength.UsageError, match="no results in"):
        codelength.board(str(tmp_path))


def test_a_run_takes_plugins_in_files(tmp_path):
    plugin = tmp_path / "again.py"
    plugin.write_text(
        "from codelength import Codec, RAW, hookimpl\nfrom dataclasses import dataclass\n"
        "@dataclass(frozen=True)\nclass Again(Codec):\n    name = 'again'\n"
        "    def encode(self, data, media=RAW):\n        return bytes(data) * 2\n"
        "    def decode(self, blob):\n        return blob[: len(blob) // 2]\n"
        "@hookimpl\ndef codelength_codecs():\n    return [Again()]\n"
    )
    run = codelength.run("again", "prose", out=tmp_path / "r", limit="head:1kB", plugins=[plugin])
    assert [(cell.ok, cell.coded_bytes) for cell in run.current] == [(True, 2000)]
    plugin.write_text("import nowhere")
    with pytest.raises(codelength.UsageError, match=r"again.py cannot be loaded: ModuleNotFound"):
        codelength.run("gzip", "prose", out=tmp_path / "r", plugins=[plugin])


def test_the_environment_names_a_mirror_of_the_corpora(tmp_path, monkeypatch):
    monkeypatch.setenv("CODELENGTH_DATA", str(tmp_path))
    assert codelength.corpus("canterbury").data == tmp_path.resolve()


def test_results_and_samples_are_short_when_printed(results):
    assert repr(results) == "<Results: 2 cells of 1 run>"
    sample = next(codelength.corpus("prose").samples())
    assert repr(sample) == f"Sample(name={sample.name!r}, media=Text())"


def test_cells_and_samples_are_data_frames(results):
    pytest.importorskip("pandas")
    cells = results.to_dataframe()
    assert list(cells["codec"]) == [cell.codec for cell in results.current]
    store = cells.set_index("codec").loc["store"]
    assert (store["raw_bytes"], store["ratio"], store["bits_per_byte"]) == (8192, 1.0, 8.0)
    assert store["evidence"] == "verified"
    samples = results.to_dataframe(level="samples")
    assert len(samples) == 2 * results.current[0].slice.samples
    assert samples.groupby("codec")["coded_bytes"].sum()["store"] == 8192
    with pytest.raises(codelength.UsageError, match="no level 'bits'; it is one of cells, samples"):
        results.to_dataframe("bits")


def test_without_pandas_one_line_says_how_to_get_it(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(codelength.Unavailable, match=r"pip install 'codelength\[tables\]'"):
        results.to_dataframe()


def test_a_board_is_text_and_tables(results):
    board = codelength.board(results, sort="decode")
    assert "gzip:level=9" in str(board)
    assert "decode" in str(board)
    html = board._repr_html_()
    assert html.count("<table") >= 1
    assert "gzip:level=9" in html
    assert "<table" in results._repr_html_()


def test_every_public_name_is_there():
    for name in codelength.__all__:
        assert getattr(codelength, name) is not None
    assert set(codelength.__all__) <= set(dir(codelength))
    with pytest.raises(AttributeError, match="has no attribute 'crc'"):
        codelength.crc  # noqa: B018


def test_importing_it_loads_nothing_that_only_a_notebook_needs():
    code = (
        "import sys, codelength; heavy = {'numpy', 'pandas', 'rich', 'torch'}; "
        "sys.exit(bool(heavy & set(sys.modules)) or 'codelength.report' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent).returncode == 0


class Modelled(codelength.Codec):
    """A codec that codes with a predictor and says nothing about other machines."""

    name = "modelled"
    predictor = None

    def encode(self, data: bytes, media: codelength.Media = codelength.RAW) -> bytes:
        return data

    def decode(self, blob: bytes) -> bytes:
        return blob


def test_a_codec_with_a_predictor_is_portable_only_if_it_says_so():
    assert not Modelled().portable
    assert codelength.codec("gzip:level=9").portable
    assert codelength.codec("order2").portable


def test_a_board_may_be_of_several_results(tmp_path: Path) -> None:
    for name, codec in (("a", "gzip"), ("b", "xz")):
        with Store(tmp_path / name) as store:
            store.append(environment())
            store.append(cell(codec))
    found = [codelength.load(tmp_path / name) for name in ("a", "b")]
    assert "2 codecs, 1 corpus, 2 cells" in str(codelength.board(found))
    of_folders = codelength.board([tmp_path / "a", str(tmp_path / "b")])
    assert "2 codecs, 1 corpus, 2 cells" in str(of_folders)
    with pytest.raises(codelength.UsageError, match="a board is of folders, or of Results, not of"):
        codelength.board([found[0], "b"])

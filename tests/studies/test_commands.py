"""score, curve, sample and scaling as they are typed: what they print, write and refuse."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from codelength.api.errors import CodelengthError, Unavailable
from codelength.cli import cli
from codelength_controls import Chain
from codelength_studies.scaling.ladder import Point, write_points
from codelength_studies.scaling.published import published_ladders

PLUGIN = ["--plugin", str(Path(__file__).parent.parent / "oracle_predictor.py")]


def ran(*words: object) -> str:
    result = CliRunner().invoke(cli, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    path = tmp_path / "prompt.txt"
    path.write_bytes(Chain.distribution.draw(40, "prompt"))
    return path


def test_sample_writes_as_many_bytes_as_it_is_asked_for(prompt: Path) -> None:
    words = ["sample", "--codec", "chained", "--prompt", prompt, "--bytes", "30", *PLUGIN]
    first = ran(*words)
    assert len(first) == 30
    assert set(first.encode()) <= set(Chain.distribution.letters)
    assert ran(*words) == first
    assert ran(*words, "--seed", "1") != first


def test_sample_makes_a_page_of_several_and_does_nothing_twice(
    prompt: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["sample", "--codec", "chained,store", "--prompt", prompt, "--bytes", "3", *PLUGIN]
    said = ran(*words, "--starts", "1", "--out", out)
    assert said == f"page: {out / 'samples.md'}\n"
    before = (out / "samples.jsonl").read_bytes()
    assert ran(*words, "--starts", "1", "--out", out) == said
    assert (out / "samples.jsonl").read_bytes() == before


def test_score_stands_behind_what_was_measured_in_the_same_folder(tmp_path: Path) -> None:
    of = ["--corpora", "markov", "--limit", "4kB", *PLUGIN, "--out", tmp_path]
    ran("run", "--codecs", "store", *of)
    said = ran("score", "--codecs", "chained", "--check", "1kB", *of)
    first, second = [line for line in said.splitlines() if "chained" in line or "store" in line]
    assert first.split()[:3] == ["1", "store", "100.00"]
    assert second.split()[0] == "≈"
    assert (tmp_path / "plots" / "scores.svg").is_file()


def test_curve_prints_the_split_and_takes_what_it_has_measured(tmp_path: Path) -> None:
    words = ["curve", "--codecs", "chained,store", "--corpora", "markov,random", *PLUGIN]
    words += ["--length", "256", "--chunks", "4", "--out", str(tmp_path)]
    said = ran(*words)
    assert "Contexts · chained · markov" in said
    assert "chained: on markov it does not adapt, as far as these data tell" in said
    assert "0.000 [0.000, 0.000] less than in a foreign one of equal length" in said
    assert "store: on markov it does not adapt" in said
    before = (tmp_path / "curves.jsonl").read_bytes()
    assert ran(*words) == said
    assert (tmp_path / "curves.jsonl").read_bytes() == before
    assert (tmp_path / "plots" / "curve-chained.svg").is_file()


def test_a_codec_that_declines_a_corpus_costs_its_own_curve(tmp_path: Path) -> None:
    words = ["curve", "--codecs", "picky,store", "--corpora", "iid", *PLUGIN]
    result = CliRunner().invoke(
        cli,
        [*words, "--length", "256", "--chunks", "2", "--out", str(tmp_path)],
        catch_exceptions=False,
    )
    assert result.exit_code == 0
    assert "Contexts · store · iid" in result.stdout
    assert "not drawn: picky" in result.stderr
    assert "Not drawn: picky" in (tmp_path / "curves.md").read_text()


def test_scaling_fits_a_ladder_and_writes_its_page(tmp_path: Path) -> None:
    write_points(tmp_path / "points.csv", published_ladders()[0].points)
    said = ran("scaling", "fit", tmp_path / "points.csv", "--resamples", "20", "--out", tmp_path)
    assert "so no number has an interval and none is identified" in said
    text = (tmp_path / "scaling.md").read_text()
    assert "plots/scaling-enwik8-two-digits.svg" in text
    assert (tmp_path / "plots" / "scaling-enwik8-two-digits.svg").is_file()
    (tmp_path / "pictures").mkdir()
    drawn = ["scaling", "plot", tmp_path / "points.csv", "--resamples", "20"]
    ran(*drawn, "--out", tmp_path / "pictures")
    assert (tmp_path / "pictures" / "scaling-enwik8-two-digits.svg").is_file()


def test_scores_mark_their_rates_as_estimates(tmp_path: Path) -> None:
    rates = [Point("c", p, s, 0.3 + 1 / p + 1 / s, "score") for p in (2, 4, 8) for s in (2, 4, 8)]
    write_points(tmp_path / "points.csv", rates)
    said = ran("scaling", "fit", tmp_path / "points.csv", "--resamples", "20", "--out", tmp_path)
    assert "≈80.00" in said  # 0.3 + 1/4 + 1/4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("score --codecs gzip --corpora iid", "gzip:level=9 has no predictor"),
        ("score --codecs gzap --corpora iid", "no codec 'gzap'; did you mean 'gzip'"),
        ("score --codecs order2 --corpora iid --protocol hole", "no protocol 'hole'"),
        ("curve --codecs store --corpora iid --length 1MB", "iid has fewer than two pieces"),
        ("sample --codec gzip,xz --prompt x", "sample takes one codec, or several with --out"),
        ("sample --codec gzip --prompt nowhere.txt", "nowhere.txt cannot be read: No such file"),
        ("scaling fit", "takes the CSV file of a ladder, or --published"),
        ("scaling fit x.csv --published", "takes the CSV file of a ladder, or --published"),
        ("scaling fit nowhere.csv", "nowhere.csv cannot be read: No such file"),
        ("scaling measure --corpora iid", "measure takes FOLDER with --as SPEC, or --codecs"),
        ("scaling measure nowhere --as store:{} --corpora iid", "nowhere is no folder of weights"),
        ("scaling measure --codecs store --corpora iid", "store does not say after how many"),
        ("scaling train --save-at 4,2", "--save-at 4,2 cannot be: it takes rising numbers"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    words: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CodelengthError, match=message) as raised:
        CliRunner().invoke(cli, words.split(), catch_exceptions=False)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2


def test_what_is_not_installed_is_named_with_what_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("codelength_studies.scaling.command.find_spec", lambda name: None)
    for verb in ("fit", "plot"):
        with pytest.raises(Unavailable, match=r"needs scipy: .*codelength\[science\]"):
            ran("scaling", verb, "--published")


@pytest.mark.slow  # starts processes that load libraries, and trains
def test_a_ladder_is_trained_scored_coded_and_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("the cat sat on the mat and the dog on the log. " * 2000)
    train = "scaling train --sizes 3k,5k --save-at 2,4 --out ladder --data text.txt --batch 1"
    assert "2 sizes with 2 checkpoints each" in ran(*train.split())
    assert len(list(Path("ladder").glob("*-step*.safetensors"))) == 4
    weights = Path("ladder/recurrent-3k-step2.safetensors")
    before = weights.stat().st_mtime_ns
    ran(*train.split())
    assert weights.stat().st_mtime_ns == before  # what is there is not trained again
    rates = {}
    for how in ("--score", ""):
        out = f"out{how}"
        measure = f"scaling measure ladder --as recurrent:weights={{}} --corpora iid {how}"
        said = ran(*measure.split(), *f"--limit 6kB --protocol chunks:2048 --out {out}".split())
        assert said.endswith("4 of 4\n")
        lines = (Path(out) / "points.csv").read_text().splitlines()[1:]
        rates[how] = [float(line.split(",")[3]) for line in lines]
    for scored, coded in zip(rates["--score"], rates[""], strict=True):
        assert 0 < coded - scored < 0.01


STUDIES = {
    "score": "score --codecs mine --corpora iid --limit 4kB --check 1kB",
    "curve": "curve --codecs mine --corpora iid --length 64 --chunks 2 --no-controls",
    "sample": "sample --codec mine --prompt prompt.txt --bytes 2 --starts 1",
    "scaling": "scaling measure --codecs mine:of=step4 --corpora iid --limit 4kB --score",
}
MINE = """
from dataclasses import dataclass
from typing import ClassVar
from codelength import hookimpl
from codelength.api.model_card import ModelCard
from codelength.coding.predictor_codec import PredictorCodec
from oracle_predictor import IidPredictor
import helper

@dataclass(frozen=True)
class Mine(PredictorCodec):
    name: ClassVar[str] = "mine"
    of: str = ""
    card: ClassVar[ModelCard] = ModelCard(parameters=4)

    @property
    def predictor(self):
        return IidPredictor()

@hookimpl
def codelength_codecs():
    return [Mine()]
"""


@pytest.mark.parametrize(
    "study", ["score", "curve", "sample", pytest.param("scaling", marks=pytest.mark.slow)]
)
def test_a_study_measures_again_what_was_edited_and_what_is_asked_for(
    study: str, prompt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(prompt.parent)
    tests = Path(__file__).parent.parent
    monkeypatch.setenv("PYTHONPATH", f"{tests}{os.pathsep}{tmp_path}")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "helper.py").write_text("VALUE = 1\n")
    words = [*STUDIES[study].split(), "--plugin", "mine.py", "--out", "out"]

    def records() -> int:
        journals = [path for path in Path("out").glob("*.jsonl") if "results" not in path.name]
        return sum(len(path.read_text().splitlines()) for path in journals)

    ran(*words)
    first = records()
    assert first
    ran(*words)
    assert records() == first
    (tmp_path / "helper.py").write_text("VALUE = 2\n")
    ran(*words)
    assert records() == 2 * first
    ran(*words, "--fresh")
    assert records() == 3 * first

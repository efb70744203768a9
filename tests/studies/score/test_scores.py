"""Scores against sources whose code length is known, and what becomes of interrupted ones."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from codelength.api.errors import CodelengthError, UsageError
from codelength.api.media import Sample
from codelength.plugins import Plugins
from codelength.results.cell import Cell, CorpusSlice, Evidence
from codelength.results.journal import find_journals
from codelength.results.store import load
from codelength_controls import Skewed
from codelength_studies.code import CodeUnknown
from codelength_studies.plan import plan_study
from codelength_studies.score import chunks as cutting
from codelength_studies.score import run as scoring
from codelength_studies.score.chunks import cut_chunks, take_sample
from codelength_studies.score.page import group_scores, score_table
from codelength_studies.score.records import FILE
from codelength_studies.score.run import Mismatch, ScoreError, score_plan
from codelength_studies.score.tasks import require_code_lengths
from factories import cell, environment
from oracle_predictor import Knowing, iid_row

PLUGIN = str(Path(__file__).parents[2] / "oracle_predictor.py")


class Quiet:
    """Watches, and lets a test break in."""

    def __init__(self, after: Callable[[int], None] = lambda done: None) -> None:
        self._after, self.costs, self.reused = after, list[tuple[int, float]](), 0

    def begin(self, codec: str, corpus_slice: CorpusSlice, left: int, seconds: float) -> None:
        self.costs.append((left, seconds))

    def advance(self, codec: str, corpus_slice: CorpusSlice, done: int, bits: float) -> None:
        self._after(done)

    def finish(self, score: Cell, reused: bool) -> None:
        self.reused += reused


def scored(
    folder: Path, codec: str = "knowing", watch: Quiet | None = None, rule: str = "whole"
) -> Cell:
    plugins = Plugins([PLUGIN], only=["controls"])
    codecs = plugins.select_codecs(codec)
    plan = plan_study(plugins, codecs, "iid", [plugins.protocol(rule)], None, lambda name: None)
    (score,) = score_plan(plan, environment("run-1"), 20_000, folder, watch or Quiet())
    return score


def lines(folder: Path) -> list[str]:
    """The types of the records, in order."""
    texts = [path.read_text() for path in find_journals(folder, FILE)]
    return [json.loads(line)["type"] for text in texts for line in text.splitlines()]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "CHUNK", 30_000)


@pytest.fixture
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads instead of workers, which take seconds to load a model."""
    monkeypatch.setattr(scoring, "Pool", ThreadPoolExecutor)


def test_the_score_is_the_code_length_of_the_source_and_its_sample_codes_in_little_more(
    tmp_path: Path,
) -> None:
    watch = Quiet()
    found = scored(tmp_path, watch=watch)
    size = Skewed.size
    # the law's own code length, but for a unit in 2^23 that the predictor leaves each byte, and
    # one in 2^24 that the coder does
    estimate = found.estimate
    assert estimate is not None
    assert estimate.bits == pytest.approx(Skewed().ideal_bits(), abs=size * 1.5 * 256 * 1.5 / 2**23)
    assert estimate.bits / size == pytest.approx(Skewed.entropy, abs=0.02)  # the sampling error
    assert 0 < estimate.check.excess < 0.005
    assert 0 < estimate.check.bits_per_blob < 40  # a length and the coder's ending
    assert watch.costs[0][0] == size
    assert watch.costs[0][1] > 0


@pytest.mark.usefixtures("_one_process")
def test_an_interrupted_score_goes_on_where_it_was_and_comes_to_the_same(tmp_path: Path) -> None:
    whole = scored(tmp_path / "whole")

    def stop(done: int) -> None:
        if done >= 60_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scored(tmp_path / "half", watch=Quiet(stop))
    done = lines(tmp_path / "half").count("chunk")
    assert 2 <= done < 5
    watch = Quiet()
    again = scored(tmp_path / "half", watch=watch)
    assert again.estimate is not None
    assert whole.estimate is not None
    assert again.estimate.bits == whole.estimate.bits
    assert lines(tmp_path / "half").count("chunk") == 5
    assert lines(tmp_path / "half").count("check") == 1
    assert watch.costs[0][0] <= Skewed.size - 30_000 * done
    scored(tmp_path / "half", watch=watch)
    assert watch.reused == 1


@pytest.mark.usefixtures("_one_process")
def test_a_sample_that_does_not_come_back_is_a_failed_round_trip(tmp_path: Path) -> None:
    with pytest.raises(Mismatch, match="careless:piece=5000 on iid") as raised:
        scored(tmp_path, "careless")
    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    ("codec", "error", "message"),
    [
        ("leaving:early=true", CodeUnknown, "failed on its first byte: its process ended with ex"),
        ("leaving", ScoreError, "was not scored on iid: its process ended with exit code 1"),
    ],
)
def test_a_process_that_dies_is_one_line(
    codec: str, error: type[CodelengthError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message) as raised:
        scored(tmp_path, codec)
    assert raised.value.exit_code == 3


def test_a_codec_without_predictor_is_refused_in_one_line() -> None:
    codec = Plugins(only=["stdlib"]).codec("gzip").item
    with pytest.raises(UsageError, match=r"^gzip:level=9 has no predictor.*codelength run"):
        require_code_lengths(codec)


def samples() -> list[Sample]:
    return [Sample(str(i), bytes([i]) * size) for i, size in enumerate((0, 12_345, 70_001, 1))]


@pytest.mark.parametrize("piece", [1000, 5000, 100_000])
def test_chunks_hold_every_byte_once_in_the_codecs_pieces(piece: int) -> None:
    codec = Knowing(piece)
    found = list(cut_chunks(codec, samples()))
    pieces = [piece for chunk in found for piece in chunk.pieces]
    assert pieces == [p for sample in samples() for p in codec.pieces(bytes(sample.data))]
    assert all(chunk.bytes <= 30_000 or len(chunk.pieces) == 1 for chunk in found)
    assert len({chunk.digest for chunk in found}) == len(found)


def test_the_sample_that_is_coded_comes_from_all_over() -> None:
    taken = take_sample([Sample("", bytes(i // 1000 for i in range(100_000)))], 100_000, 8000)
    assert [len(piece) for piece in taken.pieces] == [2000] * 4
    assert [piece[0] for piece in taken.pieces] == [0, 26, 50, 76]
    many = take_sample([Sample("", bytes([i]) * 100) for i in range(200)], 20_000, 1000)
    assert [piece[0] for piece in many.pieces] == list(range(0, 200, 20))
    assert take_sample([], 0, 1000).pieces == ()


@pytest.mark.usefixtures("_one_process")
def test_no_score_is_ranked_above_what_was_measured(tmp_path: Path) -> None:
    found = scored(tmp_path)
    worse = cell("gzip:level=9", found.slice, found.slice.bytes)
    other = cell("xz", found.slice, found.slice.bytes - 1)
    (group,) = group_scores([found], [worse, other, cell()])
    table = score_table(group)
    assert [row[:2] for row in table.rows] == [
        ["1", "xz"],
        ["2", "gzip:level=9"],
        ["≈", "knowing:piece=5000"],
    ]
    assert all(value.startswith("≈") for value in table.rows[2][2:5])
    assert not any("≈" in value for row in table.rows[:2] for value in row)


def test_the_frequencies_that_tests_know_sum_to_less_than_a_coder_takes() -> None:
    assert iid_row().sum() < 1 << 24


@pytest.mark.usefixtures("_one_process")
def test_a_score_is_a_cell_in_the_store_that_no_run_takes_for_a_measurement(tmp_path: Path) -> None:
    score = scored(tmp_path)
    results = load(tmp_path)
    assert results.estimates == [score]
    assert results.current == []
    assert score.evidence is Evidence.ESTIMATE
    assert results.environments.keys() == {score.run}


def test_scores_of_old_versions_give_the_figures_of_their_page() -> None:
    folder = Path(__file__).parents[3] / "reports/scores"
    results, text = load(folder), (folder / "scores.md").read_text()
    groups = group_scores(results.estimates, results.current)
    assert len(groups) == 2
    for group in groups:
        assert score_table(group).markdown(2).split("\n\n")[2] in text


@pytest.mark.usefixtures("_one_process")
def test_a_score_of_an_old_version_is_done_again_because_its_code_is_unknown(
    tmp_path: Path,
) -> None:
    score = scored(tmp_path)
    assert score.estimate is not None
    check, old = score.estimate.check, tmp_path / "old"
    record = {
        "type": "score",
        "codec": score.codec,
        "cut": msgspec.to_builtins(score.slice),
        "law": json.loads((tmp_path / FILE).read_text().splitlines()[0])["law"],
        "run": score.run,
        "bits": score.estimate.bits,
        "cpu_seconds": 1.0,
        "check": {"type": "check", "law": "", **msgspec.to_builtins(check)},
    }
    old.mkdir()
    (old / FILE).write_text(json.dumps(record) + "\n")
    watch = Quiet()
    assert scored(old, watch=watch).estimate is not None
    assert watch.reused == 0
    assert lines(old).count("chunk") == 5

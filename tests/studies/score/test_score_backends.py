"""Log-probabilities that somebody else computed: they are scored for the bytes that they are of."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codelength import Sample, UsageError
from codelength.api.errors import CorpusError
from codelength.plugins import Plugins
from codelength.results.store import load
from codelength_hf.imported import read_scores
from codelength_hf.scored import ImportedModel
from codelength_studies.plan import plan_study
from codelength_studies.score import run as scoring
from codelength_studies.score.backends import with_backend
from codelength_studies.score.page import group_scores, score_table
from codelength_studies.score.run import score_plan
from factories import environment

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

PIECES = [b"The ", b"quick ", b"\xff", b"fox"]
TEXT = b"".join(PIECES)


def write(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    read_scores.cache_clear()
    return path


class Quiet:
    def begin(self, *given: object) -> None: ...
    def advance(self, *given: object) -> None: ...
    def finish(self, *given: object) -> None: ...


def test_bits_are_spread_over_the_bytes_of_their_token(tmp_path: Path) -> None:
    logs = [math.log(1 / 2), math.log(1 / 8), math.log(1 / 256), 0.0]
    file = write(tmp_path / "logs.parquet", bytes=PIECES, logprob=logs)
    (bits,) = ImportedModel(file=str(file)).code_lengths([Sample("", TEXT)])
    assert len(bits) == len(TEXT)
    assert bits[:4] == pytest.approx([0.25] * 4)
    assert bits.sum() == pytest.approx(1 + 3 + 8)


def test_other_bytes_are_refused_with_the_place(tmp_path: Path) -> None:
    file = write(tmp_path / "logs.parquet", bytes=PIECES, bits=[1.0] * 4)
    with pytest.raises(CorpusError, match=r"of 14 bytes, parts from it at byte 13"):
        list(ImportedModel(file=str(file)).code_lengths([Sample("", TEXT[:-1] + b"X")]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"bytes": PIECES}, "neither a column logprob nor a column bits"),
        ({"token": [1], "bits": [1.0]}, "give imported:model=…"),
        ({"bytes": [b"a"], "logprob": [0.1]}, "row 0 has a probability"),
        ({"bytes": [b"a"], "bits": [math.inf]}, "row 0 has a probability"),
        ({"bytes": [b"a"], "bits": ["much"]}, "is no numbers"),
    ],
)
def test_a_file_that_does_not_do_is_one_line(
    tmp_path: Path, columns: dict[str, object], message: str
) -> None:
    file = write(tmp_path / "logs.parquet", **columns)
    with pytest.raises(UsageError, match=message):
        list(ImportedModel(file=str(file)).code_lengths([Sample("", b"a")]))


def test_samples_of_a_folder_are_found_by_their_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "Pool", ThreadPoolExecutor)
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "one.txt").write_bytes(TEXT)
    (folder / "two.txt").write_bytes(b"ab")
    names = ["second"] * 2 + ["first"] * 4
    file = write(
        tmp_path / "logs.parquet", sample=names, bytes=[b"a", b"b", *PIECES], bits=[2.0] * 6
    )
    plugins = Plugins(only=["hf", "path"])
    codecs = plugins.select_codecs(f"imported:file={file}")
    rules = [plugins.protocol("whole")]
    plan = plan_study(plugins, codecs, str(folder), rules, None, lambda name: None)
    (score,) = score_plan(plan, environment("run-1"), 20_000, tmp_path / "out", Quiet(), keep=True)
    assert score.estimate is not None
    assert score.estimate.bits == pytest.approx(12)
    assert score.estimate.check.blobs == 0, "nothing can code with it"
    table = score_table(group_scores([score], load(tmp_path / "out").current)[0])
    assert table.rows[0][0] == "≈"
    assert "n/a" in table.rows[0]
    (kept,) = (tmp_path / "out" / "bits").glob("*/*.parquet")
    rows = pq.read_table(kept).to_pydict()
    assert b"".join(rows["bytes"]) == TEXT + b"ab"
    assert rows["offset"] == [0, 4, 10, 11, 0, 1]


def test_a_backend_takes_the_settings_that_it_has(tmp_path: Path) -> None:
    plugins = Plugins(only=["hf", "stdlib"])
    entry = plugins.codec("hf:model=some/model,window=64,stride=8,activations=8")
    found = with_backend(plugins, entry, "torch", None).item
    assert found.spec == plugins.codec("torch:model=some/model,window=64,stride=8").item.spec
    imported = with_backend(plugins, entry, "imported", "x.parquet").item
    assert imported == ImportedModel(file="x.parquet", model="some/model")
    with pytest.raises(UsageError, match="gzip:level=9 is none"):
        with_backend(plugins, plugins.codec("gzip"), "torch", None)

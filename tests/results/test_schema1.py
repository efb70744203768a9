"""Results that were written in schema 1 are read for good."""

from pathlib import Path

import pytest

from codelength.results import schema1
from codelength.results.cell import Cell, Evidence, Status
from codelength.results.store import FILE, Results, Store, load

GOLDEN = Path(__file__).parent / "golden"
REPORTS = Path(__file__).parents[2] / "reports"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder as an old codelength left it, the last line unfinished."""
    for old, name in (("schema1-results.jsonl", FILE), ("schema1-scores.jsonl", schema1.SCORES)):
        (tmp_path / name).write_bytes((GOLDEN / old).read_bytes())
    return tmp_path


def by_codec(results: Results) -> dict[str, Cell]:
    return {cell.codec: cell for cell in results.current if cell.ok}


def test_old_results_are_the_same_records_as_the_ones_of_today(folder, tmp_path):
    """`schema2-results.jsonl` holds the old files again, in the order in which they are read."""
    (tmp_path / "today").mkdir()
    (tmp_path / "today" / FILE).write_bytes((GOLDEN / "schema2-results.jsonl").read_bytes())
    old, today = load(folder), load(tmp_path / "today")
    assert old.problems == today.problems == []
    assert old.cells == today.cells
    assert old.environments.keys() == today.environments.keys() == {"run-1", "run-2", "run-3"}


def test_evidence_plugin_and_digests_are_no_versions_any_more(folder):
    cells = by_codec(load(folder))
    gzip, learned = cells["gzip:level=9"], cells["recurrent:size=0.9m"]
    assert (gzip.plugin, gzip.versions) == ("codelength 0.1.0", {"zlib": "1.2.13"})
    assert gzip.evidence is Evidence.VERIFIED
    assert learned.digests == {"weights": "sha256:aaf01ea830d38c6e"}
    assert learned.versions.keys() == {"constriction", "numba", "safetensors", "codelength[lm]"}
    assert learned.model_bytes == {"weights": 900_000}
    assert learned.is_learned
    floating = cells["hf:model=m,exact=false"]
    assert floating.evidence is Evidence.SAME_MACHINE
    assert floating.versions["instructions"] == "AVX512"
    assert "decodes" not in floating.depends_on
    assert floating.encode is not None
    assert (floating.encode.device, floating.encode.baseline_rss_bytes) == ("cuda", 30_000_000)
    command = cells["zpaq:method=5"]
    assert command.digests == {"program": "b5207b700adb", "definition": "345efa019865"}
    assert command.slice.label == "partial: 1 of 2 files"


def test_what_failed_has_no_evidence(folder):
    failed = [cell for cell in load(folder).current if not cell.ok]
    assert {cell.status for cell in failed} == set(Status) - {Status.OK}
    assert {cell.evidence for cell in failed} == {None}


def test_a_score_is_a_cell_whose_evidence_is_an_estimate(folder):
    results = load(folder)
    first, second = results.estimates
    assert (first.codec, first.evidence) == ("order2", Evidence.ESTIMATE)
    assert first.coded_bytes == 1126  # 9001.25 bits
    assert first.estimate is not None
    assert first.estimate.bits == 9001.25
    assert first.estimate.check.excess == pytest.approx(8 * 84 / 640.5 - 1)
    assert second.model_bytes == {"weights": 900_000}
    assert not [cell for cell in results.current if cell.evidence is Evidence.ESTIMATE]


def test_a_run_goes_on_in_a_folder_of_schema_1(folder):
    before = load(folder)
    with Store(folder) as store:
        store.append(before.current[0])
    after = load(folder)
    assert after.cells == [*before.cells, before.current[0]]


@pytest.mark.parametrize("path", sorted(REPORTS.rglob(FILE)), ids=lambda path: path.parent.name)
def test_every_committed_result_is_read(path: Path):
    results = load(path.parent)
    assert not results.problems
    lines = path.read_bytes().splitlines()
    cells = [cell for cell in results.cells if cell.evidence is not Evidence.ESTIMATE]
    assert len(cells) == sum(b'"type":"cell"' in line for line in lines) > 0
    assert all(cell.plugin for cell in cells if cell.ok)
    assert not any({"plugin", "weights", "decodes"} & cell.versions.keys() for cell in cells)

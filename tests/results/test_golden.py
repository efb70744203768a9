"""A results folder that a run and a score wrote in schema 2 is read for good, record by record."""

import json
from pathlib import Path

import msgspec

from codelength.report.board import build_board
from codelength.report.board_page import BoardPage
from codelength.report.export.markdown import to_markdown
from codelength.report.submissions import read_folders
from codelength.results.cell import Evidence, Status
from codelength.results.store import FILE, Store, load

GOLDEN = Path(__file__).parent / "golden" / "schema2-today.jsonl"


def test_every_record_is_read_and_written_again_with_the_same_fields(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / FILE).write_bytes(GOLDEN.read_bytes())
    results = load(tmp_path / "one")
    assert results.problems == []
    records = [*results.environments.values(), *results.readings.values()]
    records += [*results.codes.values(), *results.cells]
    with Store(tmp_path / "two") as store:
        for record in records:
            store.append(record)
    old = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    new = [json.loads(line) for line in (tmp_path / "two" / FILE).read_text().splitlines()]
    assert len(new) == len(old)
    for record in old:
        assert any(record.items() <= other.items() for other in new), record["type"]


def test_its_cells_are_what_they_were(tmp_path):
    (tmp_path / FILE).write_bytes(GOLDEN.read_bytes())
    results = load(tmp_path)
    statuses = {cell.codec: cell.status for cell in results.current}
    assert statuses == {
        "zlib:level=9": Status.OK,
        "png": Status.OK,
        "order2:limit=1023": Status.OK,
        "recurrent:size=0.2m": Status.OK,
        "liar-drops": Status.MISMATCH,
        "liar-raises": Status.FAILED,
    }
    zlib = next(cell for cell in results.current if cell.codec.startswith("zlib"))
    assert (zlib.coded_bytes, zlib.ledger, zlib.slice.bytes) == (
        705,
        {"framing": 18, "payload": 687},
        2068,
    )
    (recurrent,) = (cell for cell in results.current if cell.is_learned)
    assert recurrent.evidence is Evidence.VERIFIED
    assert recurrent.model_bytes["weights"] > 100_000
    assert [cell.slice.limit for cell in results.current].count("sample:500") == 1
    (estimate,) = results.estimates
    assert estimate.estimate is not None
    assert msgspec.structs.asdict(estimate.estimate.check)["blobs"] > 0
    assert {reading.taken_as for r in results.readings.values() for reading in r.files} == {
        "text",
        "bytes",
        "8-bit gray PNG",
    }


def test_it_is_a_report(tmp_path):
    (tmp_path / FILE).write_bytes(GOLDEN.read_bytes())
    text = to_markdown(BoardPage(build_board(read_folders([tmp_path]))))
    assert "recurrent:size=0.2m" in text
    assert "liar-drops" in text

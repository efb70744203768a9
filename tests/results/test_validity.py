"""Stored figures that cannot be: the line is passed over and named, and costs nothing else."""

from pathlib import Path

import msgspec
import pytest

import factories
from codelength.results.cell import Cell, Check, Estimate, Evidence, Phase, Status
from codelength.results.store import FILE, Store, load

GOOD = factories.cell("gzip", coded=2421, of=factories.corpus_slice(size=5000))
OTHER = factories.cell("xz")
NO_TIMES = Phase(cpu=[[]], wall=[[]], peak_bytes=1, baseline_rss_bytes=1)
CHECK = Check(data="d", blobs=1, bytes=1, bits=8, coded_bytes=1, cpu_seconds=1)


def changed(**changes: object) -> Cell:
    return msgspec.structs.replace(GOOD, **changes)


def of(**changes: object) -> Cell:
    return changed(slice=msgspec.structs.replace(GOOD.slice, **changes))


def estimated(bits: float) -> Cell:
    return Cell(
        codec="gzip",
        slice=GOOD.slice,
        status=Status.OK,
        run="run-1",
        evidence=Evidence.ESTIMATE,
        coded_bytes=2421,
        estimate=Estimate(bits=bits, cpu_seconds=1, check=CHECK),
    )


IMPOSSIBLE = {
    "its ledger has 2,421 bytes, its blobs 7": changed(coded_bytes=7),
    "its ledger has 0 bytes, its blobs 2,421": changed(ledger={}),
    "its payload has -1 bytes": changed(ledger={"payload": -1, "length": 2422}),
    "its weights has -5 bytes": changed(model_bytes={"weights": -5}),
    "a size is negative": changed(coded_bytes=-1, ledger={"payload": -1}, groups=[]),
    "5,000 bytes are coded as none": changed(coded_bytes=0, ledger={}, groups=[]),
    "its groups have 4,999 and 2,421 bytes, its samples and blobs 5,000 and 2,421": changed(
        groups=[(4999, 2421)]
    ),
    "its groups have 5,000 and 7 bytes": changed(groups=[(5000, 7)]),
    "its groups have 5,000 and 2,421 bytes": changed(groups=[(5001, 2421), (-1, 0)]),
    "the digest of its corpus is 'none'": of(digest="none"),
    "the digest of its blobs is 'ABC'": changed(blobs="ABC"),
    "a time is missing": changed(encode=NO_TIMES),
    "a time is missing or negative": changed(decode=factories.phase(-1.0)),
    "its 80.0 bits are not 2,421 bytes": estimated(80.0),
}


def hand_in(folder: Path, *cells: Cell) -> Path:
    with Store(folder) as store:
        store.append(factories.environment())
        for cell in cells:
            store.append(cell)
    return folder


@pytest.mark.parametrize("reason", IMPOSSIBLE)
def test_figures_that_cannot_be_cost_their_own_line(tmp_path, reason):
    results = load(hand_in(tmp_path, GOOD, IMPOSSIBLE[reason], OTHER))
    assert results.current == [GOOD, OTHER]
    assert not results.estimates
    (problem,) = results.problems
    assert problem.startswith(f"{tmp_path / FILE}:3 is not a result: {reason}")


def test_what_failed_was_declined_or_estimated_is_a_result_without_figures(tmp_path):
    unread = msgspec.structs.replace(GOOD.slice, samples=0, bytes=0, digest="")
    cells = [
        *(factories.broken("gzip", status=status) for status in set(Status) - {Status.OK}),
        factories.broken("gzip", unread),
        estimated(8 * 2420 + 0.5),
    ]
    results = load(hand_in(tmp_path, *cells))
    assert results.cells == cells
    assert not results.problems


def test_an_empty_corpus_and_a_kind_and_a_protocol_of_nobody_are_results(tmp_path):
    empty = factories.cell("gzip", factories.corpus_slice(size=0), coded=20)
    strange = factories.cell("gzip", factories.corpus_slice(kind="smell", protocol="sniff:3"))
    results = load(hand_in(tmp_path, empty, strange))
    assert results.cells == [empty, strange]
    assert not results.problems

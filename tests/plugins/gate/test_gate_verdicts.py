import pytest
from gate_factories import baseline, cells, changed, only

from codelength.results.cell import Status
from codelength_gate.outcome import EXIT_CODES, INCOMPLETE, REGRESSION
from codelength_gate.verdicts import Verdict, find_changes
from factories import broken, cell, corpus_slice

BEFORE = cell("gzip", corpus_slice("prose"), 400, blobs="aa", versions={"zlib": "1.3.1"})


def test_a_cell_that_is_as_it_was_is_equal_and_nothing_is_said_of_it():
    found = only(BEFORE, BEFORE)
    assert (found.verdict, found.detail) == (Verdict.EQUAL, "")


def test_one_byte_more_is_larger():
    found = only(BEFORE, changed(BEFORE, coded_bytes=401, blobs="bb"))
    assert found.verdict is Verdict.LARGER
    assert found.detail == "400 → 401 B (+1 B, +0.250%)"
    assert (found.before, found.now) == (400, 401)


def test_one_byte_less_is_smaller():
    found = only(BEFORE, changed(BEFORE, coded_bytes=399, blobs="bb"))
    assert found.verdict is Verdict.SMALLER
    assert found.verdict not in EXIT_CODES


def test_other_bytes_of_the_same_size_are_a_regression_because_old_blobs_may_not_decode():
    found = only(BEFORE, changed(BEFORE, blobs="bb"))
    assert found.verdict is Verdict.OTHER_BYTES
    assert EXIT_CODES[found.verdict] == REGRESSION


def test_another_library_is_a_changed_key_whatever_the_size():
    now = changed(BEFORE, coded_bytes=500, blobs="bb", versions={"zlib": "1.3.2"})
    found = only(BEFORE, now)
    assert found.verdict is Verdict.CHANGED_KEY
    assert found.detail == "zlib 1.3.1 → 1.3.2; not compared, --update accepts it"


def test_a_library_that_is_new_or_gone_is_a_changed_key():
    assert "zlib 1.3.1 → none" in only(BEFORE, changed(BEFORE, versions={})).detail
    more = changed(BEFORE, versions={"zlib": "1.3.1", "isal": "2"})
    assert "isal none → 2" in only(BEFORE, more).detail


def test_other_bytes_in_the_corpus_are_a_changed_key():
    now = changed(BEFORE, slice=corpus_slice("prose", digest="f" * 64))
    found = only(BEFORE, now)
    assert found.verdict is Verdict.CHANGED_KEY
    assert "prose has other bytes" in found.detail
    assert "ffffffffffff" in found.detail


@pytest.mark.parametrize(
    ("plugin", "versions"),
    [
        ("squeeze.py 77c0ffee", {"zlib": "1.3.1"}),
        ("my-squeeze 2.0", {"zlib": "1.3.1", "My_Squeeze": "2.0"}),
    ],
)
def test_the_version_of_what_is_tested_excuses_nothing(plugin, versions):
    """Neither the digest of a plugin's file nor the version of its package is part of the key."""
    found = only(BEFORE, changed(BEFORE, coded_bytes=401, plugin=plugin, versions=versions))
    assert found.verdict is Verdict.LARGER


def test_a_failed_round_trip_counts_even_under_another_key():
    now = broken("gzip", corpus_slice("prose", digest="0"), Status.MISMATCH, "one: byte 3 of 9")
    found = only(BEFORE, now)
    assert (found.verdict, found.detail) == (Verdict.MISMATCH, "one: byte 3 of 9")


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.UNSUPPORTED]
)
def test_a_cell_without_figures_is_missing(status):
    found = only(BEFORE, broken("gzip", BEFORE.slice, status, "it broke"))
    assert found.verdict is Verdict.FAILED
    assert found.detail == f"{status}: it broke"
    assert EXIT_CODES[found.verdict] == INCOMPLETE


def test_a_codec_that_is_gone_is_missing_with_its_reason():
    found = only(BEFORE, None, "no codec 'gzip'")
    assert (found.verdict, found.detail) == (Verdict.VANISHED, "no codec 'gzip'")
    assert EXIT_CODES[found.verdict] == INCOMPLETE


def test_a_cell_that_its_codec_declines_by_design_stays_declined():
    before = broken("png", BEFORE.slice, Status.UNSUPPORTED, "png takes images")
    assert only(before, before).verdict is Verdict.DECLINED
    assert only(before, cell("png", BEFORE.slice)).verdict is Verdict.CHANGED_KEY


def test_a_line_taken_out_of_the_baseline_by_hand_is_missing():
    whole = cells()
    known = baseline(whole)
    cut_short = changed(known, cells=known.cells[1:])
    verdicts = [found.verdict for found in find_changes(cut_short, ["gzip", "zstd"], whole, {})]
    assert verdicts == [Verdict.UNRECORDED, *[Verdict.EQUAL] * 3]
    assert EXIT_CODES[Verdict.UNRECORDED] == INCOMPLETE


def test_every_cell_of_the_grid_has_a_finding_in_its_order():
    whole = cells("gzip zstd", "prose tables")
    found = find_changes(baseline(whole), ["gzip", "zstd"], list(reversed(whole)), {})
    assert [(f.codec, f.corpus) for f in found] == [
        ("gzip", "prose"),
        ("gzip", "tables"),
        ("zstd", "prose"),
        ("zstd", "tables"),
    ]

"""Rates, ranks and means against answers worked out by hand."""

from collections.abc import Mapping, Sequence

import pytest

from codelength.metrics.inference import Mean, compute_means
from codelength.metrics.ranking import assign_ranks, find_pareto_front, geometric_mean
from codelength.metrics.rates import (
    GB,
    adjusted_ratio,
    bits_per_byte,
    decode_speed,
    encode_speed,
    excess,
    header_once_ratio,
    peak_memory,
    ratio,
    total_model_bytes,
)
from codelength.results.cell import Cell, Status
from factories import broken, cell, corpus_slice, phase


def means_of(rows: Mapping[str, Sequence[Cell | None]]) -> dict[str, Mean]:
    """The means over all corpora."""
    corpora = range(len(next(iter(rows.values()))))
    return compute_means(rows, {"all": [corpora]})["all"]


LM = {"weights": 90, "tokenizer": 10}


def test_ratio_is_coded_bytes_for_each_raw_byte_and_bpb_eight_times_that() -> None:
    assert ratio(cell(coded=400)) == 0.4
    assert bits_per_byte(cell(coded=400)) == 3.2


def test_a_prior_is_paid_once_by_the_corpus_or_by_a_stated_size() -> None:
    with_prior = cell(coded=200, model_bytes=LM)  # N = 1000, M = 100
    assert total_model_bytes(with_prior) == 100
    assert adjusted_ratio(with_prior) == pytest.approx(0.3)
    assert adjusted_ratio(with_prior, 10_000) == pytest.approx(0.21)
    assert adjusted_ratio(with_prior, GB) == pytest.approx(0.2 + 1e-7)
    assert adjusted_ratio(cell(coded=200), 1) == 0.2


def test_header_once_takes_off_all_headers_but_one() -> None:
    of = corpus_slice(samples=5)
    assert header_once_ratio(cell(of=of, coded=400, header_bytes=10)) == 0.36  # (400 − 4·10) / 1000
    assert header_once_ratio(cell(of=corpus_slice(samples=1), coded=400, header_bytes=10)) == 0.4


def test_header_once_is_for_codecs_without_a_prior() -> None:
    assert header_once_ratio(cell(model_bytes=LM)) is None


def test_speed_is_raw_megabytes_in_a_cpu_second() -> None:
    of = corpus_slice(size=3_000_000)
    timed = cell(of=of, encode=phase(0.5), decode=phase(0.25))
    assert encode_speed(timed) == 6
    assert decode_speed(timed) == 12
    assert encode_speed(cell(of=of, encode=None)) is None
    assert encode_speed(cell(of=of, encode=phase(0))) is None


def test_memory_is_that_of_the_hungrier_direction() -> None:
    assert peak_memory(cell(encode=phase(memory=5), decode=phase(memory=7))) == 7
    assert peak_memory(cell(encode=None, decode=None)) is None


def test_excess_is_measured_against_the_entropy_of_the_source() -> None:
    assert excess(cell(of=corpus_slice(entropy=3.0), coded=400)) == pytest.approx(0.2)
    assert excess(cell(coded=400)) is None


@pytest.mark.parametrize(
    "figure", [ratio, bits_per_byte, adjusted_ratio, header_once_ratio, encode_speed, decode_speed]
)
def test_an_empty_corpus_and_a_failed_cell_have_no_figures(figure) -> None:  # type: ignore[no-untyped-def]
    assert figure(cell(of=corpus_slice(size=0), coded=3)) is None
    assert figure(broken()) is None


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_only_ok_cells_have_a_ratio(status: Status) -> None:
    assert ratio(cell(status=status, coded=1)) is None


def test_equal_values_share_a_rank_and_the_next_ones_are_left_out() -> None:
    assert [str(rank) for rank in assign_ranks([30, 10, 20, 20, 40])] == ["4", "1", "2=", "2=", "5"]
    assert assign_ranks([]) == []


def test_the_front_holds_what_nothing_else_beats_in_both() -> None:
    points = [(10, 1.0), (20, 5.0), (20, 4.0), (30, 5.0), (40, 9.0), (10, 1.0)]
    assert find_pareto_front(points) == [True, True, False, False, True, True]


def test_the_geometric_mean_of_a_half_and_an_eighth_is_a_quarter() -> None:
    assert geometric_mean([0.5, 0.125]) == pytest.approx(0.25)
    assert geometric_mean([0.5, 0.0]) == 0
    with pytest.raises(ValueError, match="no mean"):
        geometric_mean([])


def test_means_are_geometric_over_the_corpora() -> None:
    rows = {"gzip": [cell(of=corpus_slice("a"), coded=500), cell(of=corpus_slice("b"), coded=125)]}
    mean = means_of(rows)["gzip"]
    assert mean.value == pytest.approx(0.25)
    assert (mean.done, mean.of) == (2, 2)


def test_nothing_is_averaged_over_a_hole() -> None:
    good = cell(of=corpus_slice("a"))
    holes = {
        "failed": [good, broken(of=corpus_slice("b"))],
        "missing": [good, None],
        "empty": [good, cell(of=corpus_slice("b", 0))],
    }
    for mean in means_of(holes).values():
        assert (mean.value, mean.low, mean.high) == (None, None, None)
        assert (mean.done, mean.of) == (1, 2)

"""What the data can tell, against planted truth: coverage, ties, differences, sets of ranks."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from time import process_time

import numpy as np
import pytest
from numpy.typing import NDArray

from codelength.metrics.inference import (
    FEWEST,
    Mean,
    cluster_sizes,
    compute_means,
    estimate_whole,
    student_quantile,
)
from codelength.metrics.ranking import kendall_tau, mean_places
from codelength.results.cell import Cell
from factories import cell, corpus_slice

Floats = NDArray[np.float64]
Sizes = Sequence[tuple[int, int]]
RATE = 0.3


def measured(
    sizes: Sizes, codec: str = "gzip", corpus: str = "a", clusters: list[int] | None = None
) -> Cell:
    raw, coded = sum(raw for raw, _ in sizes), sum(coded for _, coded in sizes)
    of = corpus_slice(corpus, raw, samples=len(sizes))
    return cell(codec, of, coded, groups=list(sizes), clusters=clusters)


def means_of(rows: Mapping[str, Sequence[Cell | None]]) -> dict[str, Mean]:
    return compute_means(rows, {"all": [range(len(next(iter(rows.values()))))]})["all"]


def place(mean: Mean) -> str:
    """`2`, or the places that the row may have: `1–3`."""
    return str(mean.best) if mean.best == mean.worst else f"{mean.best}–{mean.worst}"


def draw_files(
    random: np.random.Generator, files: int, spread: float = 0.3, uneven: float = 1.0
) -> tuple[Floats, Floats]:
    """Log-normal sizes and ratios, independent: the ratio of all bytes is RATE at any size."""
    raw = np.round(1e5 * np.exp(uneven * random.normal(size=files))) + 1000
    return raw, RATE * np.exp(spread * random.normal(size=files) - spread**2 / 2)


def coded_as(raw: Floats, rates: Floats) -> list[tuple[int, int]]:
    return [(int(r), round(r * rate)) for r, rate in zip(raw, rates, strict=True)]


# shapes of boards: the cells of one codec, of which the mean ratio of all such files is RATE


def files_of(counts: Sequence[int], uneven: float, random: np.random.Generator) -> list[Cell]:
    """Some corpora, each of so many files."""
    drawn = [draw_files(random, count, uneven=uneven) for count in counts]
    return [measured(coded_as(*files), corpus=f"c{i}") for i, files in enumerate(drawn)]


def chunks_of(files: int, chunks: int, random: np.random.Generator) -> list[Cell]:
    """One corpus in equal chunks, and those of one file are alike."""
    _, rates = draw_files(random, files, 0.3)
    noise = np.exp(0.1 * random.normal(size=(files, chunks)) - 0.005)
    sizes = [(2048, round(2048 * rate)) for rate in (rates[:, None] * noise).ravel()]
    return [measured(sizes, clusters=[i // chunks for i in range(files * chunks)])]


SHAPES = {
    "10 equal files": partial(files_of, [10], 0.0),
    "12 files of very unequal size": partial(files_of, [12], 1.0),
    "20 files": partial(files_of, [20], 0.5),
    "200 files": partial(files_of, [200], 1.0),
    "3 corpora of 5 files": partial(files_of, [5, 5, 5], 0.5),
    "corpora of 12, 11 and 6 files": partial(files_of, [12, 11, 6], 1.0),
    "8 corpora of 2 files": partial(files_of, [2] * 8, 0.3),
    "15 files in 20 chunks": partial(chunks_of, 15, 20),
    "40 speakers in 25 chunks": partial(chunks_of, 40, 25),
}


def coverage(shape: partial[list[Cell]], boards: int) -> float:
    """The share of boards whose printed interval holds RATE."""
    random = np.random.default_rng(3)
    hits = []
    for _ in range(boards):
        mean = means_of({"gzip": shape(random)})["gzip"]
        if mean.low is not None and mean.high is not None:
            hits.append(mean.low <= RATE <= mean.high)
    assert len(hits) >= 0.9 * boards, "nearly all boards of ten files and more have an interval"
    return sum(hits) / len(hits)


@pytest.mark.parametrize("shape", SHAPES)
def test_printed_intervals_hold_the_truth_about_as_often_as_they_say(shape: str) -> None:
    assert coverage(SHAPES[shape], 60) >= 0.85  # of a true 93%, the chance to fall below is 1%


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_printed_intervals_hold_the_truth_90_to_97_times_of_100(shape: str) -> None:
    assert 0.9 <= coverage(SHAPES[shape], 500) <= 0.975


def test_chunks_of_one_file_are_not_independent_evidence() -> None:
    random = np.random.default_rng(0)
    (by_file,) = chunks_of(15, 20, random)
    assert len(cluster_sizes(by_file)) == 15
    by_chunk = measured(by_file.groups, clusters=[])
    wide, narrow = means_of({"a": [by_file]})["a"], means_of({"a": [by_chunk]})["a"]
    assert wide.value == narrow.value
    assert (wide.high or 0) - (wide.low or 0) > 2 * ((narrow.high or 0) - (narrow.low or 0))


def board(
    files: int, factors: Mapping[str, float], noise: float, seed: int = 0
) -> dict[str, list[Cell]]:
    """Codecs on the same files: each has so many times the size, and noise of its own a file."""
    random = np.random.default_rng(seed)
    raw, rates = draw_files(random, files)
    return {
        codec: [measured(coded_as(raw, factor * rates * np.exp(noise * random.normal(size=files))))]
        for codec, factor in factors.items()
    }


def test_a_difference_of_three_in_a_thousand_is_seen_over_200_files_and_not_over_three() -> None:
    factors = {"better": 1.0, "worse": 1.003}
    many = means_of(board(200, factors, 0.005))
    assert (place(many["better"]), place(many["worse"])) == ("1", "2")
    assert (many["better"].first or 0) > 0.99
    few = means_of(board(3, factors, 0.005))
    assert (place(few["better"]), place(few["worse"])) == ("1–2", "1–2")
    assert few["better"].first is None


def test_files_that_are_hard_for_both_do_not_hide_a_difference() -> None:
    """The files differ by 30%: only the comparison file by file can see 0.3%."""
    means = means_of(board(200, {"better": 1.0, "worse": 1.003}, 0.005))
    assert (means["worse"].low or 0) < (means["better"].high or 0)
    assert means["worse"].best == 2


def test_shuffled_copies_of_one_codec_tie() -> None:
    random = np.random.default_rng(1)
    raw, rates = draw_files(random, 50, uneven=0)
    copies = {f"copy {i}": [measured(coded_as(raw, random.permutation(rates)))] for i in range(8)}
    means = means_of(copies)
    assert {place(mean) for mean in means.values()} == {"1–8"}
    assert sum(mean.first or 0 for mean in means.values()) == pytest.approx(1)
    assert max(mean.first or 0 for mean in means.values()) < 0.6


def test_copies_of_one_codec_are_seldom_told_apart() -> None:
    apart = 0
    for seed in range(60):
        means = means_of(board(20, dict.fromkeys("abcdef", 1.0), 0.05, seed))
        apart += any(place(mean) != "1–6" for mean in means.values())
    assert apart <= 8  # 5% are allowed; more than 8 of 60 have a chance of 0.4%


def test_equal_codecs_share_their_places_and_their_chance() -> None:
    rows = board(20, {"a": 1.0, "b": 1.0, "c": 1.2}, 0.0)
    means = means_of(rows)
    assert [place(mean) for mean in means.values()] == ["1–2", "1–2", "3"]
    assert [mean.first for mean in means.values()] == [0.5, 0.5, 0]


@pytest.mark.parametrize("files", [1, 2, FEWEST - 1])
def test_a_board_of_few_files_prints_no_interval(files: int) -> None:
    mean = means_of(board(files, {"a": 1.0}, 0.1))["a"]
    assert (mean.low, mean.high, mean.clusters) == (None, None, files)


def test_with_a_corpus_of_too_few_files_the_mean_has_no_interval() -> None:
    random = np.random.default_rng(0)
    for files in (1, 4):
        mean = means_of({"a": files_of([20, files], 1, random)})["a"]
        assert (mean.low, mean.high, mean.clusters) == (None, None, 20 + files)


def test_single_files_of_several_corpora_are_compared_across_the_corpora() -> None:
    def row(gains: Sequence[int]) -> list[Cell]:
        return [measured([(1000, 300 + g)], corpus=f"c{i}") for i, g in enumerate(gains)]

    means = means_of({"a": row([0] * 12), "b": row([50, 51, 49] * 4), "c": row([-9, 9] * 6)})
    assert [place(mean) for mean in means.values()] == ["1–2", "3", "1–2"]


def test_a_single_file_among_many_is_taken_to_vary_as_they_do() -> None:
    rows = board(30, {"a": 1.0, "b": 1.05}, 0.02)
    alone = {"a": measured([(1000, 300)], corpus="x"), "b": measured([(1000, 300)], corpus="x")}
    means = means_of({name: [*cells, alone[name]] for name, cells in rows.items()})
    assert [place(mean) for mean in means.values()] == ["1–2", "1–2"]
    assert [place(mean) for mean in means_of(rows).values()] == ["1", "2"]


def test_cells_of_before_clusters_were_kept_are_files_or_of_unknown_clusters() -> None:
    sizes = [(1000, 300)] * 20
    whole = measured(sizes)
    assert len(cluster_sizes(whole)) == 20
    chunks = cell(of=corpus_slice(size=20_000, protocol="chunks:1000"), coded=6000, groups=sizes)
    assert cluster_sizes(chunks).tolist() == [[20_000, 6000]]
    assert means_of({"a": [chunks]})["a"].low is None


@pytest.mark.filterwarnings("error")
def test_empty_files_are_no_evidence() -> None:
    sizes = [(0, 20)] * 15 + [(500, 200), (500, 180)]
    assert cluster_sizes(measured(sizes)).tolist() == [[500, 200], [500, 180]]
    mean = means_of({"a": [measured(sizes)]})["a"]
    assert (mean.low, mean.clusters) == (None, 2)


@pytest.mark.filterwarnings("error")
def test_files_that_were_coded_in_no_byte_do_no_harm() -> None:
    mean = means_of({"a": [measured([(500, 0)] * 10 + [(500, 400)] * 10)]})["a"]
    assert mean.low is not None
    assert 0 < mean.low < 0.4
    nothing = means_of(
        {"a": [measured([(500, 0)] * 10 + [(500, 400)])], "b": [measured([(500, 9)] * 11)]}
    )
    assert nothing["a"].value == pytest.approx(400 / 5500)


def test_a_row_with_other_clusters_is_not_compared() -> None:
    rows = board(20, {"a": 1.0, "b": 2.0, "c": 3.0}, 0.0)
    rows["c"] = [measured([(rows["c"][0].slice.bytes, rows["c"][0].coded_bytes)])]
    means = means_of(rows)
    assert (place(means["c"]), means["c"].low) == ("1–3", None)
    assert means["a"].low is not None


def test_each_kind_has_the_same_weight_in_the_mean_of_all() -> None:
    row = [measured([(1000, coded)], corpus=str(coded)) for coded in (100, 100, 100, 400)]
    means = compute_means({"a": row}, {"all": [[0, 1, 2], [3]], "text": [[0, 1, 2]]})
    assert means["all"]["a"].value == pytest.approx(0.2)
    assert means["text"]["a"].value == pytest.approx(0.1)


def test_the_quantiles_are_students() -> None:
    """Tables of the t-distribution, two-sided 95% and 99.9%."""
    freedom = np.array([1, 2, 5, 10, 30, 1e9])
    expected = [12.706, 4.303, 2.571, 2.228, 2.042, 1.960]
    assert student_quantile(0.975, freedom) == pytest.approx(np.array(expected), rel=3e-3)
    expected = [636.6, 31.60, 6.869, 4.587, 3.646, 3.291]
    assert student_quantile(0.9995, freedom) == pytest.approx(np.array(expected), rel=3e-3)


@pytest.mark.parametrize(("codecs", "corpora", "files"), [(24, 12, 1000), (1000, 10, 20)])
def test_a_large_board_is_quick(codecs: int, corpora: int, files: int) -> None:
    groups = [(1000, 300 + i % 100) for i in range(files)]
    columns = [measured(groups, corpus=f"c{i}") for i in range(corpora)]
    rows = {f"codec {i}": columns for i in range(codecs)}
    start = process_time()
    means_of(rows)
    assert process_time() - start < 6  # a third of that where nothing else runs


SAMPLED = {"a": 0.3, "b": 0.4, "c": 0.5, "d": 0.6, "store": 1.0}
"""Ratios on a sample."""


def of_files(rates: Iterable[float]) -> Cell:
    """A cell of files of a million bytes each, with such ratios."""
    return measured([(10**6, round(10**6 * rate)) for rate in rates])


def test_an_estimate_of_all_from_a_sample_holds_the_truth_95_times_of_100() -> None:
    """Codecs need 10% less on whole files than on blocks, give or take 3%."""
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        rates = random.uniform(0.2, 0.6, (9, 4)).mean(axis=1, keepdims=True)
        blocks = rates * np.exp(random.normal(0, 0.02, (9, 4)))
        whole = blocks.mean(axis=1) * np.exp(random.normal(-0.1, 0.03, 9))
        sampled = {str(i): of_files(blocks[i]) for i in range(9)}
        known = {str(i): of_files(whole[i : i + 1]) for i in range(1, 9)}
        (found,) = estimate_whole(sampled, known).values()
        hits += found.low <= whole[0] <= found.high
        assert found.low < found.value < found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_an_estimate_takes_three_codecs_that_were_measured_on_both() -> None:
    sampled = {name: of_files([rate]) for name, rate in SAMPLED.items()}
    whole = {"b": of_files([0.36]), "c": of_files([0.45]), "store": of_files([1.0])}
    assert estimate_whole(sampled, whole) == {}
    (found,) = estimate_whole(sampled, whole | {"d": of_files([0.54])}).values()
    assert found.value == pytest.approx(0.27)
    assert found.low == pytest.approx(found.high) == pytest.approx(0.27)


def test_an_estimate_follows_the_codecs_that_are_most_like_it_file_by_file() -> None:
    """Those that are good at the second file gain nothing from whole files, the others a half."""
    still = {"a": of_files((0.5, 0.1)), "b": of_files((0.6, 0.12)), "c": of_files((0.4, 0.09))}
    grows = {"d": of_files((0.3, 0.3)), "e": of_files((0.3, 0.32)), "f": of_files((0.32, 0.3))}
    half = {"d": of_files((0.15, 0.15)), "e": of_files((0.15, 0.16)), "f": of_files((0.16, 0.15))}
    slow = {"like a": of_files((0.52, 0.1)), "like d": of_files((0.31, 0.31))}
    found = estimate_whole(still | grows | slow, still | half)
    assert found["like a"].value == pytest.approx(0.31, rel=0.03)
    assert found["like d"].value == pytest.approx(0.155, rel=0.03)


def test_an_estimate_of_a_codec_that_is_like_no_other_has_a_wider_interval() -> None:
    rates = {"a": (0.5, 0.4), "b": (0.55, 0.42), "c": (0.45, 0.38), "d": (0.52, 0.36)}
    sampled = {name: of_files(both) for name, both in rates.items()}
    whole = {n: of_files([0.4 + i / 20]) for i, n in enumerate(rates)}
    left = {"like": of_files((0.5, 0.39)), "unlike": of_files((0.2, 0.9))}
    found = estimate_whole(sampled | left, whole)
    assert found["unlike"].reach > 1.5 * found["like"].reach


def test_a_large_file_counts_for_as_much_of_the_estimate_as_of_all_bytes() -> None:
    """The sample has as much of a small file as of one a hundred times as large."""
    rates = {
        "a": (0.2, 0.6),
        "b": (0.3, 0.4),
        "c": (0.5, 0.3),
        "d": (0.4, 0.7),
        "slow": (0.25, 0.5),
    }
    sampled = {name: of_files(both) for name, both in rates.items()}
    whole = {
        name: measured([(10**8, round(10**8 * large)), (10**6, round(10**6 * small))])
        for name, (large, small) in rates.items()
        if name != "slow"
    }
    (found,) = estimate_whole(sampled, whole).values()
    assert found.value == pytest.approx((100 * 0.25 + 0.5) / 101, rel=1e-5)
    assert found.reach == pytest.approx(1, abs=1e-5)


def test_orders_under_other_means() -> None:
    assert mean_places([[1, 9], [2, 7], [2, 8]]) == [2, 1.5, 2]
    assert kendall_tau([1, 2, 3, 4], [10, 20, 30, 40]) == 1
    assert kendall_tau([1, 2, 3, 4], [4, 3, 2, 1]) == -1
    assert kendall_tau([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)
    assert kendall_tau([1, 1], [1, 2]) == 1


def test_a_corpus_of_one_large_file_and_small_ones_has_no_interval() -> None:
    sizes = [(3_000_000, 300)] + [(3000 * n, 1200 * n) for n in range(1, 15)]
    mean = means_of({"gzip": [measured(sizes)]})["gzip"]
    assert (mean.low, mean.high, mean.clusters) == (None, None, 15)

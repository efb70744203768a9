"""Break-evens and envelopes against lines crossed by hand; a ladder with a planted optimum."""

import math
import random

import pytest

from codelength.metrics import adjusted_ratio, ratio
from codelength.metrics.price import Price, Pricing, apply_price
from codelength.results.cell import Cell
from codelength_break_even.lines import (
    CostLine,
    Segment,
    SizeRange,
    break_even_interval,
    cost_line,
    find_cheaper_range,
    find_lower_envelope,
)
from factories import broken, cell, corpus_slice

GZIP, SMALL, LARGE = CostLine(0, 0.4), CostLine(100, 0.2), CostLine(700, 0.1)


def test_a_line_is_the_prior_and_the_ratio_for_each_byte() -> None:
    measured = cell("lm", coded=200, model_bytes={"weights": 90, "tokenizer": 10})
    assert cost_line(measured) == SMALL
    assert SMALL.total(1000) == 300
    assert cost_line(broken()) is None
    assert cost_line(apply_price(measured, Pricing(Price.TWO_BYTES))) is None


def test_the_larger_prior_wins_from_the_crossing_on_and_the_smaller_up_to_it() -> None:
    # 0.4 N = 100 + 0.2 N at 500; 0.4 N = 700 + 0.1 N at 2333⅓; 100 + 0.2 N = 700 + 0.1 N at 6000
    assert find_cheaper_range(SMALL, GZIP) == SizeRange(pytest.approx(500), math.inf)
    assert find_cheaper_range(GZIP, SMALL) == SizeRange(0, pytest.approx(500))
    assert find_cheaper_range(LARGE, GZIP) == SizeRange(pytest.approx(7000 / 3), math.inf)
    assert find_cheaper_range(LARGE, SMALL) == SizeRange(pytest.approx(6000), math.inf)
    assert SMALL.total(500) == pytest.approx(GZIP.total(500))


def test_one_that_is_better_in_both_is_always_cheaper_and_the_other_never() -> None:
    worse = CostLine(100, 0.5)
    assert find_cheaper_range(GZIP, worse) == SizeRange(0, math.inf)
    assert find_cheaper_range(worse, GZIP) is None
    assert find_cheaper_range(CostLine(0, 0.3), GZIP) == SizeRange(0, math.inf)
    assert find_cheaper_range(CostLine(50, 0.4), CostLine(60, 0.4)) == SizeRange(0, math.inf)


def test_equal_lines_are_cheaper_nowhere() -> None:
    assert find_cheaper_range(GZIP, GZIP) is None


def test_the_envelope_names_the_cheapest_at_each_size() -> None:
    lines = {"gzip": GZIP, "small": SMALL, "large": LARGE}
    assert find_lower_envelope(lines) == [
        Segment("gzip", SizeRange(0, pytest.approx(500))),
        Segment("small", SizeRange(pytest.approx(500), pytest.approx(6000))),
        Segment("large", SizeRange(pytest.approx(6000), math.inf)),
    ]


def test_a_codec_that_is_never_the_cheapest_is_not_on_the_envelope() -> None:
    # 300 + 0.19 N passes below 100 + 0.2 N only at 20000, where 700 + 0.1 N is long cheaper
    lines = {"gzip": GZIP, "small": SMALL, "middle": CostLine(300, 0.19), "large": LARGE}
    assert [stretch.codec for stretch in find_lower_envelope(lines)] == ["gzip", "small", "large"]


def test_without_priors_the_smallest_rate_is_all_there_is() -> None:
    lines = {"gzip": GZIP, "xz": CostLine(0, 0.3)}
    assert find_lower_envelope(lines) == [Segment("xz", SizeRange(0, math.inf))]
    assert find_lower_envelope({}) == []


def test_lines_through_one_point_leave_no_stretch_of_no_length() -> None:
    lines = {
        "a": CostLine(0, 0.75),
        "b": CostLine(100, 0.5),
        "c": CostLine(200, 0.25),
    }  # all meet at 400
    assert [stretch.codec for stretch in find_lower_envelope(lines)] == ["a", "c"]


def test_the_envelope_is_the_minimum_at_any_size() -> None:
    dice = random.Random(3)
    lines = {str(i): CostLine(10 ** dice.uniform(0, 7), dice.uniform(0.1, 1)) for i in range(40)}
    found = find_lower_envelope(lines)
    assert found[0].sizes.start == 0
    for size in (10 ** dice.uniform(0, 9) for _ in range(500)):
        (here,) = [s for s in found if s.sizes.start <= size < s.sizes.end]
        least = min(spent.total(size) for spent in lines.values())
        assert lines[here.codec].total(size) == pytest.approx(least)


@pytest.mark.parametrize("size", [1e7, 1e9, 1e11])
def test_a_ladder_finds_the_size_that_was_planted(size: float) -> None:
    """With a rate of a + b · P^−α and c bytes a parameter, the bytes c·P + N·(a + b·P^−α) are least
    at P = (α·b·N / c)^(1 / (1 + α)); a ladder with a step of 1.1 comes within a step of it."""
    floor, b, alpha, c = 0.1, 3.0, 0.35, 2.0
    ladder = [1e3 * 1.1**i for i in range(160)]
    lines = {str(p): CostLine(c * p, floor + b * p**-alpha) for p in ladder}
    (best,) = [s for s in find_lower_envelope(lines) if s.sizes.start <= size < s.sizes.end]
    planted = (alpha * b * size / c) ** (1 / (1 + alpha))
    assert planted / 1.1 < float(best.codec) < planted * 1.1


def break_even(larger: Cell, smaller: Cell) -> float:
    """From which corpus size on the codec with the larger model is the cheaper one."""
    one, other = cost_line(larger), cost_line(smaller)
    assert one is not None
    assert other is not None
    sizes = find_cheaper_range(one, other)
    return math.inf if sizes is None else sizes.start


def test_break_even_is_the_model_over_the_difference_of_rates() -> None:
    large, small = cell("lm", coded=200, model_bytes={"weights": 100}), cell("gzip", coded=400)
    assert break_even(large, small) == pytest.approx(500)  # 100 / (0.4 − 0.2)
    assert adjusted_ratio(large, 500) == pytest.approx(ratio(small))


def test_a_codec_that_is_no_smaller_never_pays_for_its_model() -> None:
    small = cell("gzip", coded=200)
    for coded in (200, 300):
        large = cell("lm", coded=coded, model_bytes={"weights": 100})
        assert break_even(large, small) == math.inf


def test_break_even_follows_the_price() -> None:
    from codelength.api.model_card import ModelCard

    large = cell("lm", coded=200, model_bytes={"weights": 100}, card=ModelCard(parameters=10))
    small = cell("gzip", coded=400)
    assert break_even(large, small) == pytest.approx(500)
    assert break_even(apply_price(large, Pricing(Price.TWO_BYTES)), small) == pytest.approx(100)


def many(codec: str, rates: list[float], **changes: object):  # type: ignore[no-untyped-def]
    """A cell of samples of 1000 bytes at these rates."""
    groups = [(1000, round(1000 * rate)) for rate in rates]
    of = corpus_slice(size=1000 * len(rates), samples=len(rates))
    return cell(codec, of, sum(coded for _, coded in groups), groups=groups, **changes)


def test_samples_that_are_all_alike_leave_no_doubt_where_lines_cross() -> None:
    large = many("lm", [0.2] * 50, model_bytes={"weights": 100})
    assert break_even_interval(large, many("gzip", [0.4] * 50)) == pytest.approx((500, 500))


def test_what_moves_both_codecs_alike_does_not_move_their_break_even() -> None:
    hard = [0.2, 0.5] * 50  # samples differ much, the difference of the codecs does not
    large = many("lm", hard, model_bytes={"weights": 100})
    small = many("gzip", [rate + 0.2 for rate in hard])
    assert break_even_interval(large, small) == pytest.approx((500, 500))


def test_the_interval_of_a_break_even_is_as_wide_as_the_central_limit_says() -> None:
    """The gain is 0.1 or 0.3 by turns: 0.2 with a standard error of 0.1 / √400."""
    large = many("lm", [0.2] * 400, model_bytes={"weights": 100})
    interval = break_even_interval(large, many("gzip", [0.3, 0.5] * 200))
    assert interval is not None
    low, high = interval
    error = 1.96 * 0.1 / 20
    assert low == pytest.approx(100 / (0.2 + error), rel=0.02)
    assert high == pytest.approx(100 / (0.2 - error), rel=0.02)


def test_a_gain_that_may_be_none_has_no_upper_bound() -> None:
    large = many("lm", [0.2, 0.4] * 5, model_bytes={"weights": 100})
    interval = break_even_interval(large, many("gzip", [0.41, 0.21] * 5))
    assert interval is not None
    assert interval[1] == math.inf


def test_a_single_sample_and_equal_priors_have_no_interval() -> None:
    assert break_even_interval(cell("lm", model_bytes={"weights": 9}), cell("gzip")) is None
    assert break_even_interval(many("xz", [0.2] * 5), many("gzip", [0.4] * 5)) is None

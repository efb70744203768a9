from itertools import combinations

import pytest

from codelength.gate.rank import larger


def by_enumeration(these: list[float], those: list[float]) -> float:
    """The same share by dealing the pooled values out in every way."""
    pool = these + those
    wins = sum(a > b for a in these for b in those)
    deals = list(combinations(range(len(pool)), len(these)))
    as_far = 0
    for chosen in deals:
        mine = [pool[i] for i in chosen]
        rest = [pool[i] for i in range(len(pool)) if i not in chosen]
        as_far += sum(a > b for a in mine for b in rest) >= wins
    return as_far / len(deals)


@pytest.mark.parametrize(
    ("these", "those"),
    [
        ([6.0, 7.0, 8.0, 9.0, 10.0], [1.0, 2.0, 3.0, 4.0, 5.0]),
        ([3.0, 9.0, 4.0], [1.0, 2.0, 5.0, 6.0]),
        ([1.0], [2.0, 3.0]),
        ([5.0, 1.0, 4.0, 2.0], [3.0]),
    ],
)
def test_the_share_is_that_of_all_deals(these, those):
    assert larger(these, those) == pytest.approx(by_enumeration(these, those))


def test_five_above_five_is_one_deal_in_252_and_one_pair_lost_is_two():
    """Mann and Whitney (1947), table I: n = m = 5, U = 0 and U = 1: .004 and .008."""
    assert larger([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]) == pytest.approx(1 / 252)
    assert larger([5, 7, 8, 9, 10], [1, 2, 3, 4, 6]) == pytest.approx(2 / 252)


def test_a_tie_counts_against_the_alarm():
    assert larger([5, 5, 5], [5, 5, 5]) == 1.0

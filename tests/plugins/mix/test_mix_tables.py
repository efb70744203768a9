"""What the mixing coder looks up, against answers worked out elsewhere."""

import math

import numpy as np
import pytest

from codelength_mix.histories import LENGTH, NEXT, PROBABILITY, STATES, follow
from codelength_mix.logistic import MAX_LOG_ODDS, ONE, SQUASH, STRETCH, STRETCH_FINE
from codelength_mix.memory import CONFIDENCE, CONTEXTS
from codelength_mix.vectors import WIDTH


@pytest.mark.parametrize(
    "odds", [-MAX_LOG_ODDS, -1000, -256, -1, 0, 1, 77, 256, 1500, MAX_LOG_ODDS]
)
def test_squash_is_the_logistic_function(odds):
    assert SQUASH[odds + MAX_LOG_ODDS + 1] == round(ONE / (1 + math.exp(-odds / 256)))


@pytest.mark.parametrize("chance", [30, 655, 6554, 32768, 50000, 65000, 65500])
def test_stretch_is_the_logarithm_of_the_odds(chance):
    expected = 256 * math.log((chance + 0.5) / (ONE - chance - 0.5))
    assert STRETCH_FINE[chance] == pytest.approx(expected, abs=0.51)
    middle = (chance >> 4) * 16 + 8
    assert STRETCH[chance >> 4] == pytest.approx(256 * math.log(middle / (ONE - middle)), abs=0.51)


def test_log_odds_stay_within_their_bounds():
    for table in (STRETCH, STRETCH_FINE):
        assert (table.min(), table.max()) == (-table.max(), table.max())
        assert table.max() <= MAX_LOG_ODDS
    assert (SQUASH.min(), SQUASH.max()) == (1, ONE - 1)


def test_histories_by_hand():
    assert follow((0, 0, 0), 1) == (0, 1, 0)
    assert follow((0, 1, 0), 1) == (0, 2, 0)
    assert follow((3, 0, 0), 1) == (3, 1, 1)  # three zeros are not yet many
    assert follow((9, 0, 0), 1) == (5, 1, 1)  # 3 + 6 / 3
    assert follow((40, 0, 0), 0) == (40, 0, 0)  # as many as can be told
    assert follow((6, 5, 0), 1) == (4, 6, 1)


def test_a_history_is_a_byte_and_the_empty_one_is_zero():
    assert len(STATES) <= 256
    assert STATES[0, 0, 0] == 0
    assert LENGTH[0] == 0
    assert (NEXT > 0).all()  # no bit leads back to it


def test_what_a_history_predicts_before_experience_is_krichevsky_and_trofimov_with_two_fifths():
    zeros, ones = 3, 1
    state = STATES[zeros, ones, 1]
    assert PROBABILITY[state] / (1 << 22) == pytest.approx(
        (ones + 0.4) / (zeros + ones + 0.8), abs=1e-6
    )


def test_every_input_has_a_place_of_its_own():
    assert CONFIDENCE + CONTEXTS <= WIDTH


def test_the_vectors_do_what_numpy_does():
    from codelength.coding.compiled import compiled
    from codelength_mix.vectors import HEAVIEST, dot, train

    @compiled
    def both(x, w, row, error):
        found = dot(x, w, row)
        train(x, w, row, error)
        return found

    random = np.random.default_rng(5)
    x = random.integers(-MAX_LOG_ODDS, MAX_LOG_ODDS, (1, WIDTH)).astype(np.int32)
    w = random.integers(-HEAVIEST, HEAVIEST, (7, WIDTH)).astype(np.int32)
    for row, error in [(0, 700), (3, -1279), (6, 0), (3, 1279)]:
        before = w.astype(np.int64)
        found = both(x, w, row, np.int32(error))
        assert found == (x[0].astype(np.int64) * before[row] >> 8).sum()
        before[row] += (x[0].astype(np.int64) * error + (1 << 13)) >> 14
        np.testing.assert_array_equal(w, before.clip(-HEAVIEST, HEAVIEST))

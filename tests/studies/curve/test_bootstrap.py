"""Resamples and percentile intervals."""

import numpy as np
import pytest

from codelength_studies.curve.bootstrap import draw_counts, percentile_interval


def test_a_resample_has_as_many_items_as_there_are() -> None:
    counts = draw_counts(7, 500, np.random.default_rng(0))
    assert counts.shape == (500, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert counts.mean(axis=0) == pytest.approx(1, abs=0.2)


def test_the_interval_leaves_a_fortieth_out_on_either_side() -> None:
    values = np.arange(1001.0)
    assert percentile_interval(values) == pytest.approx([25, 975])
    both = np.stack([values, 10 * values])
    assert percentile_interval(both, axis=1) == pytest.approx(np.array([[25, 250], [975, 9750]]))


def test_a_resample_without_a_value_does_not_count() -> None:
    values = np.append(np.arange(1001.0), [np.nan] * 100)
    assert percentile_interval(values) == pytest.approx([25, 975])

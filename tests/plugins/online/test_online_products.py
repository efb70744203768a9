"""Products of floats, to the last bit what the sums in order are."""

import numpy as np
import pytest

from codelength_online.products import multiply, to_panels


def in_order(a, matrix):
    """One product and one sum at a time, for all elements at once."""
    total = np.zeros((len(a), matrix.shape[1]), np.float32)
    for k in range(a.shape[1]):
        total = total + a[:, k : k + 1] * matrix[k]
    return total


def some(rows, columns, seed):
    return np.random.default_rng(seed).standard_normal((rows, columns), np.float32)


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 16, 161])
@pytest.mark.parametrize(("count", "columns"), [(1, 16), (96, 48), (577, 32)])
def test_every_sum_runs_from_the_first_to_the_last(rows, count, columns):
    a, matrix = some(rows, count, 1), some(count, columns, 2)
    out = np.empty((rows, columns), np.float32)
    multiply(a, to_panels(matrix), out)
    assert (out == in_order(a, matrix)).all()


def test_a_transposed_matrix_may_stand_on_the_left_and_rows_may_lie_apart():
    a, matrix = some(50, 24, 1), some(50, 32, 2)
    room = np.zeros((24, 64), np.float32)
    multiply(a.T, to_panels(matrix), room[:, 16:48])
    assert (room[:, 16:48] == in_order(np.ascontiguousarray(a.T), matrix)).all()
    assert not room[:, :16].any()
    assert not room[:, 48:].any()


def test_the_order_matters_so_that_the_above_can_fail():
    a, matrix = some(4, 577, 1), some(577, 16, 2)
    backwards = in_order(a[:, ::-1], matrix[::-1])
    assert (backwards != in_order(a, matrix)).any()

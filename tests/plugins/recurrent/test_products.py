"""Products are exact, whatever makes them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import each_way

from codelength.coding.compiled import compiled
from codelength_exact import products as module
from codelength_exact.products import Products, make_tile, to_panels


def exact(products: Products, q: np.ndarray, values: np.ndarray) -> bool:
    rows = products.empty_rows(*q.shape)
    rows[:] = q
    product = products.multiply(rows, products.matrix(values))
    return np.array_equal(product, q.astype(np.int64) @ values.T.astype(np.int64))


@each_way
@given(
    count=st.integers(1, 13),
    inputs=st.integers(1, 70),
    outputs=st.integers(1, 70),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_any_shape_gives_the_integers(int8, count, inputs, outputs, seed):
    random = np.random.default_rng(seed)
    q, values = (random.integers(-127, 128, (n, inputs)) for n in (count, outputs))
    assert exact(Products(int8), q, values.astype(np.int8))


@each_way
@pytest.mark.parametrize("inputs", [1040, 1041, 5000])
def test_the_largest_sums_are_exact(int8, inputs):
    """5000 · 127 · 127 is beyond 2^24, where float32 has no odd numbers any more."""
    values = np.full((3, inputs), 127, np.int8)
    values[1] = -127
    values[2, 0] = 126
    assert exact(Products(int8), np.full((2, inputs), 127), values)


def test_few_rows_and_many_may_be_multiplied_otherwise():
    pytest.importorskip("torch")
    products = Products(torch_rows=10)
    assert [products.empty_rows(count, 3).dtype.name for count in (9, 10)] == ["int16", "int8"]


def test_a_matrix_that_pytorch_gets_wrong_is_multiplied_in_tiles(monkeypatch):
    pytest.importorskip("torch")

    def saturated(rows, transposed):
        product = rows.astype(np.int64) @ transposed.numpy().astype(np.int64)
        return np.clip(product, -(2**15), 2**15 - 1).astype(np.int32)

    monkeypatch.setattr(module, "_multiply_by_torch", saturated)
    module._torch_is_exact.cache_clear()
    q, values = np.full((2, 30), 127), np.full((3, 30), 127, np.int8)
    try:
        assert exact(Products(torch_rows=1), q, values)
    finally:
        module._torch_is_exact.cache_clear()


wide = make_tile(4, avx2=False)


@compiled
def by_any_machine(rows: np.ndarray, form: np.ndarray, out: np.ndarray) -> None:
    pairs = rows.shape[1] // 2
    wide(rows.ctypes.data, 4 * pairs, form.ctypes.data, pairs, out.ctypes.data, 64)


def test_a_machine_without_vector_instructions_for_it_gives_the_same():
    random = np.random.default_rng(0)
    q, values = (random.integers(-127, 128, (n, 30)) for n in (4, 16))
    out = np.empty((4, 16), np.int32)
    by_any_machine(q.astype(np.int16), to_panels(values.astype(np.int8)), out)
    assert np.array_equal(out, q @ values.T)

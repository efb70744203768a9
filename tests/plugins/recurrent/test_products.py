"""Products are exact in each arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength.coding.compiled import compiled
from codelength_exact.products import FEATURES, PackedMatrix, multiply, to_panels
from codelength_exact.tiles import OFFSET, make_tile, pairs, quads


def exact(q: np.ndarray, values: np.ndarray) -> bool:
    product = multiply(q.astype(np.int8), PackedMatrix(values.astype(np.int8)))
    return np.array_equal(product, q.astype(np.int64) @ values.T.astype(np.int64))


@given(
    count=st.integers(1, 13),
    inputs=st.integers(1, 70),
    outputs=st.integers(1, 140),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_any_shape_gives_the_integers(count, inputs, outputs, seed):
    random = np.random.default_rng(seed)
    q, values = (random.integers(-127, 128, (n, inputs)) for n in (count, outputs))
    assert exact(q, values)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("inputs", [1, 2, 16, 1040, 1041, 5000])
def test_the_largest_sums_are_exact(sign, inputs):
    """Two products of 127 · 127 saturate int16; 5000 of them are beyond 2^24, which float32 has."""
    values = np.full((3, inputs), 127)
    values[1] = -127
    values[2, 0] = 126
    assert exact(np.full((7, inputs), sign * 127), values)


@given(
    count=st.integers(1, 7),
    inputs=st.integers(1, 70),
    outputs=st.integers(1, 140),
    most=st.sampled_from([1, 300, 32639]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_wide_rows_give_two_exact_sums(count, inputs, outputs, most, seed):
    random = np.random.default_rng(seed)
    q = random.integers(-most, most + 1, (count, inputs))
    q[0, 0], q[-1, -1] = most, -most
    values = random.integers(-127, 128, (outputs, inputs))
    high = (q + 128) >> 8
    upper, lower = ((part @ values.T).astype(np.float32) for part in (high, q - 256 * high))
    product = multiply(q.astype(np.int16), PackedMatrix(values.astype(np.int8)))
    assert product.dtype == np.float32
    assert np.array_equal(product, upper * np.float32(256) + lower)
    assert np.allclose(product, q @ values.T, rtol=1e-6)


@pytest.mark.parametrize("inputs", [1040, 5000])
def test_the_largest_sums_of_wide_rows_are_those_of_pytorch(inputs):
    torch = pytest.importorskip("torch")
    from codelength_exact import tensors

    values = np.full((3, inputs), 127, np.int8)
    values[1], values[2, 0] = -127, 126
    rows = np.full((2, inputs), 32639, np.int16)
    rows[1] = -32639
    parts = tensors.parts(values, "cpu")
    other = tensors.wide_product(torch.tensor(rows).float(), parts)
    assert np.array_equal(multiply(rows, PackedMatrix(values)), other.numpy())


plain, avx2, wide, eight, sixteen = (
    make_tile(arithmetic, 4, 2)
    for arithmetic in (pairs(set()), pairs({"avx2"}), pairs({"avx512vnni"}), quads(8), quads(16))
)


@compiled
def in_plain_pairs(rows: np.ndarray, panel: np.ndarray, start: np.ndarray, out: np.ndarray) -> None:
    a, b, c, s = rows.ctypes.data, panel.ctypes.data, out.ctypes.data, start.ctypes.data
    plain(a, rows.strides[0], 4, b, panel.shape[0], s, c, out.strides[0])


@compiled
def in_avx2_pairs(rows: np.ndarray, panel: np.ndarray, start: np.ndarray, out: np.ndarray) -> None:
    a, b, c, s = rows.ctypes.data, panel.ctypes.data, out.ctypes.data, start.ctypes.data
    avx2(a, rows.strides[0], 4, b, panel.shape[0], s, c, out.strides[0])


@compiled
def in_wide_pairs(rows: np.ndarray, panel: np.ndarray, start: np.ndarray, out: np.ndarray) -> None:
    a, b, c, s = rows.ctypes.data, panel.ctypes.data, out.ctypes.data, start.ctypes.data
    wide(a, rows.strides[0], 4, b, panel.shape[0], s, c, out.strides[0])


@compiled
def in_quads(rows: np.ndarray, panel: np.ndarray, start: np.ndarray, out: np.ndarray) -> None:
    a, b, c, s = rows.ctypes.data, panel.ctypes.data, out.ctypes.data, start.ctypes.data
    eight(a, rows.strides[0], 4, b, panel.shape[0], s, c, out.strides[0])


@compiled
def in_wide_quads(rows: np.ndarray, panel: np.ndarray, start: np.ndarray, out: np.ndarray) -> None:
    a, b, c, s = rows.ctypes.data, panel.ctypes.data, out.ctypes.data, start.ctypes.data
    sixteen(a, rows.strides[0], 4, b, panel.shape[0], s, c, out.strides[0])


@pytest.mark.parametrize(
    ("tile", "needs", "columns", "group"),
    [
        (in_plain_pairs, None, 16, 2),
        (in_avx2_pairs, "avx2", 16, 2),
        (in_wide_pairs, "avx512vnni", 32, 2),
        (in_quads, "avxvnni", 16, 4),
        (in_wide_quads, "avx512vnni", 32, 4),
    ],
)
@pytest.mark.parametrize("largest", [False, True])
def test_each_arithmetic_that_this_machine_has_gives_the_integers(
    tile, needs, columns, group, largest
):
    if needs and needs not in FEATURES:
        pytest.skip(f"no {needs} here")
    random = np.random.default_rng(0)
    q, values = (random.integers(-127, 128, (n, 60)) for n in (4, columns))
    if largest:
        q[:], values[:] = 127, -127
    start = np.zeros(columns, np.int32)
    rows = q.astype(np.int16)
    if group == 4:
        rows = (q + OFFSET).astype(np.uint8)
        start = -OFFSET * values.sum(1, dtype=np.int32)
    out = np.empty((4, columns), np.int32)
    tile(rows, to_panels(values.astype(np.int8), columns, group)[0], start, out)
    assert np.array_equal(out, q @ values.T)

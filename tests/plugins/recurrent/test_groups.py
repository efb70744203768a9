"""Products with weights in groups are exact in each arithmetic."""

import numpy as np
import pytest

from codelength.coding.compiled import compiled
from codelength_exact.groups import (
    GROUP,
    LEAST,
    MOST_LEAST,
    STEPS,
    Groups,
    PackedGroups,
    multiply_grouped,
)
from codelength_exact.products import FEATURES, to_panels
from codelength_exact.tiles import make_group_tile, pairs, quads


def drawn(outputs: int, inputs: int, bits: int, seed: int = 0) -> Groups:
    random = np.random.default_rng(seed)
    count = -(-inputs // GROUP)
    values = random.integers(0, 1 << bits, (outputs, inputs)).astype(np.uint8)
    steps = random.integers(1, STEPS[bits] + 1, (outputs, count)).astype(np.int16)
    least = random.integers(-MOST_LEAST, MOST_LEAST + 1, (outputs, count)).astype(np.int16)
    return Groups(values, steps, least, bits)


def rounded(rows: np.ndarray) -> np.ndarray:
    """Rows with each group rounded to multiples of ceil(max / 127)."""
    whole = np.pad(rows, ((0, 0), (0, -rows.shape[1] % GROUP))).reshape(len(rows), -1, GROUP)
    factor = np.maximum(1, -(-np.abs(whole).max(2, keepdims=True) // 127))
    inverse = np.float32(1) / factor.astype(np.float32)
    nearest = np.rint(whole.astype(np.float32) * inverse).astype(np.int64) * factor
    return nearest.reshape(len(rows), -1)[:, : rows.shape[1]]


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("parts", [1, 2])
def test_any_shape_gives_the_integers(bits, parts):
    random = np.random.default_rng(bits)
    for outputs, inputs in [(1, 1), (33, 31), (70, 64), (64, 90)]:
        groups = drawn(outputs, inputs, bits)
        packed, weights = PackedGroups(groups), groups.integers().astype(np.int64)
        assert np.array_equal(packed.unpacked().integers(), weights)
        for count in (1, 2, 3, 5, 17):
            rows = random.integers(-32639, 32640, (count, inputs))
            rows[0] //= 300  # a small one stays as it is
            product = multiply_grouped(rows.astype(np.int16), packed, parts)
            taken = rows if parts == 2 else rounded(rows)
            expected = (taken @ weights.T).astype(np.float64).astype(np.float32)
            assert np.array_equal(product, expected), (outputs, inputs, count)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_sums_are_exact(sign):
    inputs = 5000
    groups = Groups(
        np.full((3, inputs), 15, np.uint8),
        np.full((3, -(-inputs // GROUP)), STEPS[4], np.int16),
        np.full((3, -(-inputs // GROUP)), MOST_LEAST, np.int16),
        4,
    )
    rows = np.full((2, inputs), sign * 32639, np.int16)
    exact = sign * 32639 * inputs * (15 * STEPS[4] + LEAST * MOST_LEAST)
    assert (multiply_grouped(rows, PackedGroups(groups), 2) == np.float32(exact)).all()


def test_pytorch_gives_the_same_integers():
    torch = pytest.importorskip("torch")
    from codelength_exact.backend_torch import TorchBackend

    groups, ones = drawn(40, 90, 4), np.ones(40, np.float32)
    rows = np.random.default_rng(1).integers(-32639, 32640, (6, 90)).astype(np.int16)
    rows[1] //= 300
    for parts in (1, 2):
        matrix = TorchBackend(wide=True, rounded=parts == 1).grouped(groups, ones, ones)
        other = matrix.times((torch.tensor(rows).float(), torch.ones(6)))[0]
        assert np.array_equal(multiply_grouped(rows, PackedGroups(groups), parts), other.numpy())


plain, avx2, pairs16, eight, sixteen = (
    make_group_tile(arithmetic, 2, 2, 2, 4, GROUP // taken)
    for arithmetic, taken in (
        (pairs(set(), unsigned=True), 2),
        (pairs({"avx2"}, unsigned=True), 2),
        (pairs({"avx512vnni"}, unsigned=True), 2),
        (quads(8, unsigned=True), 4),
        (quads(16, unsigned=True), 4),
    )
)


@compiled
def in_plain_pairs(a: int, step: int, b: int, t: int, c: int, scales: int) -> None:
    plain(a, step, b, 2, 0, t, c, scales)


@compiled
def in_avx2_pairs(a: int, step: int, b: int, t: int, c: int, scales: int) -> None:
    avx2(a, step, b, 2, 0, t, c, scales)


@compiled
def in_wide_pairs(a: int, step: int, b: int, t: int, c: int, scales: int) -> None:
    pairs16(a, step, b, 2, 0, t, c, scales)


@compiled
def in_quads(a: int, step: int, b: int, t: int, c: int, scales: int) -> None:
    eight(a, step, b, 2, 0, t, c, scales)


@compiled
def in_wide_quads(a: int, step: int, b: int, t: int, c: int, scales: int) -> None:
    sixteen(a, step, b, 2, 0, t, c, scales)


@pytest.mark.parametrize(
    ("tile", "needs", "columns", "taken"),
    [
        (in_plain_pairs, None, 16, 2),
        (in_avx2_pairs, "avx2", 16, 2),
        (in_wide_pairs, "avx512vnni", 32, 2),
        (in_quads, "avxvnni", 16, 4),
        (in_wide_quads, "avx512vnni", 32, 4),
    ],
)
def test_each_arithmetic_that_this_machine_has_gives_the_integers(tile, needs, columns, taken):
    if needs and needs not in FEATURES:
        pytest.skip(f"no {needs} here")
    groups = drawn(columns, 2 * GROUP, 4)
    panel = to_panels(groups.values.view(np.int8), columns, taken).reshape(2, 2, -1)
    packed = np.ascontiguousarray(panel[:, 0] | panel[:, 1] << 4)
    rows = np.random.default_rng(2).integers(-32639, 32640, (2, 2 * GROUP))
    high = (rows + 128) >> 8
    read = np.stack([high, rows - 256 * high], 1).reshape(4, -1)
    read = read.astype(np.int16 if taken == 2 else np.int8)
    totals = (LEAST * rows.reshape(2, 2, GROUP).sum(2)).astype(np.float64)
    sums = np.zeros((2, columns))
    scales = np.ascontiguousarray(np.stack([groups.steps.T, groups.least.T]))
    a, b, t, c, s = (array.ctypes.data for array in (read, packed, totals, sums, scales))
    tile(a, read.strides[0], b, t, c, s)
    assert np.array_equal(sums, rows @ groups.integers().T)

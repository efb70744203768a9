"""Numbers as they are printed."""

import math

import pytest

from codelength.report import format


@pytest.mark.parametrize(
    ("rate", "printed"),
    [
        (0.281349, "28.13"),
        (1.0, "100.00"),
        (0.02, "2.00"),
        (0.000412, "0.0412"),
        (0.0, "0.00"),
        (31.59, "3,159"),
        (None, "n/a"),
    ],
)
def test_ratios_are_percent(rate: float | None, printed: str) -> None:
    assert format.percent(rate) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1234.5, "1,234"),
        (123.4, "123"),
        (12.34, "12.3"),
        (9.996, "10.0"),
        (1.234, "1.23"),
        (0.1234, "0.123"),
        (0.0012345, "0.0012"),
        (0.00000123, "0.0000012"),
        (0, "0"),
        (None, "n/a"),
    ],
)
def test_speeds_have_as_many_digits_as_mean_something(value: float | None, printed: str) -> None:
    assert format.significant(value) == printed


def test_sizes_have_decimal_units() -> None:
    assert format.size(2_810_784) == "2.81 MB"
    assert format.size(500.2) == "501 B"
    assert format.size(1.5e9) == "1.50 GB"
    assert format.size(math.inf) == "never"
    assert format.size(None) == "n/a"


def test_memory_is_in_megabytes() -> None:
    printed = [format.megabytes(size) for size in (268e6, 7.63e6, 40_000, 0, None)]
    assert printed == ["268", "7.6", "0.04", "0.00", "n/a"]


def test_bits_and_intervals() -> None:
    assert format.bits(2.25049) == "2.250"
    assert format.interval(0.279, 0.2841) == "27.90–28.41"
    assert format.interval(None, None) == "n/a"

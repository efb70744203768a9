"""The codecs that the tests of the conformance kit use, and which of them are slow."""

import pytest

from codelength import Codec

TESTED_ELSEWHERE = {"cli", "mix", "online"}
"""Codecs whose own tests run the kit."""

SLOW = {"transformer"}


def is_smallest(codec: Codec) -> bool:
    """Say whether a codec is the smallest of those that differ only in the size of their model."""
    return getattr(codec, "size", "0.2m") == "0.2m"


def slow_marks(codec: Codec) -> list[pytest.MarkDecorator]:
    """Return the mark `slow` if the kit takes more than ten seconds for the codec."""
    return [pytest.mark.slow] if codec.name in SLOW else []

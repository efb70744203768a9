"""Which codecs the kit is tried on, and with which of them it is slow."""

import pytest

from codelength import Codec

ELSEWHERE = {"cli", "mix", "online"}
"""Families that have a test of their own beside their code."""

SLOW = {"transformer"}


def smallest(codec: Codec) -> bool:
    """False for the larger ones of models that differ in size alone."""
    return getattr(codec, "size", "0.2m") == "0.2m"


def marks(codec: Codec) -> list[pytest.MarkDecorator]:
    """`slow`, if the kit takes more than ten seconds for it."""
    return [pytest.mark.slow] if codec.name in SLOW else []

"""Which codecs the kit is slow with."""

import pytest

from codelength import Codec

DEAR = {"transformer", "mix", "online", "recurrent", "cli"}
"""Families that take more than ten seconds, but for the smallest of recurrent models."""


def marks(codec: Codec) -> list[pytest.MarkDecorator]:
    """`slow`, if it is."""
    dear = codec.name.partition("-")[0] in DEAR and codec.spec != "recurrent:size=0.2m"
    return [pytest.mark.slow] if dear else []

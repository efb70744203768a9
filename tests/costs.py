"""Which codecs the kit is slow with."""

import pytest

from codelength import Codec

DEAR = {"transformer", "mix", "online", "recurrent"}
"""They take more than ten seconds, but for the smallest of the last."""


def marks(codec: Codec) -> list[pytest.MarkDecorator]:
    """`slow`, if it is."""
    dear = codec.name in DEAR and codec.spec != "recurrent:size=0.2m"
    return [pytest.mark.slow] if dear else []

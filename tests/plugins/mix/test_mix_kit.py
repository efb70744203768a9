"""The conformance kit."""

import pytest

from codelength.testing import check_codec
from codelength_mix import MediaMixerCodec, MixCodec, MixerCodec


@pytest.mark.slow
@pytest.mark.parametrize(
    "codec", [MixerCodec(), MediaMixerCodec(), MixCodec("0.2m")], ids=lambda codec: codec.spec
)
def test_the_kit_has_nothing_to_say_against_it(codec):
    check_codec(codec, timeout=120)  # the first call may have to compile it on a busy machine
